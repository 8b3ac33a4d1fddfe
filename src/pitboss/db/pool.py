"""The pool of connections, and the one kind of transaction that runs on it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, NewType, TypeAlias

import asyncpg

from pitboss.db.errors import DatabaseAway, TransactionConflict
from pitboss.kernel.invariant import ensure

# Above the longest batch, below anybody's patience: a frozen process must not keep its locks.
IDLE_IN_TRANSACTION_MS_MAX = 10_000
# Who is frozen while it sends rows is not idle, as the server sees it, and would keep its locks for
# ever.  Far above the longest batch; PostgreSQL 17 and later can tell.
TRANSACTION_MS_MAX = 20_000
TRANSACTION_LIMIT_SINCE = 17
STATEMENT_SECONDS_MAX = 60.0
CONNECT_SECONDS_MAX = 10.0
# A caller that cannot get a connection in this time hears "away" instead of waiting for ever.
ACQUIRE_SECONDS_MAX = 10.0

# COPY asks first and then sends.  Beyond these few rows that is made good by how it writes them.
FEW_ROWS_MAX = 3

_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    # Classes 53, 57 and 58: a full disk, no memory, a shutdown, a statement that somebody broke
    # off, a file that cannot be read.  It is never the fault of what was asked, so nothing may be
    # refused or set aside for it.  Source: PostgreSQL, appendix A.
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)
_CONFLICT = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    # A migration changed a table that this connection had a plan for; the plan is dropped now.
    asyncpg.InvalidCachedStatementError,
)

_Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


# What PostgreSQL calls a moment that several connections see.
MomentName = NewType("MomentName", str)


class Transaction:
    """What a room needs of a connection inside a transaction; it cannot commit.

    Every method raises `DatabaseAway` or `TransactionConflict` as `Database.transaction` does.
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    async def ping(self) -> None:
        """Ask PostgreSQL for a sign of life."""
        await self.fetch("SELECT 1")

    async def share_moment(self) -> MomentName:
        """Name the moment that this transaction sees, so that other connections can see it too."""
        row = await self.fetch_one("SELECT pg_export_snapshot() AS name")
        assert row is not None  # noqa: S101 - a function returns a row
        return MomentName(row["name"])

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Run one statement and return its rows."""
        with _translated(self._connection):
            return await self._connection.fetch(query, *values)

    async def fetch_one(self, query: str, *values: object) -> asyncpg.Record | None:
        """Run one statement and return its first row, if there is one."""
        with _translated(self._connection):
            return await self._connection.fetchrow(query, *values)

    async def execute(self, query: str, *values: object) -> str:
        """Run one statement and return PostgreSQL's word for what it did."""
        with _translated(self._connection):
            return await self._connection.execute(query, *values)

    async def copy_in(
        self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Write rows: many with binary COPY, a few with INSERT, which is one round trip less."""
        written = list(rows)
        with _translated(self._connection):
            if 0 < len(written) <= FEW_ROWS_MAX:
                query = _insert(table, tuple(columns), len(written))
                await self._connection.execute(query, *(value for row in written for value in row))
            else:
                await self._connection.copy_records_to_table(
                    table, columns=columns, records=written
                )


class Database:
    """One pool of connections to PostgreSQL 15 or later.

    It opens connections when they are needed, so a server that is away at first or goes away
    later is found again without a restart.
    """

    def __init__(self, url: str, *, connections_max: int = 10) -> None:
        self.url = url
        self._connections_max = connections_max
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

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
        async with self.connected() as connection:
            tx = Transaction(connection)
            await tx.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            try:
                yield tx
            except BaseException:
                # What went wrong first is what the caller must hear.
                with contextlib.suppress(DatabaseAway, asyncpg.InterfaceError):
                    await tx.execute("ROLLBACK")
                raise
            # PostgreSQL does not fail here if a statement did before: it says ROLLBACK.
            ensure(
                await tx.execute("COMMIT") == "COMMIT",
                "who catches a failed statement does not go on to commit",
            )

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Lend a connection for reads that need no transaction: each sees the last commit.

        Raises:
            DatabaseAway: PostgreSQL cannot be reached.
        """
        async with self.connected() as connection:
            yield Transaction(connection)

    @contextlib.asynccontextmanager
    async def moment(self, shared: MomentName | None = None) -> AsyncIterator[Transaction]:
        """Lend one moment of the whole database, to read for as long as it takes.

        With a name, it is the moment that another connection has shared and still holds.

        Raises:
            DatabaseAway: PostgreSQL cannot be reached.
        """
        async with self.connected() as connection:
            tx = Transaction(connection)
            await tx.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                if shared is not None:
                    # It takes no parameters; the name is one that PostgreSQL gave out.
                    await tx.execute(f"SET TRANSACTION SNAPSHOT '{shared}'")
                # Who reads everything is slow and keeps nobody waiting.
                await tx.execute(
                    "SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN"
                    " ('transaction_timeout', 'idle_in_transaction_session_timeout')"
                )
                yield tx
            finally:
                with contextlib.suppress(DatabaseAway, asyncpg.InterfaceError):
                    await tx.execute("ROLLBACK")

    @contextlib.asynccontextmanager
    async def at_once(self) -> AsyncIterator[Transaction]:
        """Lend a connection on which each statement is a transaction of its own.

        It is committed when it returns; for a write that is one statement.

        Raises:
            DatabaseAway: PostgreSQL cannot be reached, or broke off in the middle of a statement,
                whose outcome then is unknown.
        """
        async with self.connected() as connection:
            yield Transaction(connection)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[_Connection]:
        """Lend a connection as it is; the simulation lends ones that break when it wants.

        Raises:
            DatabaseAway: PostgreSQL cannot be reached.
        """
        pool = await self._open()
        with _translated(None):
            connection = await pool.acquire(timeout=ACQUIRE_SECONDS_MAX)
        try:
            yield connection
        finally:
            # What is committed stays committed, even if the connection ends on its way back.
            with contextlib.suppress(*_AWAY, asyncpg.InterfaceError, asyncpg.InternalClientError):
                await pool.release(connection)

    async def _open(self) -> asyncpg.Pool[asyncpg.Record]:
        async with self._opening:
            if self._pool is None:
                # With no connection to open yet, this succeeds while the server is away.
                self._pool = await asyncpg.create_pool(
                    self.url,
                    min_size=0,
                    max_size=self._connections_max,
                    timeout=CONNECT_SECONDS_MAX,
                    command_timeout=STATEMENT_SECONDS_MAX,
                    # Nothing of ours outlives its transaction on a connection, so asyncpg's own
                    # reset would only be a round trip for each.
                    reset=_keep,
                    init=_limit_transactions,
                    server_settings={
                        "application_name": "pitboss",
                        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS_MAX),
                        "jit": "off",
                    },
                )
            return self._pool


