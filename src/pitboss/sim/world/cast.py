"""The programs of a world: the real loops, and people who do their errands through real verbs.

People's errands survive a crash of whoever does them: a client that has no answer asks again.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pitboss import cashier, messages
from pitboss.cashier.model import PaymentKind
from pitboss.db import Database
from pitboss.kernel.entropy import Entropy, SeededEntropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.ids import BetId, new_id
from pitboss.kernel.shards import CATALOGUE_SHARD, SYSTEM_SHARD, Section, Shard, shard_of
from pitboss.messages import TurnContext
from pitboss.messages.model import AppendAnswer, Appended, Entry
from pitboss.sim.world.database import WorldDatabase
from pitboss.sim.world.lives import Actor, Life
from pitboss.sim.world.loop import WorldLoop
from pitboss.sim.world.plan import Append, Errand, Pay, Plan, Tell, Trade, Wish
from pitboss.sim.world.town import PARTITIONS, START
from pitboss.sim.world.traffic import Traffic
from pitboss.sportsbook import catalog, settlement
from pitboss.sportsbook.catalog.model import PriceChange, StatusChange
from pitboss.sportsbook.settlement.model import ScoreReport
from pitboss.workers import bets
from pitboss.workers import settlement as settling

RETRY_SECONDS = (0.002, 0.1)
# Who asked so often and still does not know has met a platform that is stuck.
TRIES_MAX = 200
AT_ONCE_SHARE = 0.3

# The database of the life that is running; a planted bug may need another connection of it.
current_database: ContextVar[Database] = ContextVar("current_database")


class WorldClock:
    """The platform's clock, which says what the world's does."""

    def __init__(self, loop: WorldLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        """Return the world's time."""
        return START + timedelta(microseconds=round(self._loop.time() * 1_000_000))


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What clients were told, which they will hold us to."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    digests: dict[str, bytes] = field(default_factory=dict)
    surprises: list[str] = field(default_factory=list)

    def hear(self, wish: Wish, answer: AppendAnswer) -> None:
        """Take down an answer; the same question must never get another one."""
        if not isinstance(answer, Appended):
            if self.digests.get(wish.key, b"") == wish.digest:
                self.surprises.append(f"key {wish.key} was acknowledged, and then refused")
            return
        first = self.acknowledged.setdefault(wish.key, answer.command_id)
        if first != answer.command_id:
            self.surprises.append(f"key {wish.key} is {first}, and then {answer.command_id}")
        if self.digests.setdefault(wish.key, wish.digest) != wish.digest:
            self.surprises.append(f"key {wish.key} was acknowledged for two different bets")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What a program has while it lives."""

    database: Database
    clock: WorldClock
    entropy: Entropy
    chance: random.Random

    def turn(
        self,
        shards: Sequence[Shard],
        actor: str,
        *,
        sections: frozenset[Section] | None = None,
    ) -> TurnContext:
        """Take the turn of these shards, or of these sections of the catalogue."""
        return messages.turn(
            self.database,
            shards,
            now=self.clock.now(),
            actor=actor,
            entropy=self.entropy,
            sections=sections,
        )


class Cast:
    """Puts the actors of a world together."""

    def __init__(self, loop: WorldLoop, traffic: Traffic, seed: int, chance: random.Random) -> None:
        self.ledger = Ledger()
        self._clock = WorldClock(loop)
        self._traffic = traffic
        self._seed = seed
        self._chance = chance

    def actors(self, plan: Plan) -> list[Actor]:
        """Return everybody: some of the loops have a twin that waits for the other to fail."""
        workers = self._chance.choice((2, 2, 3))
        same_owner = self._chance.random() < 0.5
        settlers = self._chance.choice((1, 1, 2))
        names = [f"bets-{number + 1}" for number in range(workers)]
        return [
            *(Actor(name=name, program=self._bets(same_owner), finite=False) for name in names),
            *(
                Actor(name=f"settling-{number + 1}", program=self._settling, finite=False)
                for number in range(settlers)
            ),
            *(
                Actor(name=f"api-{number + 1}", program=self._errands(errands), finite=True)
                for number, errands in enumerate(plan.apis)
            ),
            Actor(name="trader", program=self._trading(plan.trades), finite=True),
        ]

    def _desk(self, life: Life) -> _Desk:
        database = WorldDatabase(self._traffic, life)
        current_database.set(database)
        own = f"{self._seed} {life.actor} {life.number}"
        return _Desk(
            database=database,
            clock=self._clock,
            entropy=SeededEntropy(own),
            chance=random.Random(own),  # noqa: S311 - reproducible on purpose
        )

    def _bets(self, same_owner: bool) -> Callable[[Life], Any]:
        """Return the bet processors of all partitions; supervised ones keep their owner's name."""

        async def program(life: Life) -> None:
            desk = self._desk(life)
            await bets.run(
                desk.database,
                clock=desk.clock,
                entropy=desk.entropy,
                partitions=PARTITIONS,
                owner=life.actor if same_owner else life.name,
                stop=asyncio.Event(),
            )

        return program

    async def _settling(self, life: Life) -> None:
        desk = self._desk(life)
        await settling.run(
            desk.database,
            clock=desk.clock,
            entropy=desk.entropy,
            partitions=PARTITIONS,
            stop=asyncio.Event(),
        )

    def _errands(self, errands: Sequence[Errand]) -> Callable[[Life], Any]:
        left = deque(errands)

        async def program(life: Life) -> None:
            desk = self._desk(life)
            while left:
                await self._do(desk, left[0])
                left.popleft()

        return program

    def _trading(self, trades: Sequence[Trade]) -> Callable[[Life], Any]:
        left = deque(trades)

        async def program(life: Life) -> None:
            desk = self._desk(life)
            while left:
                await self._insist(desk, lambda: _trade(desk, left[0]))
                left.popleft()

        return program

    async def _do(self, desk: _Desk, errand: Errand) -> None:
        match errand:
            case Append():
                await self._insist(
                    desk,
                    lambda: self._append(desk, errand),
                    patient=any(wish.patient for wish in errand.wishes),
                )
            case Pay():
                await self._insist(desk, lambda: _pay(desk, errand))
            case Tell():
                await self._insist(desk, lambda: _tell(desk, errand))

    async def _insist(self, desk: _Desk, step: Callable[[], Any], *, patient: bool = True) -> None:
        """Do something until it is known to be done, as everybody does who has a key."""
        for _ in range(TRIES_MAX if patient else 1):
            try:
                await step()
            except Fault as fault:
                if not fault.retryable:
                    raise
                await asyncio.sleep(desk.chance.uniform(*RETRY_SECONDS))
            else:
                return
        if patient:
            raise TimeoutError(f"no answer after {TRIES_MAX} tries")

    async def _append(self, desk: _Desk, errand: Append) -> None:
        entries = [
            wish.entry(BetId(new_id(desk.clock.now(), desk.entropy))) for wish in errand.wishes
        ]
        answers = await _append_at_once(desk, entries)
        if answers is None:
            async with desk.database.transaction() as tx:
                answers = await messages.append(tx, entries, now=desk.clock.now())
        for wish, answer in zip(errand.wishes, answers, strict=True):
            self.ledger.hear(wish, answer)


