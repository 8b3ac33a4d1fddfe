"""The loop that counts what the generator drew against what was dealt, to its end."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

import structlog
from msgspec import structs

from pitboss import messages
from pitboss.db import Database
from pitboss.games import dealing
from pitboss.games.dealing.model import DrawCount, Drawn, Generator
from pitboss.games.dealing.ports import Equipment
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import SYSTEM_SHARD
from pitboss.kernel.waiting import happened
from pitboss.messages import Turn
from pitboss.workers.figures import Figures

# So long a turn that has drawn may take to commit; what it drew is looked for after that.
PATIENCE_SECONDS = 60.0
# A comparison's age is told in whole seconds, and the answer takes its time.
AGE_SECONDS = 5.0

_log = structlog.get_logger("draws")


@dataclass(slots=True, kw_only=True)
class DrawWatch:
    """Counts draws; of several that run, each counts the same and tells what is not told yet.

    `seen` is what the generator said the last time: that is counted now.  So what was drawn last is
    counted too if the generator is gone by now.  `told` is the last count: what was missing in it
    has been logged.  `stood` is how the generator stood the last time, and when that was: what is
    new since then is told too, so that nobody has to ask the machine why nothing is dealt.
    """

    database: Database
    clock: Clock
    entropy: Entropy
    house: Equipment
    figures: Figures | None = None
    seen: Drawn | None = None
    told: DrawCount | None = None
    stood: tuple[Generator, datetime] | None = None

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
        generator = await self._look()
        self.seen = Drawn(instance=generator.instance or "", draws=generator.draws)
        return missing

    async def _look(self) -> Generator:
        """Return how the generator stands, and tell it if that is news."""
        try:
            generator = await self.house.draws.generator()
        except Fault:
            self._show(may_draw=False)
            raise
        self._show(may_draw=generator.may_draw)
        now = self.clock.now()
        if self.stood is None or _is_news(generator, *self.stood, now):
            if not generator.may_draw:
                _log.error("the generator draws nothing", why=generator.why_not)
            async with self._turn() as turn:
                dealing.tell_generator(turn, generator)
        self.stood = generator, now
        return generator

    def _show(self, *, may_draw: bool) -> None:
        if self.figures is not None:
            self.figures.generator_may_draw.set(may_draw)

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
        async with self._turn() as turn:
            return await dealing.count_draws(turn, drawn)

    def _turn(self) -> AbstractAsyncContextManager[Turn]:
        return messages.turn(
            self.database,
            [SYSTEM_SHARD],
            now=self.clock.now(),
            actor="draws",
            entropy=self.entropy,
        )


def _is_news(generator: Generator, before: Generator, then: datetime, now: datetime) -> bool:
    """Say whether it stands otherwise than before, or has compared itself again since then."""
    same = {"draws": 0, "checked_seconds_ago": None}
    if structs.replace(generator, **same) != structs.replace(before, **same):
        return True
    if generator.checked_seconds_ago is None or before.checked_seconds_ago is None:
        return generator.checked_seconds_ago != before.checked_seconds_ago
    grown = before.checked_seconds_ago + (now - then).total_seconds()
    return generator.checked_seconds_ago < grown - AGE_SECONDS