@functools.cache
def _insert(table: str, columns: tuple[str, ...], rows: int) -> str:
    """Return the statement for so many rows, which each connection prepares once."""
    names = ", ".join(f'"{name}"' for name in columns)
    numbers = iter(range(1, rows * len(columns) + 1))
    lines = ", ".join(
        "(" + ", ".join(f"${next(numbers)}" for _ in columns) + ")" for _ in range(rows)
    )
    return f'INSERT INTO "{table}" ({names}) VALUES {lines}'


async def _keep(connection: object) -> None:
    """Leave a connection as its last user left it."""


async def _limit_transactions(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """End every transaction that takes longer than any of ours does."""
    if connection.get_server_version().major >= TRANSACTION_LIMIT_SINCE:
        await connection.execute(f"SET transaction_timeout = {TRANSACTION_MS_MAX}")


@contextlib.contextmanager
def _translated(connection: _Connection | None) -> Iterator[None]:
    """Say in our words what PostgreSQL and the network say in theirs.

    Args:
        connection: the one in use; None while one is being opened.
    """
    try:
        yield
    except _CONFLICT as error:
        raise TransactionConflict(str(error)) from error
    except _AWAY as error:
        raise DatabaseAway(str(error) or type(error).__name__) from error
    except asyncpg.InternalClientError as error:
        # The server's last words came between two statements, and asyncpg has not seen yet that
        # the connection ended with them.  Whatever it was, nobody can use this connection again.
        if connection is not None:
            with contextlib.suppress(asyncpg.InterfaceError):
                connection.terminate()
        raise DatabaseAway(str(error)) from error
    except asyncpg.ClientConfigurationError:
        raise
    except asyncpg.InterfaceError as error:
        # asyncpg says the same of a lost connection and of our own mistakes.
        if connection is None or _is_lost(connection):
            raise DatabaseAway(str(error)) from error
        raise


def _is_lost(connection: _Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        # The pool has already taken it back, as it does with connections that break.
        return True
