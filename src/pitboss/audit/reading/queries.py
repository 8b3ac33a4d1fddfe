"""Reads of stored facts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from pitboss import messages, order
from pitboss.audit.reading.errors import FactUnreadable
from pitboss.db import Transaction
from pitboss.kernel.shards import SHARDS_ALL, Shard
from pitboss.messages.model import SealedFact

from . import store

# So many that asking for them costs nothing, so few that they take some megabytes.
PAGE_FACTS = 5_000


async def read_shard(tx: Transaction, shard: Shard) -> AsyncIterator[Sequence[SealedFact]]:
    """Yield all facts of a shard in their order, some thousands at a time."""
    after = 0
    while page := await messages.read_facts(tx, shard, after_seq=after, limit=PAGE_FACTS):
        yield page
        after = page[-1].seq
        if len(page) < PAGE_FACTS:
            break


async def read_mentions(
    tx: Transaction, words: Collection[str], *, shards: Collection[Shard] = SHARDS_ALL
) -> list[SealedFact]:
    """Return the facts of these shards whose bytes hold one of these words, in their order.

    Facts are indexed by nothing but their place, because every one of them would pay for a question
    that few ask: this reads every fact of the shards, in the database.
    """
    return await store.find_mentions(tx, words, shards)


async def find_places(tx: Transaction, word: str) -> list[Shard]:
    """Return the shards in which a fact's bytes hold this word; it reads every fact there is."""
    return await store.find_shards(tx, word)


async def read_streams(
    tx: Transaction, shard: Shard, streams: Collection[str], *, word: str | None = None
) -> list[SealedFact]:
    """Return the facts of these streams of a shard, in their order; with a word, who hold it.

    It reads every fact of the shard, in the database, but searches the bytes of few.
    """
    return await store.find_in_streams(tx, shard, streams, word)


@asynccontextmanager
async def naming(tx: Transaction) -> AsyncIterator[None]:
    """Add its index to the word of a fact that cannot be read, for who looks for it in the log."""
    try:
        yield
    except FactUnreadable as error:
        place = error.shard, error.seq
        error.index = (await order.find_positions(tx, [place])).get(place)
        raise
