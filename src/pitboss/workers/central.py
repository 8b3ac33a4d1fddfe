"""The central loop: tells central files of deposits and of play that is over, and asks for room.

The files are asked between transactions.  What is owed to them is in the database, so whoever is
killed goes on where he was; everything is said under an id of its own, so twice is once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from pitboss import central, messages, registers
from pitboss.central.model import (
    Activity,
    Claim,
    Claims,
    DepositState,
    FiledDeposit,
    FiledLimit,
    LimitClaim,
    LimitClaims,
    Reserved,
)
from pitboss.central.ports import CentralFiles
from pitboss.db import Database, Transaction
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.ids import PaymentId, PlayerId
from pitboss.kernel.shards import SYSTEM_SHARD, Shard
from pitboss.kernel.waiting import happened
from pitboss.messages import TurnContext
from pitboss.players import access
from pitboss.players.personal.model import PersonalKeys
from pitboss.registers.model import Person, Pulse, Silence
from pitboss.workers.figures import Figures

# A turn of so many holds its shards for some milliseconds.
BATCH_MAX = 32
ASKED_AT_ONCE_MAX = 8
IDLE_SECONDS = 0.2
RETRY_SECONDS = 1.0
# Sessions end by themselves, too; a player who has left is told of within this time.
WALK_SECONDS = 5.0
SHOW_SECONDS = 1.0

T = TypeVar("T")

_log = structlog.get_logger("central")


@dataclass(slots=True, kw_only=True)
class Loop:
    """Tells the central files.  Any number may run; `files` None: they are not connected.

    `clock` is the platform's, `wall` the machine's, by which the files live.
    """

    files: CentralFiles | None
    database: Database
    keys: PersonalKeys
    clock: Clock
    entropy: Entropy
    wall: Clock = field(default_factory=SystemClock)
    pulse: Pulse = field(default_factory=Pulse)
    figures: Figures | None = None
    _noted: bool | None = None
    _after: tuple[Shard, str] | None = None
    _walk_at: float = 0.0
    _show_at: float = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop; faults of the world are waited out."""
        while not stop.is_set():
            try:
                wait = 0.0 if await self.step() else IDLE_SECONDS
            except Fault as fault:
                _log.warning("trying again", why=str(fault))
                wait = RETRY_SECONDS
            except Exception:
                _log.exception("a round broke")
                wait = RETRY_SECONDS
            if wait:
                await happened(stop, wait)

    async def step(self) -> int:
        """Do what is due now; return how many things that was."""
        at = self.wall.now()
        async with self.database.reading() as tx:
            due = await central.find_due(tx, at=at, limit=BATCH_MAX)
            leaving = await central.find_leaving(tx, at=at, limit=BATCH_MAX)
        await self._claim([item for item in due if item.state is DepositState.WANTED])
        await self._tell([item for item in due if item.state is not DepositState.WANTED])
        await self._end(leaving)
        limited = await self._limit()
        gone = await self._walk() if self._is_time_to_walk() else 0
        await self._note_pulse()
        await self._show()
        return len(due) + len(leaving) + limited + gone

    async def walk(self) -> int:
        """Look at everybody who is active with us; return of how many the session is over."""
        gone = await self._walk()
        while self._after is not None:
            gone += await self._walk()
        return gone

    async def _claim(self, wanted: Sequence[FiledDeposit]) -> None:
        """Ask for room for deposits, and note what was said."""
        if not wanted:
            return
        deposits = [item.deposit for item in wanted]
        async with self._turn({item.shard for item in deposits}) as turn:
            sealed = await central.read_claims(turn, deposits)
        claims = await asyncio.to_thread(self._open, sealed)
        answers = await self._at_once(self._reserve(item) for item in claims)
        said = {
            claim.deposit.id: answer
            for claim, answer in zip(claims, answers, strict=True)
            if answer is not None
        }
        heard = [item for item in wanted if item.deposit.id in said]
        await self._record(heard, said)
        await self._be_silent([item for item in wanted if item.deposit.id not in said])

    async def _record(self, heard: Sequence[FiledDeposit], said: dict[PaymentId, Reserved]) -> None:
        if heard:
            deposits = [item.deposit for item in heard]
            async with self._turn({item.shard for item in deposits}) as turn:
                await central.record_reserved(turn, said, deposits)

    async def _be_silent(self, silent: Sequence[FiledDeposit]) -> None:
        if silent:
            async with self._turn({item.deposit.shard for item in silent}) as turn:
                await central.record_silence(turn, silent, wall=self.wall.now())

    def _open(self, sealed: Claims) -> list[Claim]:
        people = registers.open_people(sealed.people, keys=self.keys)
        return [
            Claim(
                deposit=item,
                month=sealed.months[item.id],
                limit_micros=sealed.limits.get(item.player_id),
                limit_number=sealed.numbers.get(item.player_id, 0),
                person=people[item.player_id],
            )
            for item in sealed.deposits
            if item.player_id in people
        ]

    async def _reserve(self, claim: Claim) -> Reserved | None:
        if self.files is None:
            self._failed(Silence.NOT_CONNECTED)
            return None
        try:
            said = await self.files.reserve(claim)
        except Fault as fault:
            self._failed_by(fault)
            return None
        self.pulse.answered()
        return said

    async def _tell(self, due: Sequence[FiledDeposit]) -> None:
        """Tell that deposits have arrived, or will not."""
        heard = await self._at_once(self._is_told(item) for item in due)
        told = [item for item, yes in zip(due, heard, strict=True) if yes]
        if told:
            async with self._turn({item.deposit.shard for item in told}) as turn:
                await central.record_told(turn, told)
        await self._be_silent([item for item, yes in zip(due, heard, strict=True) if not yes])

    async def _is_told(self, item: FiledDeposit) -> bool:
        if self.files is None:
            self._failed(Silence.NOT_CONNECTED)
            return False
        tell = self.files.release
        if item.state is DepositState.CONFIRMING:
            tell = self.files.confirm
        return await self._is_heard(tell(item.deposit.id))

    async def _limit(self) -> int:
        """Tell of limits that players have changed; return how many are due."""
        async with self.database.reading() as tx:
            due = await central.find_due_limits(
                tx, at=self.wall.now(), now=self.clock.now(), limit=BATCH_MAX
            )
        if not due:
            return 0
        shards = {item.shard for item in due}
        async with self._turn(shards) as turn:
            sealed = await central.read_limits(turn, due)
        people = await asyncio.to_thread(registers.open_people, sealed.people, keys=self.keys)
        heard = await self._at_once(
            self._is_limit_told(sealed, item, people) for item in sealed.filed
        )
        answered = list(zip(sealed.filed, heard, strict=True))
        async with self._turn(shards) as turn:
            await central.record_limits(turn, [item for item, yes in answered if yes], sealed)
            silent = [item for item, yes in answered if not yes]
            await central.postpone_limits(turn, silent, wall=self.wall.now())
        return len(due)

    async def _is_limit_told(
        self, sealed: LimitClaims, filed: FiledLimit, people: Mapping[PlayerId, Person]
    ) -> bool:
        person = people.get(filed.player_id)
        if person is None:
            # Who was erased is nobody that the file could be told of.
            return True
        if self.files is None:
            self._failed(Silence.NOT_CONNECTED)
            return False
        claim = LimitClaim(
            filed=filed,
            micros=sealed.counts[filed.player_id][0],
            currency=sealed.currencies[filed.player_id],
            person=person,
        )
        return await self._is_heard(self.files.limit(claim))

    async def _end(self, leaving: Sequence[Activity]) -> None:
        """Tell that play is over, one by one: there are few at a time."""
        for item in leaving:
            if self.files is not None and await self._is_heard(self.files.end(item.id)):
                async with self._turn({item.shard}) as turn:
                    await central.record_left(turn, [item])
            else:
                async with self.database.transaction() as tx:
                    await central.postpone_leaving(tx, item, wall=self.wall.now())

    async def _walk(self) -> int:
        """Look at a page of those who are active with us; return whose sessions are over."""
        async with self.database.reading() as tx:
            page = await central.find_active(tx, after=self._after, limit=BATCH_MAX)
            gone = [item for item in page if not await self._is_here(tx, item)]
        whole = len(page) == BATCH_MAX
        self._after = (page[-1].shard, page[-1].id) if whole else None
        if gone:
            async with self._turn({item.shard for item in gone}) as turn:
                await central.leave(turn, gone)
        return len(gone)

    async def _is_here(self, tx: Transaction, item: Activity) -> bool:
        live = await access.find_live(tx, item.player_id, now=self.clock.now())
        return any(session.id == item.session_id for session in live)

    async def _is_heard(self, telling: Awaitable[None]) -> bool:
        try:
            await telling
        except Fault as fault:
            self._failed_by(fault)
            return False
        self.pulse.answered()
        return True

    async def _note_pulse(self) -> None:
        if self.pulse.up is None or self.pulse.up is self._noted:
            return
        async with self._turn({SYSTEM_SHARD}) as turn:
            await central.note_pulse(turn, self.pulse)
        self._noted = self.pulse.up

    async def _show(self) -> None:
        """Show how much the limit file has yet to hear, and for how long."""
        if self.figures is None or not self._is_time_to_show():
            return
        async with self.database.reading() as tx:
            waiting = await central.find_waiting(tx)
        oldest = waiting.oldest_at
        age = 0.0 if oldest is None else (self.clock.now() - oldest).total_seconds()
        self.figures.central_waiting.set(waiting.deposits)
        self.figures.central_oldest.set(max(age, 0.0))

    def _is_time_to_show(self) -> bool:
        time = asyncio.get_running_loop().time()
        if time < self._show_at:
            return False
        self._show_at = time + SHOW_SECONDS
        return True

    def _failed(self, reason: Silence) -> None:
        self.pulse.failed(reason, self.wall.now())

    def _failed_by(self, fault: Fault) -> None:
        _log.warning("the central files failed us", why=str(fault))
        self._failed(Silence.AWAY if fault.retryable else Silence.CONFUSED)

    def _is_time_to_walk(self) -> bool:
        time = asyncio.get_running_loop().time()
        if time < self._walk_at and self._after is None:
            return False
        self._walk_at = time + WALK_SECONDS
        return True

    async def _at_once(self, asked: Iterable[Awaitable[T]]) -> list[T]:
        places = asyncio.Semaphore(ASKED_AT_ONCE_MAX)

        async def one(item: Awaitable[T]) -> T:
            async with places:
                return await item

        return await asyncio.gather(*map(one, asked))

    def _turn(self, shards: set[Shard]) -> TurnContext:
        return messages.turn(
            self.database, shards, now=self.clock.now(), actor="central", entropy=self.entropy
        )
