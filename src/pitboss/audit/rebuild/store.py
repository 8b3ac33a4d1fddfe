"""The SQL of rebuilding: whatever table, as the catalogue of the database describes it."""

from __future__ import annotations

from collections.abc import Mapping

from pitboss.audit.rebuild.model import Column
from pitboss.db import Transaction
from pitboss.kernel.folding import Row, Table
from pitboss.kernel.shards import SHARDS_ALL, Shard


async def find_tables(tx: Transaction) -> dict[str, list[Column]]:
    """Return the columns of every table of ours."""
    rows = await tx.fetch(
        "SELECT class.relname AS table, attname AS name, atttypid::regtype::text AS type"
        " FROM pg_class AS class JOIN pg_attribute ON attrelid = class.oid"
        " WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace"
        "   AND attnum > 0 AND NOT attisdropped ORDER BY relname, attnum"
    )
    tables: dict[str, list[Column]] = {}
    for row in rows:
        tables.setdefault(row["table"], []).append(Column(name=row["name"], type=row["type"]))
    return tables


async def find_rows(
    tx: Transaction, table: Table, columns: Mapping[str, str], shard: Shard | None
) -> list[Row]:
    """Return the live rows of a table, or of one shard of it.

    `columns` are their types.  An id comes as text, as facts have it, and a list of them, too.
    """
    as_text = {"uuid": "::text", "uuid[]": "::text[]"}
    chosen = ", ".join(f'"{name}"{as_text.get(columns[name], "")}' for name in table.columns)
    # All at once: what facts make of them is in memory too, and a cursor is three round trips for
    # each table of each shard, most of which have few rows.
    where, arguments = ("", ()) if shard is None else (" WHERE shard = $1", (shard,))
    rows = await tx.fetch(f'SELECT {chosen} FROM "{table.name}"{where}', *arguments)
    return list(map(list, rows))


async def count_strays(tx: Transaction, table: Table) -> int:
    """Return how many rows are in shards that do not exist."""
    row = await tx.fetch_one(
        f'SELECT count(*) AS rows FROM "{table.name}" WHERE shard <> ALL($1::smallint[])',
        list(SHARDS_ALL),
    )
    return 0 if row is None else int(row["rows"])


async def find_personal(tx: Transaction, shard: Shard) -> tuple[set[tuple[str, str]], set[str]]:
    """Return whose values are kept in a shard, at which paths, and who has a key to them."""
    values = await tx.fetch(
        "SELECT subject_id::text, path FROM personal_value WHERE shard = $1", shard
    )
    subjects = await tx.fetch(
        "SELECT subject_id::text FROM personal_subject"
        " WHERE shard = $1 AND wrapped_key IS NOT NULL",
        shard,
    )
    return {(row[0], row[1]) for row in values}, {row[0] for row in subjects}
