"""The SQL of voiding."""

from __future__ import annotations

from pitboss.db import Transaction


async def lock_cursor(tx: Transaction) -> int | None:
    """Lock the cursor and return its position; None if a twin has it."""
    row = await tx.fetch_one("SELECT position FROM voiding_cursor FOR UPDATE SKIP LOCKED")
    return None if row is None else int(row["position"])


async def find_cursor(tx: Transaction) -> int:
    """Return the position up to which facts were heard."""
    row = await tx.fetch_one("SELECT position FROM voiding_cursor")
    assert row is not None  # noqa: S101 - the migration made it
    return int(row["position"])


async def move_cursor(tx: Transaction, position: int) -> None:
    """Write up to which position facts were heard."""
    await tx.execute("UPDATE voiding_cursor SET position = $1", position)
