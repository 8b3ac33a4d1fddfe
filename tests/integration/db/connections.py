"""One statement at a time, each on a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg

from pitboss.db.embedded import EmbeddedPostgres

MakeServer = Callable[..., EmbeddedPostgres]


async def read_value(url: str, query: str, *values: object) -> Any:
    """Return the first column of the first row."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query, *values)
    finally:
        await connection.close()


async def run(url: str, statement: str, *values: object) -> None:
    """Run one statement and commit it."""
    await read_value(url, statement, *values)


async def wait_for_value(url: str, query: str, wanted: object) -> None:
    """Ask until the answer is the wanted one."""
    async with asyncio.timeout(30):
        while await read_value(url, query) != wanted:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
