"""What grows only grows, whoever asks: by permission for processes, by trigger for the owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from conftest import as_process
from integration.db.connections import MakeServer, read_value
from pitboss.db import Database, migrate, roles
from pitboss.db.embedded import OWNER, PROCESS
from pitboss.db.errors import OwnerNeeded

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
VERBS = ("UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}")
# Everything that a trigger keeps from being changed.
GUARDED = (
    "SELECT relname::text, (SELECT attname::text FROM pg_attribute WHERE attrelid = relation.oid"
    "   AND attnum = 1) FROM pg_class AS relation JOIN pg_trigger ON tgrelid = relation.oid"
    " WHERE tgfoid = 'refuse_to_change_history'::regproc ORDER BY relname"
)
# What could be owned, and by whom.
OWNERS = (
    "SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace"
    " UNION SELECT pg_get_userbyid(proowner)::text FROM pg_proc"
    " WHERE pronamespace = 'public'::regnamespace"
)
TRICKS = (
    "SET session_replication_role = replica",
    "ALTER TABLE fact DISABLE TRIGGER ALL",
    "ALTER TABLE fact DISABLE TRIGGER fact_is_append_only",
    "DROP TRIGGER fact_is_append_only ON fact",
    "DROP TABLE fact",
    "ALTER TABLE fact RENAME TO old",
    "ALTER TABLE fact OWNER TO CURRENT_USER",
    "CREATE OR REPLACE FUNCTION refuse_to_change_history() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER mine BEFORE INSERT ON fact EXECUTE FUNCTION refuse_to_change_history()",
    "CREATE RULE mine AS ON INSERT TO fact DO INSTEAD NOTHING",
    "CREATE TABLE other ()",
    "INSERT INTO fact SELECT * FROM fact ON CONFLICT (shard, seq) DO UPDATE SET body = ''",
    "MERGE INTO fact USING fact AS other ON true WHEN MATCHED THEN DELETE",
    "SELECT FROM fact FOR UPDATE",
    "LOCK TABLE fact IN ACCESS EXCLUSIVE MODE",
    "UPDATE schema_step SET digest = ''",
    f"SET ROLE {OWNER}",
    f"GRANT {OWNER} TO CURRENT_USER",
    f"ALTER ROLE {PROCESS} SUPERUSER",
    "CREATE ROLE another",
    "COPY fact TO PROGRAM 'true'",
)


async def guarded(database: Database) -> list[tuple[str, str]]:
    async with database.reading() as tx:
        return [(table, column) for table, column in await tx.fetch(GUARDED)]


async def try_to(database: Database, statement: str) -> str | None:
    """Return how PostgreSQL refuses to do this for want of a right, or None if it is done."""
    try:
        async with database.transaction() as tx:
            await tx.execute(statement)
    except asyncpg.InsufficientPrivilegeError as error:
        return str(error)
    return None


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.split()[0])
async def test_no_role_changes_what_only_grows(
    database: Database, owned: Database, verb: str
) -> None:
    tables = await guarded(database)

    for table, column in tables:
        change = verb.format(table, column, column)
        assert await try_to(database, change) == f"permission denied for table {table}"
        assert "is append-only" in str(await try_to(owned, change))
    assert {"fact", "command", "wallet_transfer"} <= {table for table, _ in tables}


@pytest.mark.parametrize("trick", TRICKS)
async def test_a_process_cannot_get_round_it(database: Database, trick: str) -> None:
    assert await try_to(database, trick) is not None


async def test_a_process_grants_itself_nothing_and_sets_nothing_for_others(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        # To PostgreSQL that is only worth a warning.
        await tx.execute("GRANT UPDATE ON fact TO CURRENT_USER")

    assert await try_to(database, "UPDATE fact SET body = body") is not None
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await read_value(database.url, "ALTER SYSTEM SET session_replication_role = replica")


async def test_every_table_is_open_to_processes_exactly_as_it_is_written(
    database: Database,
) -> None:
    query = (
        "SELECT relname::text, array_agg(privilege ORDER BY privilege)"
        " FILTER (WHERE has_table_privilege(relation.oid, privilege))"
        " FROM pg_class AS relation, unnest($1::text[]) AS privilege"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')"
        " GROUP BY relname"
    )

    async with database.reading() as tx:
        found = dict(map(tuple, await tx.fetch(query, PRIVILEGES)))

    written = {name: sorted(text.split(", ")) for name, text in roles.GRANTS.items()}
    assert found == written, "say in db/roles.py what processes may do with every table"


async def test_what_a_trigger_guards_can_be_read_and_added_to_and_nothing_else(
    database: Database,
) -> None:
    tables = await guarded(database)

    assert {roles.GRANTS[table] for table, _ in tables} == {"SELECT, INSERT"}


async def test_the_role_of_the_processes_owns_nothing_and_may_nothing_special(
    database: Database,
) -> None:
    async with database.reading() as tx:
        owners = {row[0] for row in await tx.fetch(OWNERS)}
        (role,) = await tx.fetch("SELECT * FROM pg_roles WHERE rolname = current_user")
        memberships = await tx.fetch("SELECT 1 FROM pg_auth_members WHERE member = $1", role["oid"])

    assert PROCESS not in owners
    special = ("rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls")
    assert not any(role[name] for name in special)
    assert memberships == []


async def test_whoever_could_change_history_is_known(database: Database, owned: Database) -> None:
    found = []
    for one in (database, owned):
        async with one.reading() as tx:
            found.append(await roles.may_change_history(tx))

    assert found == [False, True]


async def test_before_there_is_a_table_of_facts_nobody_could(empty_database: Database) -> None:
    async with empty_database.reading() as tx:
        assert not await roles.may_change_history(tx)


@pytest.fixture
async def process(empty_database: Database) -> AsyncIterator[Database]:
    """Give the empty database as processes enter it."""
    entered = Database(as_process(empty_database.url))
    yield entered
    await entered.close()


async def test_a_process_migrates_nothing_and_finds_that_there_is_nothing_to_do(
    empty_database: Database, process: Database
) -> None:
    with pytest.raises(OwnerNeeded, match="permission denied"):
        await migrate(process)
    await migrate(empty_database)
    await roles.grant(empty_database, PROCESS)

    assert await migrate(process) == 0


async def test_only_the_owner_says_what_processes_may_do(
    empty_database: Database, process: Database
) -> None:
    await migrate(empty_database)

    with pytest.raises(OwnerNeeded):
        await roles.grant(process, OWNER)


async def test_a_table_that_nobody_thought_of_is_closed(
    empty_database: Database, process: Database
) -> None:
    await migrate(empty_database)
    async with empty_database.transaction() as tx:
        await tx.execute("CREATE TABLE forgotten (n int)")
        await tx.execute(f"GRANT ALL ON forgotten TO {PROCESS}")

    await asyncio.gather(*(roles.grant(empty_database, PROCESS) for _ in range(4)))

    assert await try_to(process, "SELECT * FROM forgotten") is not None
    assert await try_to(process, "SELECT * FROM fact") is None


async def test_granting_to_the_owner_leaves_the_owner_everything(empty_database: Database) -> None:
    await migrate(empty_database)
    role = await roles.find_role(empty_database)

    await roles.grant(empty_database, role)

    assert await try_to(empty_database, "UPDATE shard_head SET seq = seq") is None


async def test_a_home_from_before_there_were_roles_gets_one(make_server: MakeServer) -> None:
    server = make_server()
    server.start()
    await read_value(server.owner_url(), f"DROP ROLE {PROCESS}")

    url = server.start()

    assert await read_value(url, "SELECT current_user::text") == PROCESS


async def test_a_role_may_have_any_name(
    empty_database: Database, maintenance: asyncpg.Connection[asyncpg.Record]
) -> None:
    await migrate(empty_database)
    name = 'Ann\'s "own" role'
    await maintenance.execute('CREATE ROLE "Ann\'s ""own"" role"')
    try:
        await roles.grant(empty_database, name)

        async with empty_database.reading() as tx:
            row = await tx.fetch_one("SELECT has_table_privilege($1, 'fact', 'INSERT')", name)
        assert row is not None
        assert row[0]
    finally:
        async with empty_database.transaction() as tx:
            await tx.execute('DROP OWNED BY "Ann\'s ""own"" role"')
        await maintenance.execute('DROP ROLE "Ann\'s ""own"" role"')
