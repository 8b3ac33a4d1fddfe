"""The settlement loop: follows recorded results and pays the bets that waited for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import Partition
from pitboss.kernel.waiting import happened
from pitboss.sportsbook import settlement

BATCH_MAX = 1_000
IDLE_SECONDS = 0.02
RETRY_SECONDS = 0.5

_log = structlog.get_logger("settlement")


async def run(
    database: Database,
    *,
    clock: Clock,
    entropy: Entropy,
    partitions: Sequence[Partition],
    stop: asyncio.Event,
) -> None:
    """Settle these partitions' bets until told to stop."""
    wakes = {partition: asyncio.Event() for partition in partitions}
    async with asyncio.TaskGroup() as group:
        group.create_task(_watch(database, wakes, stop))
        for partition, wake in wakes.items():
            group.create_task(_follow(database, clock, entropy, partition, wake, stop))


async def _watch(
    database: Database, wakes: Mapping[Partition, asyncio.Event], stop: asyncio.Event
) -> None:
    """Wake whoever has results to settle: one look for all of them, while nothing happens."""
    while not await happened(stop, IDLE_SECONDS):
        try:
            async with database.reading() as tx:
                lags = await settlement.find_lags(tx)
        except Fault:
            await happened(stop, RETRY_SECONDS)
            continue
        for partition, wake in wakes.items():
            if lags[partition]:
                wake.set()
    for wake in wakes.values():
        wake.set()


async def _follow(
    database: Database,
    clock: Clock,
    entropy: Entropy,
    partition: Partition,
    wake: asyncio.Event,
    stop: asyncio.Event,
) -> None:
    """Settle until nothing waits, whenever woken."""
    while not stop.is_set():
        wake.clear()
        await wake.wait()
        looked_at: int | None = 0
        try:
            while looked_at is not None and not stop.is_set():
                async with database.transaction() as tx:
                    looked_at = await settlement.settle_waiting(
                        tx, partition, now=clock.now(), entropy=entropy, limit=BATCH_MAX
                    )
        except Fault as fault:
            _log.warning("trying again", partition=partition, why=str(fault))
            await happened(stop, RETRY_SECONDS)
