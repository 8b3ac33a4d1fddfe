"""The database as the programs of a world see it: `db.Database` itself, over lines that may break.

Everything above the connection is what runs in production: transactions, rollbacks, the words for
what went wrong.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial
from typing import Any

import asyncpg

from pitboss.db import Database
from pitboss.sim.world.lives import Life, Line
from pitboss.sim.world.statement import copy_into, read_statement
from pitboss.sim.world.traffic import Traffic


class WorldDatabase(Database):
    """Lends the connections of one life."""

    def __init__(self, traffic: Traffic, life: Life) -> None:
        super().__init__("postgresql://world")
        self._traffic = traffic
        self._life = life

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[Any]:
        """Lend a connection that breaks when the director wants."""
        line = self._traffic.lend(self._life)
        try:
            yield _Wire(self._traffic, line)
        finally:
            self._traffic.take_back(line)


class _Wire:
    """What `db.Transaction` asks of asyncpg's connection, statement by statement."""

    def __init__(self, traffic: Traffic, line: Line) -> None:
        self._traffic = traffic
        self._line = line

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Run one statement and return its rows."""
        found: list[asyncpg.Record] = await self._make("fetch", query, values)
        return found

    async def fetchrow(self, query: str, *values: object) -> asyncpg.Record | None:
        """Run one statement and return its first row."""
        found: asyncpg.Record | None = await self._make("fetchrow", query, values)
        return found

    async def fetchval(self, query: str, *values: object) -> Any:
        """Run one statement and return its first value."""
        return await self._make("fetchval", query, values)

    async def execute(self, query: str, *values: object) -> str:
        """Run one statement and return PostgreSQL's word for it."""
        word: str = await self._make("execute", query, values)
        return word

    async def copy_records_to_table(
        self, table: str, *, columns: Sequence[str], records: Iterable[Sequence[Any]]
    ) -> None:
        """Write many rows with binary COPY."""
        await self._traffic.make(
            self._line, copy_into(table), partial(_copy, table, columns, list(records))
        )

    def is_closed(self) -> bool:
        """Say whether the connection is known to be lost."""
        return self._line.session is None

    def is_in_transaction(self) -> bool:
        """Say whether a transaction is open."""
        session = self._line.session
        return session is not None and session.in_transaction

    async def _make(self, how: str, query: str, values: tuple[object, ...]) -> Any:
        return await self._traffic.make(
            self._line, read_statement(query), partial(_call, how, query, values)
        )


async def _call(
    how: str, query: str, values: tuple[object, ...], connection: asyncpg.Connection[Any]
) -> Any:
    return await getattr(connection, how)(query, *values)


async def _copy(
    table: str,
    columns: Sequence[str],
    records: list[Sequence[Any]],
    connection: asyncpg.Connection[Any],
) -> None:
    await connection.copy_records_to_table(table, columns=columns, records=records)
