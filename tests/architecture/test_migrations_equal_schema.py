"""Whoever reads the rooms' schemas reads what the migrations really make."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import pytest

import pitboss
from pitboss.db import Database, Transaction

# It defines the function that keeps append-only tables append-only, which other rooms use.
FIRST_ROOM = "messages"
# What the migrations keep for themselves; no room owns it.
OWN_TABLE = "schema_step"
# Tables with more rows than this are not seeds.
SEEDS_MAX = 10_000

OURS = f"'public'::regnamespace AND NOT relname = '{OWN_TABLE}'"

# Each query returns lines of text that name the thing and say everything about it.
CATALOG = {
    "relations": (
        "SELECT format('%s %s persistence=%s replica=%s options=%s toast=%s row security=%s/%s"
        " partitions=%s bound=%s', relkind, relname, relpersistence, relreplident, reloptions,"
        " (SELECT reloptions FROM pg_class AS toast WHERE toast.oid = relation.reltoastrelid),"
        " relrowsecurity, relforcerowsecurity, pg_get_partkeydef(oid),"
        " pg_get_expr(relpartbound, oid))"
        f" FROM pg_class AS relation WHERE relnamespace = {OURS} AND relkind <> 'i'"
    ),
    "columns": (
        "SELECT format('%s.%s %s not null=%s default=%s identity=%s generated=%s storage=%s"
        " compression=%s collation=%s statistics=%s options=%s', relname, attname,"
        " format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), attidentity,"
        " attgenerated, attstorage, attcompression, attcollation::regcollation, attstattarget,"
        " attoptions)"
        " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
        f" WHERE relnamespace = {OURS} AND relkind <> 'i' AND attnum > 0 AND NOT attisdropped"
    ),
    "constraints": (
        "SELECT format('%s.%s %s valid=%s', relname, conname,"
        " pg_get_constraintdef(pg_constraint.oid), convalidated)"
        " FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid"
        f" WHERE relnamespace = {OURS}"
    ),
    "indexes": (
        "SELECT format('%s valid=%s clustered=%s', pg_get_indexdef(indexrelid), indisvalid,"
        " indisclustered)"
        f" FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = {OURS}"
    ),
    "triggers": (
        "SELECT format('%s enabled=%s', pg_get_triggerdef(pg_trigger.oid), tgenabled)"
        " FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        f" WHERE relnamespace = {OURS} AND NOT tgisinternal"
    ),
    "rules and views": (
        "SELECT pg_get_ruledef(pg_rewrite.oid) FROM pg_rewrite"
        f" JOIN pg_class ON pg_class.oid = ev_class WHERE relnamespace = {OURS}"
    ),
    "policies": (
        "SELECT format('%s.%s', tablename, to_jsonb(pg_policies)) FROM pg_policies"
        " WHERE schemaname = 'public'"
    ),
    "functions": (
        "SELECT pg_get_functiondef(oid) FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p', 'w')"
    ),
    "sequences": (
        "SELECT to_jsonb(pg_sequences)::text FROM pg_sequences WHERE schemaname = 'public'"
    ),
    "types": (
        "SELECT format('%s %s %s not null=%s default=%s labels=%s checks=%s', typtype, typname,"
        " format_type(typbasetype, typtypmod), typnotnull, typdefault,"
        " (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum"
        "  WHERE enumtypid = type.oid),"
        " (SELECT array_agg(pg_get_constraintdef(oid) ORDER BY conname) FROM pg_constraint"
        "  WHERE contypid = type.oid))"
        " FROM pg_type AS type WHERE typnamespace = 'public'::regnamespace"
        " AND typtype IN ('d', 'e', 'r')"
    ),
    "statistics": (
        "SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext"
        " WHERE stxnamespace = 'public'::regnamespace"
    ),
    "extensions": "SELECT extname FROM pg_extension",
    "schemas": "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)'",
    "comments": (
        "SELECT format('%s: %s', pg_describe_object(classoid, objoid, objsubid), description)"
        " FROM pg_description WHERE objoid >= 16384"
    ),
}


async def test_the_migrations_make_what_the_schemas_say(
    database: Database, empty_database: Database
) -> None:
    await apply(empty_database, schemas())

    migrated, written = await describe(database), await describe(empty_database)

    assert not (found := differences(written, migrated)), f"schemas (-), migrations (+):\n{found}"


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE command ADD COLUMN more int",
        "ALTER TABLE command ALTER COLUMN body DROP NOT NULL",
        "ALTER TABLE command ALTER COLUMN body TYPE text",
        "ALTER TABLE command ALTER COLUMN body SET STORAGE EXTERNAL",
        "ALTER TABLE command ALTER COLUMN body SET DEFAULT ''",
        "ALTER TABLE command SET (fillfactor = 90)",
        "ALTER TABLE command SET (toast.autovacuum_enabled = off)",
        "ALTER TABLE command DISABLE TRIGGER command_is_append_only",
        "ALTER TABLE shard_head ADD CHECK (epoch >= 0)",
        "CREATE INDEX ON command (command_id)",
        "CREATE VIEW every_command AS SELECT * FROM command",
        "CREATE OR REPLACE FUNCTION refuse_to_change_history() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'",
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        "CREATE SEQUENCE counter",
        "DELETE FROM shard_head WHERE shard = 3",
        "UPDATE shard_head SET epoch = 1 WHERE shard = 3",
        "COMMENT ON TABLE command IS 'a log'",
    ],
)
async def test_a_difference_is_noticed(owned: Database, change: str) -> None:
    before = await describe(owned)

    await apply(owned, [change])

    assert differences(before, await describe(owned))


def schemas() -> list[str]:
    """Return the SQL of every room that owns tables: the first room's, then by name."""
    root = Path(str(resources.files(pitboss)))
    paths = {path.relative_to(root).as_posix(): path for path in root.rglob("schema.sql")}
    names = sorted(paths, key=lambda name: (not name.startswith(f"{FIRST_ROOM}/"), name))
    return [paths[name].read_text(encoding="utf-8") for name in names]


async def apply(database: Database, statements: Sequence[str]) -> None:
    async with database.transaction() as tx:
        for statement in statements:
            await tx.execute(statement)


async def describe(database: Database) -> list[str]:
    """Return everything about the database, a line for each thing, in one order."""
    async with database.transaction() as tx:
        lines = []
        for section, query in CATALOG.items():
            rows = await tx.fetch(query)
            lines += sorted(f"{section}: {row[0]}" for row in rows)
        return lines + await describe_seeds(tx)


async def describe_seeds(tx: Transaction) -> list[str]:
    """Return the rows of every small table."""
    tables = await tx.fetch(
        f"SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = {OURS}"
        " AND relkind = 'r' ORDER BY relname"
    )
    lines = []
    for (table,) in tables:
        # As JSON, because it does not depend on the order of the columns.
        rows = await tx.fetch(f"SELECT to_jsonb(t)::text FROM {table} AS t LIMIT {SEEDS_MAX + 1}")
        if len(rows) <= SEEDS_MAX:
            lines += sorted(f"rows: {table} {row[0]}" for row in rows)
    return lines


def differences(before: list[str], after: list[str]) -> str:
    """Return what a reader must look at, as a unified diff."""
    return "\n".join(
        line for line in difflib.unified_diff(before, after, n=0, lineterm="") if line[:2] != "@@"
    )
