"""The loop that ends rounds which their providers have left open."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from pitboss import messages
from pitboss.db import Database
from pitboss.games import dealing, rounds
from pitboss.games.dealing.errors import DrawUntold
from pitboss.games.dealing.model import PROVIDER, Dealt
from pitboss.games.dealing.ports import Equipment
from pitboss.games.rounds.model import ClosedBy, Resolution, Resolved, Round
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.waiting import happened

# Hours are what it is about; a minute more is nothing.
IDLE_SECONDS = 30.0
RETRY_SECONDS = 1.0
HALTED_SECONDS = 60.0
AT_ONCE_MAX = 100

_log = structlog.get_logger("rounds")


@dataclass(slots=True, kw_only=True)
class Resolver:
    """Ends what was open for too long, by one rule; of several that run, all do no harm.

    Rounds of the `house` are played to their ends instead: what they would have won is won.  One
    that cannot be, for its game has changed or nothing is drawn, waits for staff.
    """

    database: Database
    clock: Clock
    entropy: Entropy
    open_for: timedelta
    rule: Resolution
    house: Equipment | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Resolve until told to stop; faults of the world are waited out."""
        pause = 0.0
        while not await happened(stop, pause):
            pause = IDLE_SECONDS
            try:
                while not stop.is_set() and await self.step():
                    pass
            except Fault as fault:
                _log.warning("trying again", why=str(fault))
                pause = RETRY_SECONDS
            except Exception:
                _log.exception("no rounds are resolved")
                pause = HALTED_SECONDS

    async def step(self) -> int:
        """End the oldest rounds that are open for too long; return how many there were."""
        now = self.clock.now()
        await self._finish(now)
        async with self.database.reading() as tx:
            found = await rounds.find_open_rounds(
                tx, before=now - self.open_for, limit=AT_ONCE_MAX, without=PROVIDER
            )
        if not found:
            return 0
        async with messages.turn(
            self.database,
            {item.shard for item in found},
            now=now,
            actor="rounds",
            entropy=self.entropy,
        ) as turn:
            places = [(item.shard, item.id) for item in found]
            answers = await rounds.resolve(turn, places, self.rule, by=ClosedBy.RULE)
        ended = sum(isinstance(answer, Resolved) for answer in answers)
        _log.warning("rounds were left open", ended=ended, rule=self.rule)
        return len(found)

    async def _finish(self, now: datetime) -> None:
        """Play the oldest rounds of the house that are open for too long to their ends."""
        if self.house is None:
            return
        async with self.database.reading() as tx:
            found = await rounds.find_open_rounds(
                tx, before=now - self.open_for, limit=AT_ONCE_MAX, provider=PROVIDER
            )
        for item in found:
            await self._finish_one(item, now, self.house)

    async def _finish_one(self, item: Round, now: datetime, house: Equipment) -> None:
        """Play one round to its end: each in a turn of its own, for one may be broken."""
        key = (item.player_id, item.ref)
        try:
            async with messages.turn(
                self.database, [item.shard], now=now, actor="rounds", entropy=self.entropy
            ) as turn:
                answer = (await dealing.finish(turn, [key], house))[key]
        except DrawUntold:
            _log.exception("a round of the house does not follow from its steps", round_id=item.ref)
            return
        if isinstance(answer, Dealt):
            _log.warning("a round of the house was played to its end", round_id=item.ref)
        else:
            _log.error("a round of the house waits for staff", round_id=item.ref, why=answer.reason)
