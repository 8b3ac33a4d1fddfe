"""Transactions commit or roll back, and say in our words what went wrong."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from integration.db.connections import read_value, wait_for_value
from pitboss.db import Database, Transaction
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.db.errors import DatabaseAway, TransactionConflict
from pitboss.db.pool import FEW_ROWS_MAX
from pitboss.kernel.errors import InvariantBroken

BACKENDS = "SELECT count(*) FROM pg_stat_activity WHERE pid = {}"


@pytest.fixture
async def numbers(empty_database: Database) -> Database:
    """Give a database with the table `number`, which holds 1 and 2."""
    async with empty_database.transaction() as tx:
        await tx.execute("CREATE TABLE number (n int PRIMARY KEY)")
        await tx.execute("INSERT INTO number VALUES (1), (2)")
    return empty_database


async def test_leaving_a_transaction_commits_it(numbers: Database) -> None:
    async with numbers.transaction() as tx:
        await tx.execute("INSERT INTO number VALUES ($1)", 3)

    assert await read_numbers(numbers) == [1, 2, 3]


async def test_an_exception_rolls_back_and_is_what_the_caller_hears(numbers: Database) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with numbers.transaction() as tx:
            await tx.execute("INSERT INTO number VALUES (3)")
            raise LookupError("mine")

    assert await read_numbers(numbers) == [1, 2]


async def test_a_cancelled_transaction_rolls_back_and_returns_its_connection(
    numbers: Database,
) -> None:
    single = Database(numbers.url, connections_max=1)

    async def insert_and_wait() -> None:
        async with single.transaction() as tx:
            await tx.execute("INSERT INTO number VALUES (3)")
            await tx.execute("SELECT pg_sleep(600)")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await insert_and_wait()

    assert await read_numbers(single) == [1, 2]
    await single.close()


async def test_a_caught_failure_cannot_be_committed_by_mistake(numbers: Database) -> None:
    with pytest.raises(InvariantBroken):
        async with numbers.transaction() as tx:
            await tx.execute("INSERT INTO number VALUES (3)")
            with pytest.raises(asyncpg.UniqueViolationError):
                await tx.execute("INSERT INTO number VALUES (1)")

    assert await read_numbers(numbers) == [1, 2]


@pytest.mark.parametrize("count", [0, 1, FEW_ROWS_MAX, FEW_ROWS_MAX + 1, 100])
async def test_a_few_rows_and_many_are_written_alike(numbers: Database, count: int) -> None:
    async with numbers.transaction() as tx:
        await tx.copy_in("number", ["n"], ((number,) for number in range(3, 3 + count)))

    assert await read_numbers(numbers) == list(range(1, 3 + count))


async def test_every_type_is_written_alike_by_the_row_and_by_copy(numbers: Database) -> None:
    columns = ["offset", "id", "body", "at", "word"]
    row = (7, UUID(int=5), b"\x00'", datetime(2024, 5, 19, tzinfo=UTC), None)
    async with numbers.transaction() as tx:
        await tx.execute(
            'CREATE TABLE thing ("offset" smallint, id uuid, body bytea, at timestamptz, word text)'
        )
        await tx.copy_in("thing", columns, [row])
        await tx.copy_in("thing", columns, [row] * 2)
        await tx.copy_in("thing", columns, [row] * 9)
        rows = await tx.fetch("SELECT * FROM thing")

    assert [tuple(found) for found in rows] == [row] * 12


async def test_transactions_read_what_is_committed_whatever_the_server_prefers(
    numbers: Database,
) -> None:
    async with numbers.transaction() as tx:
        await tx.execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation TO"
            " serializable', current_database()); END $$"
        )
    later = Database(numbers.url)

    async with later.transaction() as tx:
        row = await tx.fetch_one("SHOW transaction_isolation")

    assert row is not None
    assert row[0] == "read committed"
    await later.close()


async def test_the_database_is_away_while_the_server_is_and_back_when_it_is_back(
    server: EmbeddedPostgres,
) -> None:
    database = Database(server.url())

    with pytest.raises(DatabaseAway):
        await ask(database)
    await asyncio.to_thread(server.start)
    first = await ask(database)
    await asyncio.to_thread(server.stop)
    with pytest.raises(DatabaseAway):
        await ask(database)
    await asyncio.to_thread(server.start)
    second = await ask(database)

    assert (first, second) == (1, 1)
    await database.close()


async def test_a_session_that_is_ended_in_its_transaction_is_away(numbers: Database) -> None:
    with pytest.raises(DatabaseAway):
        async with numbers.transaction() as tx:
            await tx.execute("INSERT INTO number VALUES (3)")
            await end_session(numbers, await pid_of(tx))
            await tx.execute("INSERT INTO number VALUES (4)")

    assert await read_numbers(numbers) == [1, 2]


async def test_a_session_that_is_ended_before_the_commit_is_away(numbers: Database) -> None:
    with pytest.raises(DatabaseAway):
        async with numbers.transaction() as tx:
            await tx.execute("INSERT INTO number VALUES (3)")
            await end_session(numbers, await pid_of(tx))

    assert await read_numbers(numbers) == [1, 2]


async def test_a_lost_session_does_not_hide_what_went_wrong_before(numbers: Database) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with numbers.transaction() as tx:
            await end_session(numbers, await pid_of(tx))
            raise LookupError("mine")

    assert await ask(numbers) == 1


async def test_our_own_mistakes_and_timeouts_are_not_the_databases(numbers: Database) -> None:
    with pytest.raises(asyncpg.InterfaceError):
        async with numbers.transaction() as tx:
            await tx.execute("INSERT INTO number VALUES ($1)", 3, 4)
    with pytest.raises(TimeoutError):
        async with numbers.transaction():
            raise TimeoutError("of a peer")

    assert await read_numbers(numbers) == [1, 2]


async def test_one_of_two_deadlocked_transactions_gives_way(numbers: Database) -> None:
    both_hold_one = asyncio.Barrier(2)

    async def lock(first: int, second: int) -> str:
        try:
            async with numbers.transaction() as tx:
                await tx.execute("SET LOCAL deadlock_timeout = '10ms'")
                await tx.execute("SELECT FROM number WHERE n = $1 FOR UPDATE", first)
                await both_hold_one.wait()
                await tx.execute("SELECT FROM number WHERE n = $1 FOR UPDATE", second)
        except TransactionConflict as conflict:
            return "conflict" if conflict.retryable else "lost"
        return "committed"

    answers = await asyncio.gather(lock(1, 2), lock(2, 1))

    assert sorted(answers) == ["committed", "conflict"]


async def test_a_transaction_that_waits_too_long_for_its_caller_is_ended(
    numbers: Database,
) -> None:
    with pytest.raises(DatabaseAway):
        async with numbers.transaction() as tx:
            pid = await pid_of(tx)
            await tx.execute("SELECT FROM number WHERE n = 1 FOR UPDATE")
            await tx.execute("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
            await wait_for_value(numbers.url, BACKENDS.format(pid), 0)
            await tx.execute("SELECT 1")

    async with numbers.transaction() as tx:
        await tx.execute("SELECT FROM number WHERE n = 1 FOR UPDATE NOWAIT")


async def test_every_session_has_the_limit_on_waiting(numbers: Database) -> None:
    async with numbers.transaction() as tx:
        row = await tx.fetch_one("SHOW idle_in_transaction_session_timeout")

    assert row is not None
    assert row[0] == "10s"


async def test_a_table_changed_under_a_cached_plan_is_a_conflict_and_then_fine(
    numbers: Database,
) -> None:
    single = Database(numbers.url, connections_max=1)
    async with single.transaction() as tx:
        await tx.fetch("SELECT * FROM number")
    async with numbers.transaction() as tx:
        await tx.execute("ALTER TABLE number ADD COLUMN more int")

    with pytest.raises(TransactionConflict):
        async with single.transaction() as tx:
            await tx.fetch("SELECT * FROM number")

    async with single.transaction() as tx:
        rows = await tx.fetch("SELECT * FROM number")
    assert [tuple(row) for row in rows] == [(1, None), (2, None)]
    await single.close()


async def test_many_first_transactions_share_one_pool(numbers: Database) -> None:
    fresh = Database(numbers.url, connections_max=2)

    answers = await asyncio.gather(*(ask(fresh) for _ in range(20)))

    name = "current_database() AND application_name = 'pitboss'"
    query = f"SELECT count(*) <= 2 + 1 FROM pg_stat_activity WHERE datname = {name}"
    assert answers == [1] * 20
    assert await read_value(fresh.url, query)
    await fresh.close()


async def ask(database: Database) -> int:
    async with database.transaction() as tx:
        row = await tx.fetch_one("SELECT 1 AS answer")
    assert row is not None
    return int(row["answer"])


async def read_numbers(database: Database) -> list[int]:
    async with database.transaction() as tx:
        return [row["n"] for row in await tx.fetch("SELECT n FROM number ORDER BY n")]


async def pid_of(tx: Transaction) -> int:
    row = await tx.fetch_one("SELECT pg_backend_pid() AS pid")
    assert row is not None
    return int(row["pid"])


async def end_session(database: Database, pid: int) -> None:
    """End a session and wait until the server has nothing left of it."""
    await read_value(database.url, "SELECT pg_terminate_backend($1)", pid)
    await wait_for_value(database.url, BACKENDS.format(pid), 0)
