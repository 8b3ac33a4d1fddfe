"""The SQL of pricing."""

from __future__ import annotations

from pitboss.db import Transaction
from pitboss.sportsbook.pricing.model import Source


async def find_source(tx: Transaction, source: str) -> Source | None:
    """Return a source's newest push."""
    row = await tx.fetch_one(
        "SELECT source, sequence, digest, answers FROM price_source WHERE source = $1", source
    )
    return None if row is None else Source(**row)


async def save_source(tx: Transaction, source: Source) -> None:
    """Write a source's newest push."""
    await tx.execute(
        "INSERT INTO price_source (source, sequence, digest, answers) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (source) DO UPDATE"
        " SET sequence = $2, digest = $3, answers = $4",
        source.source,
        source.sequence,
        source.digest,
        source.answers,
    )
