"""The SQL of the facts and their streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pitboss.db import Transaction
from pitboss.kernel.shards import Shard
from pitboss.messages.model import SealedFact


async def advance_streams(
    tx: Transaction, counts: Mapping[tuple[Shard, str], int]
) -> dict[tuple[Shard, str], int]:
    """Move each stream on by so many facts; return the newest version that it had before."""
    streams = list(counts)
    # The number of the place comes back instead of its id, which need not be written out again.
    rows = await tx.fetch(
        "UPDATE stream_head AS head SET version = head.version + batch.facts"
        " FROM unnest($1::smallint[], $2::uuid[], $3::bigint[]) WITH ORDINALITY"
        "   AS batch (shard, stream, facts, number)"
        " WHERE head.shard = batch.shard AND head.stream = batch.stream"
        " RETURNING batch.number, head.version - batch.facts",
        [shard for shard, _ in streams],
        [stream for _, stream in streams],
        list(counts.values()),
    )
    before = {streams[number - 1]: version for number, version in rows}
    if len(before) < len(streams):
        await open_streams(tx, {item: counts[item] for item in streams if item not in before})
    return before


async def open_streams(tx: Transaction, counts: Mapping[tuple[Shard, str], int]) -> None:
    """Write the newest version of streams that are new."""
    await tx.execute(
        "INSERT INTO stream_head (shard, stream, version)"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bigint[])",
        [shard for shard, _ in counts],
        [stream for _, stream in counts],
        list(counts.values()),
    )


async def save_facts(tx: Transaction, facts: Sequence[SealedFact]) -> None:
    """Append facts."""
    await tx.copy_in(
        "fact",
        ("shard", "seq", "stream", "version", "body"),
        [(fact.shard, fact.seq, fact.stream, fact.version, fact.body) for fact in facts],
    )


async def find_facts(
    tx: Transaction, shard: Shard, *, after_seq: int, limit: int
) -> list[SealedFact]:
    """Return the shard's next facts in order."""
    rows = await tx.fetch(
        "SELECT seq, stream::text, version, body FROM fact"
        " WHERE shard = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        shard,
        after_seq,
        limit,
    )
    # Taken apart at once: to look a column up by its name costs as much as to make the noun.
    return [
        SealedFact(shard=shard, seq=seq, stream=stream, version=version, body=body)
        for seq, stream, version, body in rows
    ]
