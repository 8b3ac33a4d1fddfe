"""The pool of connections, and the one kind of transaction that runs on it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

import asyncpg

from pitboss.db.errors import DatabaseAway, TransactionConflict

# Above the longest batch, below anybody's patience: a frozen process must not keep its locks.
IDLE_IN_TRANSACTION_MS_MAX = 10_000
STATEMENT_SECONDS_MAX = 60.0
CONNECT_SECONDS_MAX = 10.0
# A caller that cannot get a connection in this time hears "away" instead of waiting for ever.
ACQUIRE_SECONDS_MAX = 10.0

_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
_CONFLICT = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


class Transaction:
    """What a room needs of a connection inside a transaction; it cannot commit."""

    __slots__ = ("_connection",)

    def __init__(self, connection: asyncpg.pool.PoolConnectionProxy[asyncpg.Record]) -> None:
        self._connection = connection

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Run one statement and return its rows."""
        return await self._connection.fetch(query, *values)

    async def fetch_one(self, query: str, *values: object) -> asyncpg.Record | None:
        """Run one statement and return its first row, if there is one."""
        return await self._connection.fetchrow(query, *values)

    async def execute(self, query: str, *values: object) -> str:
        """Run one statement and return PostgreSQL's word for what it did."""
        return await self._connection.execute(query, *values)

    async def copy_in(
        self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Write many rows with binary COPY."""
        await self._connection.copy_records_to_table(table, columns=columns, records=rows)


class Database:
    """One pool of connections to PostgreSQL 15 or later.

    It opens connections when they are needed, so a server that is away at first or goes away
    later is found again without a restart.
    """

    def __init__(self, url: str, *, connections_max: int = 10) -> None:
        self.url = url
        self._connections_max = connections_max
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def close(self) -> None:
        """Close every connection; work that is under way is broken off."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a READ COMMITTED transaction; commit on leaving, roll back on an exception.

        Raises:
            DatabaseAway: PostgreSQL cannot be reached.  If it broke off during the commit the
                outcome is unknown, and only asking again with the same key tells.
            TransactionConflict: PostgreSQL chose this transaction to give way.
        """
        with _translated():
            pool = await self._open()
            async with pool.acquire(timeout=ACQUIRE_SECONDS_MAX) as connection:
                async with connection.transaction():
                    yield Transaction(connection)

    async def _open(self) -> asyncpg.Pool[asyncpg.Record]:
        if self._pool is None:
            pool = asyncpg.create_pool(
                self.url,
                min_size=0,
                max_size=self._connections_max,
                timeout=CONNECT_SECONDS_MAX,
                command_timeout=STATEMENT_SECONDS_MAX,
                server_settings={
                    "application_name": "pitboss",
                    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS_MAX),
                    "jit": "off",
                },
            )
            await pool
            self._pool = self._pool or pool
        return self._pool


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Say in our words what PostgreSQL and the network say in theirs."""
    try:
        yield
    except _CONFLICT as error:
        raise TransactionConflict(str(error)) from error
    except _AWAY as error:
        raise DatabaseAway(str(error) or type(error).__name__) from error
