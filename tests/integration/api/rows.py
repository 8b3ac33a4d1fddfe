"""How much is in the database: what a refused request must leave as it was."""

from __future__ import annotations

from pitboss.db import Database


async def count_rows(database: Database) -> dict[str, int]:
    """Return the number of rows of every table."""
    async with database.reading() as tx:
        tables = await tx.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        counts = " UNION ALL ".join(
            f"SELECT '{row['tablename']}' AS name, count(*) AS rows FROM {row['tablename']}"
            for row in tables
        )
        return {row["name"]: row["rows"] for row in await tx.fetch(counts)}
