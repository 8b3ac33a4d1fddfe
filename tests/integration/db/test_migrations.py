"""Each step is applied once, by whoever comes first, and never again differently."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from pitboss.db import Database, migrate
from pitboss.db.errors import MigrationMismatch
from pitboss.db.migrations import Migration, migrations

FIRST = Migration(number=1, name="0001_a.sql", sql="CREATE TABLE a (); CREATE TABLE b ();")
SECOND = Migration(number=2, name="0002_c.sql", sql="CREATE TABLE c ();")
BROKEN = Migration(number=3, name="0003_d.sql", sql="CREATE TABLE d (); SELECT 1 / 0;")


async def test_each_step_is_applied_once(empty_database: Database) -> None:
    first = await migrate(empty_database)
    second = await migrate(empty_database)

    assert (first, second) == (len(migrations()), 0)


async def test_a_later_pitboss_applies_only_what_is_new(empty_database: Database) -> None:
    first = await migrate(empty_database, [FIRST])
    second = await migrate(empty_database, [FIRST, SECOND])

    assert (first, second) == (1, 1)
    assert await tables(empty_database) == ["a", "b", "c", "schema_step"]


async def test_starts_at_the_same_moment_migrate_once(empty_database: Database) -> None:
    databases = [Database(empty_database.url) for _ in range(4)]

    counts = await asyncio.gather(*(migrate(database) for database in databases))

    assert sorted(counts) == [0, 0, 0, len(migrations())]
    for database in databases:
        await database.close()


async def test_an_edited_step_is_refused(empty_database: Database) -> None:
    await migrate(empty_database, [FIRST])
    edited = replace(FIRST, sql=f"{FIRST.sql} -- and more")

    with pytest.raises(MigrationMismatch, match="0001"):
        await migrate(empty_database, [edited, SECOND])

    assert await tables(empty_database) == ["a", "b", "schema_step"]


async def test_the_database_of_a_later_pitboss_is_refused(empty_database: Database) -> None:
    await migrate(empty_database, [FIRST, SECOND])

    with pytest.raises(MigrationMismatch, match="0002"):
        await migrate(empty_database, [FIRST])


async def test_a_step_that_fails_leaves_nothing_behind(empty_database: Database) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_database, [FIRST, BROKEN])

    assert await tables(empty_database) == []


def test_no_two_steps_have_the_same_number() -> None:
    numbers = [step.number for step in migrations()]

    assert sorted(set(numbers)) == numbers


async def tables(database: Database) -> list[str]:
    async with database.transaction() as tx:
        rows = await tx.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind = 'r' ORDER BY relname"
        )
    return [row["relname"] for row in rows]