async def _append_at_once(desk: _Desk, entries: Sequence[Entry]) -> Sequence[AppendAnswer] | None:
    """Append in one statement, as the API does if nothing speaks against it; None if that fails."""
    if desk.chance.random() > AT_ONCE_SHARE:
        return None
    async with desk.database.at_once() as tx:
        seq = await messages.append_at_once(
            tx, entries, now=desk.clock.now(), watching=CATALOGUE_SHARD
        )
    if seq is None:
        return None
    return [Appended(command_id=item.command_id, repeated=False) for item in entries]


async def _pay(desk: _Desk, errand: Pay) -> None:
    async with desk.turn([shard_of(errand.request.player_id)], "api") as turn:
        if errand.kind is PaymentKind.DEPOSIT:
            await cashier.request_deposits(turn, [errand.request])
        else:
            await cashier.request_withdrawals(turn, [errand.request])


async def _tell(desk: _Desk, errand: Tell) -> None:
    async with desk.turn([shard_of(errand.player_id), SYSTEM_SHARD], "provider") as turn:
        await cashier.record_news(turn, [errand.news])


async def _price(desk: _Desk, trade: PriceChange) -> None:
    """Change a price beside those who decide on bets elsewhere in the catalogue."""
    async with desk.database.reading() as tx:
        sections = await catalog.find_sections(tx, [trade.selection_id], catalog.Places())
    async with desk.turn([CATALOGUE_SHARD], "trader", sections=sections) as turn:
        await catalog.change_prices(turn, [trade])


async def _trade(desk: _Desk, trade: Trade) -> None:
    if isinstance(trade, PriceChange):
        await _price(desk, trade)
        return
    async with desk.turn([CATALOGUE_SHARD], "trader") as turn:
        match trade:
            case StatusChange():
                await catalog.set_status(turn, [trade])
            case ScoreReport():
                await settlement.record_scores(turn, [trade])
