"""Who freezes while it sends rows to the server is replaced like anybody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from integration.messages.world import World
from pitboss.db import Database
from pitboss.kernel.shards import Partition, shards_of
from pitboss.messages import operations

ZERO = Partition(0)
LEASE_SECONDS = 0.4
# The server's own limits are far above that, or do not see it.
TAKEOVER_SECONDS_MAX = 8.0


async def test_who_freezes_while_it_sends_rows_does_not_keep_its_partition(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "LEASE_SECONDS", LEASE_SECONDS)
    world = World(database=database)
    first = await world.take_over(ZERO, "one")
    frozen = Database(database.url)
    sending, thawed = asyncio.Event(), asyncio.Event()

    async def rows() -> AsyncIterator[bytes]:
        sending.set()
        await thawed.wait()
        yield b""

    async def freeze() -> None:
        async with frozen.connected() as connection:
            await connection.execute("BEGIN")
            await connection.execute(
                "UPDATE shard_head SET seq = seq WHERE shard = $1", shards_of(ZERO)[0]
            )
            await connection.copy_to_table("fact", source=rows())

    freezing = asyncio.create_task(freeze())
    await sending.wait()
    await asyncio.sleep(2 * LEASE_SECONDS)
    async with asyncio.timeout(TAKEOVER_SECONDS_MAX):
        second = await world.take_over(ZERO, "two")
    thawed.set()
    with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await freezing
    await frozen.close()

    assert first is not None
    assert second is not None
    assert second > first
    assert (await world.consumer(ZERO)).owner == "two"
