"""The SQL of the record: published checkpoints, and what it reads of the facts' own tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from pitboss.db import Transaction
from pitboss.kernel.shards import Shard

CHECKPOINTS_PAGE_MAX = 1_000


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


async def find_checkpoints(
    tx: Transaction, after: tuple[int, bytes]
) -> list[tuple[int, bytes, str]]:
    """Return size, root and note of the checkpoints after one, smallest first, a page of them."""
    rows = await tx.fetch(
        "SELECT size, root, note FROM audit_checkpoint WHERE (size, root) > ($1, $2)"
        " ORDER BY size, root LIMIT $3",
        *after,
        CHECKPOINTS_PAGE_MAX,
    )
    return [(row["size"], row["root"], row["note"]) for row in rows]


async def find_newest_checkpoint(tx: Transaction) -> tuple[int, bytes] | None:
    """Return size and root of the newest checkpoint that is noted."""
    row = await tx.fetch_one(
        "SELECT size, root FROM audit_checkpoint ORDER BY size DESC, root DESC LIMIT 1"
    )
    return None if row is None else (row["size"], row["root"])


async def find_tidied_size(tx: Transaction, kept: timedelta) -> int:
    """Return a size so old that what was partial at it has been tidied away before we started."""
    row = await tx.fetch_one(
        "SELECT size FROM audit_checkpoint WHERE published_at < (SELECT published_at - $1::interval"
        " FROM audit_checkpoint ORDER BY size DESC LIMIT 1) ORDER BY size DESC LIMIT 1",
        kept,
    )
    return 0 if row is None else int(row["size"])


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


async def find_columns(
    tx: Transaction, stretches: Sequence[tuple[Shard, int, int]]
) -> list[tuple[Shard, int, str, int]]:
    """Return shard, seq, stream and version, as their columns say, of the facts of stretches.

    A stretch is a shard, its first seq and how many facts; the answer is in the same order.
    """
    rows = await tx.fetch(
        "SELECT wanted.shard, found.* FROM unnest($1::smallint[], $2::bigint[], $3::bigint[])"
        " WITH ORDINALITY AS wanted (shard, seq, facts, place), LATERAL"
        " (SELECT array_agg(seq ORDER BY seq), array_agg(stream::text ORDER BY seq),"
        "   array_agg(version ORDER BY seq) FROM fact WHERE fact.shard = wanted.shard"
        "   AND fact.seq >= wanted.seq AND fact.seq < wanted.seq + wanted.facts) AS found"
        " ORDER BY wanted.place",
        *map(list, zip(*stretches, strict=True)),
    )
    return [
        (Shard(shard), *columns)
        for shard, *arrays in rows
        for columns in zip(*(array or () for array in arrays), strict=True)
    ]


async def count_facts(tx: Transaction) -> dict[Shard, tuple[int, int]]:
    """Return, by shard, how many facts the table has and the highest seq of one."""
    rows = await tx.fetch("SELECT shard, count(*), max(seq) FROM fact GROUP BY shard")
    return {Shard(shard): (facts, last) for shard, facts, last in rows}


async def count_placed(tx: Transaction) -> tuple[int, int]:
    """Return how many facts the runs of the one order have, and where the last one ends."""
    row = await tx.fetch_one(
        "SELECT coalesce(sum(facts), 0)::bigint AS facts, coalesce(max(position + facts), 0)"
        " AS stop FROM fact_run"
    )
    assert row is not None  # noqa: S101 - an aggregate returns a row
    return row["facts"], row["stop"]


async def count_streams(tx: Transaction) -> dict[Shard, dict[str, int]]:
    """Return the newest version of every stream, by shard, as its table says."""
    rows = await tx.fetch("SELECT shard, stream::text, version FROM stream_head")
    versions: dict[Shard, dict[str, int]] = {}
    for shard, stream, version in rows:
        versions.setdefault(Shard(shard), {})[stream] = version
    return versions
