"""What somebody can do to the database who owns it: the triggers do not stop them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from conftest import as_owner
from pitboss.db import Database
from pitboss.kernel.shards import Shard


async def tamper(database: Database, statement: str, *values: object) -> None:
    """Run a statement with the triggers switched off."""
    owner = Database(as_owner(database.url))
    async with owner.transaction() as tx:
        await tx.execute("SET LOCAL session_replication_role = replica")
        await tx.execute(statement, *values)
    await owner.close()


async def rewrite(
    database: Database, shard: Shard, type_name: str, change: Callable[[dict[str, object]], None]
) -> None:
    """Change what the first fact of a type in a shard says."""
    async with database.reading() as tx:
        rows = await tx.fetch("SELECT seq, body FROM fact WHERE shard = $1 ORDER BY seq", shard)
    for row in rows:
        envelope = msgspec.json.decode(row["body"])
        if envelope["data"]["type"] == type_name:
            change(envelope["data"])
            body = msgspec.json.encode(envelope, order="sorted")
            statement = "UPDATE fact SET body = $3 WHERE shard = $1 AND seq = $2"
            await tamper(database, statement, shard, row["seq"], body)
            return
    raise AssertionError(f"shard {shard} has no fact of type {type_name}")
