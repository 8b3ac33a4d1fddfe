"""The settlement loop: follows recorded results and pays the bets that waited for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import structlog

from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import Partition
from pitboss.kernel.waiting import happened
from pitboss.sportsbook import settlement
from pitboss.workers.figures import Figures

# As many as a processor of bets takes, for the same reason.
BATCH_MAX = 2_000
IDLE_SECONDS = 0.02
RETRY_SECONDS = 0.5

_log = structlog.get_logger("settlement")


@dataclass(slots=True, kw_only=True)
class Settler:
    """What one partition's settlement has in hand."""

    partition: Partition
    database: Database
    clock: Clock
    entropy: Entropy
    figures: Figures | None = None
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

    async def step(self) -> int | None:
        """Settle one batch; return how many bets it looked at, None if nothing waits."""
        started = perf_counter()
        async with self.database.transaction() as tx:
            looked_at = await settlement.settle_waiting(
                tx,
                self.partition,
                now=self.clock.now(),
                entropy=self.entropy,
                limit=BATCH_MAX,
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
