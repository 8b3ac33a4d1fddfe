"""Races: as many connections as there are racers, and nobody starts before everybody can."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from pitboss import messages
from pitboss.db import Database, Transaction
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn

RACERS = 8
# A race takes a moment; one that takes this long is a deadlock.
RACE_SECONDS_MAX = 60.0

T = TypeVar("T")
R = TypeVar("R")


def shuffles(items: Sequence[T], *, seed: int = 0) -> list[list[T]]:
    """Return the same items in an order of its own for each racer."""
    return [random.Random(seed * RACERS + n).sample(items, len(items)) for n in range(RACERS)]


async def race(
    database: Database,
    batches: Sequence[Sequence[T]],
    work: Callable[[Transaction, Sequence[T]], Awaitable[R]],
) -> list[R]:
    """Do this work with each batch, all at once, each in a transaction of its own."""
    ready = asyncio.Barrier(len(batches))

    async def run(batch: Sequence[T]) -> R:
        async with database.transaction() as tx:
            # Here everybody has a connection, and nobody has asked it for anything.
            await ready.wait()
            return await work(tx, batch)

    async with asyncio.timeout(RACE_SECONDS_MAX), asyncio.TaskGroup() as group:
        running = [group.create_task(run(batch)) for batch in batches]
    return [task.result() for task in running]


async def race_for_turns(
    database: Database,
    batches: Sequence[Sequence[T]],
    shards: Iterable[Shard],
    work: Callable[[Turn, Sequence[T]], Awaitable[R]],
    *,
    now: datetime,
) -> list[R]:
    """Do this work with each batch, all at once, each in a turn of these shards."""
    wanted = set(shards)

    async def in_turn(tx: Transaction, batch: Sequence[T]) -> R:
        async with messages.join_turn(
            tx, wanted, now=now, actor="racer", entropy=SystemEntropy()
        ) as turn:
            return await work(turn, batch)

    return await race(database, batches, in_turn)
