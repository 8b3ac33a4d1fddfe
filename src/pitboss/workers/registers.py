"""The register loop: asks national registers about everybody whose time has come.

A register is asked between transactions, never inside one, and a shard is held only to read who is
asked about and to note what was answered, for a few hundred players at a time.  What is due is in
the database, so whoever is killed goes on where he was: asking again is harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from prometheus_client import Gauge

from pitboss import jurisdictions, messages, registers
from pitboss.db import Database
from pitboss.jurisdictions.model import Moment, Register
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.ids import PlayerId, new_id
from pitboss.kernel.shards import PLAYER_SHARDS, SYSTEM_SHARD, Shard
from pitboss.kernel.waiting import happened
from pitboss.messages import TurnContext
from pitboss.players.personal.model import PersonalKeys
from pitboss.registers.model import Due, Outcome, Pulse, Question, Silence
from pitboss.registers.ports import RegisterClient
from pitboss.workers.figures import Figures

# What one turn reads or writes: some milliseconds of a shard, during which its bets wait.
TURN_MAX = 100
# Between two turns others go first.
PAUSE_SECONDS = 0.02
# Of a register that takes one person at a time, so many are asked about at once.
ASKED_AT_ONCE_MAX = 8
SINGLES_MAX = 64
IDLE_SECONDS = 1.0
RETRY_SECONDS = 1.0
# Who was never asked about is looked for less often: it is a look at every player.
SEARCH_SECONDS = 300.0
_SHARDS = tuple(Shard(number) for number in range(PLAYER_SHARDS))
_BATCHED = (Moment.DAILY, Moment.MARKETING)

T = TypeVar("T")

_log = structlog.get_logger("registers")


@dataclass(slots=True, kw_only=True)
class Loop:
    """Asks one register about players, shard by shard.

    `clock` is the platform's, by which a day passes; `wall` is the machine's, by which a register
    lives.
    """

    client: RegisterClient
    database: Database
    keys: PersonalKeys
    clock: Clock
    entropy: Entropy
    wall: Clock = field(default_factory=SystemClock)
    figures: Figures | None = None
    pause_seconds: float = PAUSE_SECONDS
    pulse: Pulse = field(default_factory=Pulse)
    _noted: bool | None = None
    _search_at: float = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop; faults of the world are waited out."""
        while not stop.is_set():
            try:
                wait = 0.0 if await self.round(stop) else IDLE_SECONDS
            except Fault as fault:
                _log.warning("trying again", register=self.register.value, why=str(fault))
                wait = RETRY_SECONDS
            except Exception:
                _log.exception("a round broke", register=self.register.value)
                wait = RETRY_SECONDS
            if wait:
                await happened(stop, wait)

    @property
    def register(self) -> Register:
        """Which register this is about."""
        return self.client.register

    async def round(self, stop: asyncio.Event | None = None) -> int:
        """Ask once about a batch of each shard; return of how many players that was.

        It ends early when the register goes down.
        """
        search, asked = self._is_time_to_search(), 0
        for shard in await self._shards(search=search):
            if (stop is not None and stop.is_set()) or self.pulse.rests(self.wall.now()):
                break
            asked += await self.step(shard, search=search)
        await self._show()
        return asked

    async def _shards(self, *, search: bool) -> Sequence[Shard]:
        if search:
            return _SHARDS
        async with self.database.reading() as tx:
            return await registers.find_due_shards(tx, _SHARDS, self.register, at=self.clock.now())

    def search_now(self) -> None:
        """Look in the next round for players whom the register was never asked about."""
        self._search_at = 0.0

    async def step(self, shard: Shard, *, search: bool = True) -> int:
        """Ask about a batch of one shard; return of how many players that was."""
        limit = self.client.batch_max if self.client.batch_max > 1 else SINGLES_MAX
        async with self.database.reading() as tx:
            due = await registers.find_due(
                tx,
                shard,
                self.register,
                at=self.clock.now(),
                limit=limit,
                never_asked_of=self._licences() if search else (),
            )
        for moment, players in self._by_moment(due).items():
            await self._ask_about(shard, players, moment)
        return len(due)

    async def _ask_about(self, shard: Shard, players: Sequence[PlayerId], moment: Moment) -> None:
        questions = await self._read(shard, players)
        forgotten = set(players) - {item.player_id for item in questions}
        if forgotten:
            await self._leave_alone(forgotten)
        asked_at = self.clock.now()
        outcome = await self._ask(questions, moment)
        for part in _parts(outcome.told):
            async with self._turn(shard) as turn:
                await registers.record(turn, self.register, part, moment=moment, asked_at=asked_at)
            await asyncio.sleep(self.pause_seconds)
        for silent in _parts(outcome.silent):
            async with self._turn(shard) as turn:
                await registers.record_silence(
                    turn,
                    self.register,
                    silent,
                    moment=moment,
                    reason=outcome.reason or Silence.AWAY,
                )
            await asyncio.sleep(self.pause_seconds)
        await self._note_pulse()

    async def _read(self, shard: Shard, players: Sequence[PlayerId]) -> list[Question]:
        """Read who is asked about; the facts that say so are committed before anybody looks."""
        questions: list[Question] = []
        for part in _parts(players):
            async with self._turn(shard) as turn:
                sealed = await registers.read_people(turn, part)
            people = await asyncio.to_thread(registers.open_people, sealed, keys=self.keys)
            questions += [
                Question(id=new_id(self.wall.now(), self.entropy), player_id=item, person=person)
                for item, person in people.items()
            ]
            await asyncio.sleep(self.pause_seconds)
        return questions

    async def _ask(self, questions: Sequence[Question], moment: Moment) -> Outcome:
        if moment in _BATCHED and self.client.batch_max > 1:
            return await registers.ask(
                self.client, questions, moment=moment, pulse=self.pulse, now=self.wall.now()
            )
        places = asyncio.Semaphore(ASKED_AT_ONCE_MAX)

        async def one(question: Question) -> Outcome:
            async with places:
                return await registers.ask(
                    self.client, [question], moment=moment, pulse=self.pulse, now=self.wall.now()
                )

        outcomes = await asyncio.gather(*map(one, questions))
        return Outcome(
            told=tuple(told for item in outcomes for told in item.told),
            silent=tuple(player for item in outcomes for player in item.silent),
            reason=next((item.reason for item in outcomes if item.reason is not None), None),
        )

    async def _leave_alone(self, players: Iterable[PlayerId]) -> None:
        """Ask no more about people who were forgotten."""
        async with self.database.transaction() as tx:
            await registers.postpone(tx, self.register, tuple(players), until=None)

    async def _note_pulse(self) -> None:
        if self.pulse.up is None or self.pulse.up is self._noted:
            return
        async with self._turn(SYSTEM_SHARD) as turn:
            await registers.note_pulse(turn, self.register, self.pulse)
        self._noted = self.pulse.up

    def _by_moment(self, due: Sequence[Due]) -> Mapping[Moment, list[PlayerId]]:
        """Return whom to ask about, for what: never for what their licence does not ask for."""
        found: dict[Moment, list[PlayerId]] = {}
        for item in due:
            licence = jurisdictions.find(item.jurisdiction)
            moments = () if licence is None else licence.exclusion.register_checked_at
            if moments:
                moment = item.moment if item.moment in moments else moments[0]
                found.setdefault(moment, []).append(item.player_id)
        return found

    def _licences(self) -> tuple[str, ...]:
        return tuple(
            code
            for code in jurisdictions.codes()
            if self.register in jurisdictions.get(code).exclusion.registers
        )

    def _is_time_to_search(self) -> bool:
        time = asyncio.get_running_loop().time()
        if time < self._search_at:
            return False
        self._search_at = time + SEARCH_SECONDS
        return True

    async def _show(self) -> None:
        if self.figures is None:
            return
        async with self.database.reading() as tx:
            states = await registers.find_states(tx, at=self.clock.now())
        for state in states:
            if state.register is self.register:
                self.figures.register_waiting.labels(self.register).set(state.waiting)
                _set_up(self.figures.register_up, self.register, state.up)

    def _turn(self, shard: Shard) -> TurnContext:
        return messages.turn(
            self.database,
            {shard},
            now=self.clock.now(),
            actor="registers",
            entropy=self.entropy,
        )


async def run(
    database: Database,
    clients: Mapping[Register, RegisterClient],
    *,
    keys: PersonalKeys,
    clock: Clock,
    entropy: Entropy,
    stop: asyncio.Event,
    figures: Figures | None = None,
) -> None:
    """Ask every register that there is a client of, until told to stop."""
    async with asyncio.TaskGroup() as group:
        for client in clients.values():
            loop = Loop(
                client=client,
                database=database,
                keys=keys,
                clock=clock,
                entropy=entropy,
                figures=figures,
            )
            group.create_task(loop.run(stop))


def _parts(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[start : start + TURN_MAX] for start in range(0, len(items), TURN_MAX))


def _set_up(gauge: Gauge, register: Register, up: bool | None) -> None:
    gauge.labels(register).set(1 if up else 0)
