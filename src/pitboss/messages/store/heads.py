"""The SQL of the shards' heads, and of the locks of who writes and who must see no change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.shards import CATALOGUE_SHARD, Section, Shard
from pitboss.messages.model import Head, Stand
from pitboss.messages.store.words import count

# The classes of our advisory locks: "pitb" for a shard, "pits" for a section of the catalogue.
QUEUE_CLASS = 0x70697462
SECTION_CLASS = 0x70697473
# Before the catalogue's head: who moves it for some sections, and who wants all of it kept still,
# both share the catalogue, and of a row alone the sharers would pass whoever waits to move it.
HEAD_QUEUE = -1


async def lock_heads(
    tx: Transaction, shards: Iterable[Shard], *, sections: Iterable[Section] | None = None
) -> dict[Shard, Head]:
    """Lock the heads of these shards for writing, in one order for everybody.

    With `sections`, only these of the catalogue are kept from those who decide on bets.
    """
    wanted = set(shards)
    if CATALOGUE_SHARD not in wanted:
        return await _lock_heads(tx, wanted)
    before = {shard for shard in wanted if shard < CATALOGUE_SHARD}
    heads = await _lock_heads(tx, before) if before else {}
    # A row that is shared is shared with everybody who asks, and a stream of readers would keep
    # its writer out for ever.  So both queue up here, where who comes first is let in first.
    if sections is None:
        await tx.execute("SELECT pg_advisory_xact_lock($1, $2)", QUEUE_CLASS, CATALOGUE_SHARD)
    else:
        await _share_catalogue(tx)
        await tx.execute(
            "SELECT pg_advisory_xact_lock($1, section) FROM unnest($2::integer[]) AS section",
            SECTION_CLASS,
            sorted(sections),
        )
        await tx.execute("SELECT pg_advisory_xact_lock($1, $2)", SECTION_CLASS, HEAD_QUEUE)
    return heads | await _lock_heads(tx, wanted - before)


async def lock_sections_shared(tx: Transaction, sections: Iterable[Section]) -> None:
    """Keep sections of the catalogue, and all that is no section's, from changing until the end."""
    await _share_catalogue(tx)
    await tx.execute(
        "SELECT pg_advisory_xact_lock_shared($1, section) FROM unnest($2::integer[]) AS section",
        SECTION_CLASS,
        sorted(sections),
    )


async def _share_catalogue(tx: Transaction) -> None:
    await tx.execute("SELECT pg_advisory_xact_lock_shared($1, $2)", QUEUE_CLASS, CATALOGUE_SHARD)


async def _lock_heads(tx: Transaction, shards: Iterable[Shard]) -> dict[Shard, Head]:
    rows = await tx.fetch(
        "SELECT shard, epoch, seq, head_hash FROM shard_head WHERE shard = ANY($1::smallint[])"
        " ORDER BY shard FOR UPDATE",
        sorted(shards),
    )
    return {head.shard: head for head in map(_head, rows)}


async def lock_head_shared(tx: Transaction, shard: Shard) -> Head:
    """Keep a shard from changing until this transaction ends; many may do so at once.

    A writer who came first is let in first, if this is the catalogue.
    """
    await tx.execute("SELECT pg_advisory_xact_lock_shared($1, $2)", QUEUE_CLASS, shard)
    if shard == CATALOGUE_SHARD:
        await tx.execute("SELECT pg_advisory_xact_lock_shared($1, $2)", SECTION_CLASS, HEAD_QUEUE)
    row = await tx.fetch_one(
        "SELECT shard, epoch, seq, head_hash FROM shard_head WHERE shard = $1 FOR SHARE", shard
    )
    assert row is not None  # noqa: S101 - the migration made every head
    return _head(row)


async def find_seq(tx: Transaction, shard: Shard) -> int:
    """Return a shard's seq as it is committed."""
    row = await tx.fetch_one("SELECT seq FROM shard_head WHERE shard = $1", shard)
    assert row is not None  # noqa: S101 - the migration made every head
    return int(row["seq"])


async def find_stand(tx: Transaction, shard: Shard, streams: Sequence[str]) -> Stand:
    """Return where a shard and some of its streams stand, all at one moment."""
    rows = await tx.fetch(
        "SELECT head.seq, revoked, number, version"
        " FROM shard_head AS head JOIN shard_revocation USING (shard)"
        " LEFT JOIN (unnest($2::uuid[]) WITH ORDINALITY AS wanted (stream, number)"
        "   JOIN stream_head ON stream_head.shard = $1 AND stream_head.stream = wanted.stream)"
        " ON true WHERE head.shard = $1",
        shard,
        list(streams),
    )
    return Stand(
        seq=rows[0]["seq"],
        revoked=rows[0]["revoked"],
        versions={streams[no - 1]: version for _, _, no, version in rows if no is not None},
    )


async def find_heads(tx: Transaction) -> list[Head]:
    """Return every head as it is committed."""
    rows = await tx.fetch("SELECT shard, epoch, seq, head_hash FROM shard_head ORDER BY shard")
    return [_head(row) for row in rows]


async def move_heads(
    tx: Transaction, before: Mapping[Shard, Head], after: Mapping[Shard, Head]
) -> int:
    """Advance the heads that still are where they were; return how many that was."""
    shards = list(after)
    word = await tx.execute(
        "UPDATE shard_head AS head SET seq = moved.seq, head_hash = moved.head_hash"
        " FROM unnest($1::smallint[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bigint[])"
        "   AS moved (shard, seq, head_hash, seq_before, epoch)"
        " WHERE head.shard = moved.shard AND head.seq = moved.seq_before"
        "   AND head.epoch = moved.epoch",
        shards,
        [after[shard].seq for shard in shards],
        [after[shard].hash for shard in shards],
        [before[shard].seq for shard in shards],
        [before[shard].epoch for shard in shards],
    )
    return count(word)


async def count_revocations(tx: Transaction, shards: Iterable[Shard]) -> None:
    """Count that something was revoked in each of these shards."""
    await tx.execute(
        "UPDATE shard_revocation SET revoked = revoked + 1 WHERE shard = ANY($1::smallint[])",
        list(shards),
    )


async def find_revocations(tx: Transaction, shards: Iterable[Shard]) -> dict[Shard, int]:
    """Return how often something was revoked in each of these shards, as it is committed."""
    rows = await tx.fetch(
        "SELECT shard, revoked FROM shard_revocation WHERE shard = ANY($1::smallint[])",
        list(shards),
    )
    return {Shard(shard): revoked for shard, revoked in rows}


async def set_epoch(tx: Transaction, shards: Iterable[Shard], epoch: int) -> None:
    """Give the shards a new epoch, so that writers with an older one are fenced off."""
    await tx.execute(
        "UPDATE shard_head SET epoch = $2 WHERE shard = ANY($1::smallint[])", list(shards), epoch
    )


def _head(row: asyncpg.Record) -> Head:
    return Head(shard=row["shard"], epoch=row["epoch"], seq=row["seq"], hash=row["head_hash"])
