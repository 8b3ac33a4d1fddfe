"""The SQL of voiding."""

from __future__ import annotations

from datetime import datetime

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


async def find_due_aside(tx: Transaction, now: datetime) -> int | None:
    """Return the position of an exclusion that was set aside and is to be tried again by now."""
    row = await tx.fetch_one(
        "SELECT position FROM voiding_aside WHERE again_at <= $1 ORDER BY again_at LIMIT 1", now
    )
    return None if row is None else int(row["position"])


async def save_aside(
    tx: Transaction, position: int, *, why: str, now: datetime, again_at: datetime
) -> None:
    """Write that an exclusion is set aside, since when, and when it is tried again."""
    await tx.execute(
        "INSERT INTO voiding_aside (position, why, since, again_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (position) DO UPDATE SET why = excluded.why, again_at = excluded.again_at",
        position,
        why,
        now,
        again_at,
    )


async def end_aside(tx: Transaction, position: int) -> None:
    """Write that an exclusion is not set aside any more."""
    await tx.execute("DELETE FROM voiding_aside WHERE position = $1", position)
