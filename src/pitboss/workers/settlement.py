"""The settlement loop: follows recorded results and pays the bets that waited for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

import structlog

from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import Partition
from pitboss.kernel.waiting import happened
from pitboss.sportsbook import settlement
from pitboss.sportsbook.betting.model import OpenBet
from pitboss.sportsbook.settlement.model import Aside
from pitboss.workers.figures import Figures

# As many as a processor of bets takes, for the same reason.
BATCH_MAX = 2_000
IDLE_SECONDS = 0.02
RETRY_SECONDS = 0.5
# So long settlement goes on without a bet that breaks it.
ASIDE_FOR = timedelta(minutes=5)

_log = structlog.get_logger("settlement")


@dataclass(slots=True, kw_only=True)
class Settler:
    """What one partition's settlement has in hand."""

    partition: Partition
    database: Database
    clock: Clock
    entropy: Entropy
    figures: Figures | None = None
    batch_max: int = BATCH_MAX
    aside: Aside = field(default_factory=Aside)
    # When those that were set aside are tried again.
    again_at: datetime | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, stop: asyncio.Event) -> None:
        """Settle until nothing waits, whenever woken; faults of the world are waited out."""
        while not stop.is_set():
            self.wake.clear()
            await self.wake.wait()
            try:
                while not stop.is_set() and await self.step() is not None:
                    pass
            except Fault as fault:
                _log.warning("trying again", partition=self.partition, why=str(fault))
                await happened(stop, RETRY_SECONDS)
                self.wake.set()
            except Exception:
                # A mistake of ours, and no bet's: the other partitions go on meanwhile.
                _log.exception("broke", partition=self.partition)
                await happened(stop, RETRY_SECONDS)
                self.wake.set()

    async def step(self) -> int | None:
        """Settle one batch; return how many bets it looked at, None if nothing waits.

        A bet that breaks it is found by halving, and set aside for some minutes.
        """
        if self.again_at is not None and self.clock.now() >= self.again_at:
            self.aside.clear()
            self.again_at = None
        self.aside.begin()
        try:
            looked_at = await self._settle(self.batch_max)
        except Fault:
            raise
        except Exception as error:
            if not self.aside.looked_at:
                raise
            await self._narrow(error)
            return 0
        self.batch_max = min(self.batch_max * 2, BATCH_MAX)
        self.aside.rest()
        return looked_at

    async def _narrow(self, error: Exception) -> None:
        """Look at fewer bets the next time; go on without the one that is left, and say so."""
        looked_at = self.aside.looked_at
        if len(looked_at) > 1:
            self.batch_max = max(min(self.batch_max, len(looked_at)) // 2, 1)
            _log.exception("a batch broke", partition=self.partition, bets=len(looked_at))
            return
        (bet,) = looked_at
        await self._tell(bet, error)
        self.aside.put(bet)
        self.again_at = self.again_at or self.clock.now() + ASIDE_FOR
        _log.exception("set aside", partition=self.partition, bet_id=bet.bet_id)
        if self.figures is not None:
            self.figures.settlement_aside.inc()

    async def _tell(self, bet: OpenBet, error: Exception) -> None:
        """Tell staff of a bet that breaks settlement; everybody else is paid even if that breaks.

        Raises:
            Fault: it is not the moment for it, and the bet is met again.
        """
        why = f"{type(error).__name__}: {error}"
        try:
            async with self.database.transaction() as tx:
                await settlement.set_aside(
                    tx, bet, why=why, now=self.clock.now(), entropy=self.entropy
                )
        except Fault:
            raise
        except Exception:
            _log.exception("not told", partition=self.partition, bet_id=bet.bet_id)

    async def _settle(self, limit: int) -> int | None:
        started = perf_counter()
        async with self.database.transaction() as tx:
            looked_at = await settlement.settle_waiting(
                tx,
                self.partition,
                now=self.clock.now(),
                entropy=self.entropy,
                limit=limit,
                aside=self.aside,
            )
        if self.figures is not None and looked_at is not None:
            self.figures.settled.inc(looked_at)
            self.figures.settle.observe(perf_counter() - started)
        return looked_at


async def watch(
    database: Database,
    settlers: Sequence[Settler],
    stop: asyncio.Event,
    figures: Figures | None = None,
) -> None:
    """Wake whoever has results to settle: one look for all of them, while nothing happens."""
    while not await happened(stop, IDLE_SECONDS):
        try:
            async with database.reading() as tx:
                lags = await settlement.find_lags(tx)
        except Fault:
            await happened(stop, RETRY_SECONDS)
            continue
        for settler in settlers:
            if lags[settler.partition]:
                settler.wake.set()
            if figures is not None:
                gauge = figures.results_waiting.labels(str(settler.partition))
                gauge.set(lags[settler.partition])
    for settler in settlers:
        settler.wake.set()


async def run(
    database: Database,
    *,
    clock: Clock,
    entropy: Entropy,
    partitions: Sequence[Partition],
    stop: asyncio.Event,
    figures: Figures | None = None,
) -> None:
    """Settle these partitions' bets until told to stop."""
    settlers = [
        Settler(
            partition=partition,
            database=database,
            clock=clock,
            entropy=entropy,
            figures=figures,
        )
        for partition in partitions
    ]
    async with asyncio.TaskGroup() as group:
        group.create_task(watch(database, settlers, stop, figures))
        for settler in settlers:
            group.create_task(settler.run(stop))
