"""The settlement loop: follows recorded results and pays the bets that waited for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

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
    async with asyncio.TaskGroup() as group:
        for partition in partitions:
            group.create_task(_follow(database, clock, entropy, partition, stop))


async def _follow(
    database: Database, clock: Clock, entropy: Entropy, partition: Partition, stop: asyncio.Event
) -> None:
    while not stop.is_set():
        try:
            async with database.transaction() as tx:
                looked_at = await settlement.settle_waiting(
                    tx, partition, now=clock.now(), entropy=entropy, limit=BATCH_MAX
                )
            wait = IDLE_SECONDS if looked_at is None else 0.0
        except Fault as fault:
            _log.warning("trying again", partition=partition, why=str(fault))
            wait = RETRY_SECONDS
        if wait:
            await happened(stop, wait)
