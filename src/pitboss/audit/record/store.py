"""The SQL of the record: published checkpoints, and what it reads of the facts' own tables."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pitboss.db import Transaction
from pitboss.kernel.shards import Shard


async def save_checkpoint(
    tx: Transaction, *, size: int, root: bytes, note: str, published_at: datetime
) -> None:
    """Note a checkpoint; the same one again changes nothing."""
    await tx.execute(
        "INSERT INTO audit_checkpoint (size, root, note, published_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        size,
        root,
        note,
        published_at,
    )


async def find_checkpoints(tx: Transaction) -> list[tuple[int, bytes]]:
    """Return size and root of every checkpoint, smallest first."""
    rows = await tx.fetch("SELECT size, root FROM audit_checkpoint ORDER BY size")
    return [(row["size"], row["root"]) for row in rows]


async def find_bodies(
    tx: Transaction, places: Collection[tuple[Shard, int]]
) -> dict[tuple[Shard, int], bytes]:
    """Return the bytes of these facts, by shard and seq."""
    rows = await tx.fetch(
        "SELECT fact.shard, fact.seq, fact.body FROM fact"
        " JOIN unnest($1::smallint[], $2::bigint[]) AS wanted (shard, seq)"
        " ON fact.shard = wanted.shard AND fact.seq = wanted.seq",
        [shard for shard, _ in places],
        [seq for _, seq in places],
    )
    return {(Shard(row["shard"]), row["seq"]): row["body"] for row in rows}


async def find_facts_about(
    tx: Transaction, shard: Shard, somebody: str
) -> list[tuple[Shard, int, bytes]]:
    """Return shard, seq and bytes of all facts of the streams that name somebody, in order."""
    rows = await tx.fetch(
        "SELECT shard, seq, body FROM fact WHERE shard = $1 AND stream IN"
        " (SELECT stream FROM fact WHERE shard = $1 AND position($2::bytea IN body) > 0)"
        " ORDER BY seq",
        shard,
        somebody.encode(),
    )
    return [(Shard(row["shard"]), row["seq"], row["body"]) for row in rows]


async def count_streams(tx: Transaction) -> dict[Shard, dict[str, int]]:
    """Return the newest version of every stream, by shard, as its table says."""
    rows = await tx.fetch("SELECT shard, stream::text, version FROM stream_head")
    versions: dict[Shard, dict[str, int]] = {}
    for shard, stream, version in rows:
        versions.setdefault(Shard(shard), {})[stream] = version
    return versions
