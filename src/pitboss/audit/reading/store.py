"""The SQL of reading facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.shards import Shard
from pitboss.messages.model import SealedFact

_MENTIONS = "EXISTS (SELECT FROM unnest($1::bytea[]) AS word WHERE position(word IN body) > 0)"


async def find_mentions(
    tx: Transaction, words: Collection[str], shards: Collection[Shard]
) -> list[SealedFact]:
    """Return the facts of these shards whose bytes hold one of these words."""
    rows = await tx.fetch(
        "SELECT shard, seq, stream, version, body FROM fact"
        f" WHERE shard = ANY($2::smallint[]) AND {_MENTIONS} ORDER BY shard, seq",
        [word.encode() for word in words],
        list(shards),
    )
    return _sealed(rows)


async def find_in_streams(
    tx: Transaction, shard: Shard, streams: Collection[str], word: str | None
) -> list[SealedFact]:
    """Return the facts of these streams of a shard whose bytes hold this word, if one is given."""
    rows = await tx.fetch(
        "SELECT shard, seq, stream, version, body FROM fact WHERE shard = $1"
        " AND stream = ANY($2::uuid[]) AND ($3::bytea IS NULL OR position($3 IN body) > 0)"
        " ORDER BY seq",
        shard,
        list(streams),
        None if word is None else word.encode(),
    )
    return _sealed(rows)


async def find_shards(tx: Transaction, word: str) -> list[Shard]:
    """Return the shards with a fact whose bytes hold this word."""
    rows = await tx.fetch(
        f"SELECT DISTINCT shard FROM fact WHERE {_MENTIONS} ORDER BY shard", [word.encode()]
    )
    return [Shard(row["shard"]) for row in rows]


def _sealed(rows: Iterable[asyncpg.Record]) -> list[SealedFact]:
    return [
        SealedFact(shard=Shard(shard), seq=seq, stream=str(stream), version=version, body=body)
        for shard, seq, stream, version, body in rows
    ]
