"""The loop that counts what the generator drew against what was dealt, to its end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from pitboss import messages
from pitboss.db import Database
from pitboss.games import dealing
from pitboss.games.dealing.model import DrawCount, Drawn
from pitboss.games.dealing.ports import Equipment
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import SYSTEM_SHARD
from pitboss.kernel.waiting import happened
from pitboss.workers.figures import Figures

# So long a turn that has drawn may take to commit; what it drew is looked for after that.
PATIENCE_SECONDS = 60.0

_log = structlog.get_logger("draws")


@dataclass(slots=True, kw_only=True)
class DrawWatch:
    """Counts draws; of several that run, each counts the same and tells what is not told yet.

    `seen` is what the generator said the last time: that is counted now.  So what was drawn last is
    counted too if the generator is gone by now.  `told` is the last count: what was missing in it
    has been logged.
    """

    database: Database
    clock: Clock
    entropy: Entropy
    house: Equipment
    figures: Figures | None = None
    seen: Drawn | None = None
    told: DrawCount | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Count until told to stop; faults of the world are waited out."""
        while not await happened(stop, PATIENCE_SECONDS if self.seen is not None else 0.0):
            try:
                await self.step()
            except Fault as fault:
                _log.warning("trying again", why=str(fault))
                await happened(stop, PATIENCE_SECONDS)
            except Exception:
                _log.exception("no draws are counted")
                await happened(stop, PATIENCE_SECONDS)

    async def step(self) -> int:
        """Count what was seen before, and look anew; return how many draws are missing.

        Raises:
            Fault: the generator or the database is away.
        """
        missing = 0 if self.seen is None else await self._count(self.seen)
        self.seen = await self.house.draws.drawn()
        return missing

    async def _count(self, drawn: Drawn) -> int:
        count = await self._count_some(drawn)
        fresh = count.fresh
        # What was drawn while nobody counted takes several turns; others have it in between.
        while count.drawn < drawn.draws:
            count = await self._count_some(drawn)
            fresh += count.fresh
        told, self.told = self.told, count
        earlier = told.missing if told is not None and told.instance == count.instance else 0
        # As many as before may be others: some were dealt after all, and as many are new.
        if fresh or count.missing > earlier:
            _log.error("draws were dealt to nobody", instance=count.instance, missing=count.missing)
        if self.figures is not None:
            self.figures.draws_missing.set(count.missing)
        return count.missing

    async def _count_some(self, drawn: Drawn) -> DrawCount:
        async with messages.turn(
            self.database,
            [SYSTEM_SHARD],
            now=self.clock.now(),
            actor="draws",
            entropy=self.entropy,
        ) as turn:
            return await dealing.count_draws(turn, drawn)
