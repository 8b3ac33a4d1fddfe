"""Reads of the one order."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from pitboss.db import Transaction
from pitboss.kernel.ids import FactId, time_of
from pitboss.kernel.shards import Shard
from pitboss.order.model import PlacedFact

from . import store

PAGE_FACTS_MAX = 10_000
# Between the clock of who makes a fact and that of the sequencer.
SKEW_MAX = timedelta(seconds=5)


async def read_end(tx: Transaction) -> int:
    """Return how many facts have a position: the next one will have this."""
    return await store.find_end(tx)


async def read(
    tx: Transaction, *, from_position: int, limit: int = PAGE_FACTS_MAX
) -> list[PlacedFact]:
    """Return facts in the one order, from a position on; fewer than `limit` at its end.

    Positions are without a gap, so a reader keeps one number: the position after its last fact.
    """
    return await store.find_facts(
        tx, from_position=from_position, to_position=from_position + limit
    )


async def find_positions(
    tx: Transaction, places: Collection[tuple[Shard, int]]
) -> dict[tuple[Shard, int], int]:
    """Return where facts are in the one order, by shard and seq; none for what has no position."""
    return await store.find_positions(tx, places)


async def find_fact(tx: Transaction, fact_id: FactId) -> PlacedFact | None:
    """Return the fact with this id, if it has a position.

    Nothing is indexed by it, because every fact would pay for a question that few ask.  The id
    tells when the fact was made; it is looked for among those that were sequenced from then on.
    """
    mark = b'"id":"' + fact_id.encode() + b'"'
    position = await store.find_first_position(tx, time_of(fact_id) - SKEW_MAX)
    while position is not None:
        facts = await read(tx, from_position=position)
        for fact in facts:
            if mark in fact.body:
                return fact
        position = position + len(facts) if facts else None
    return None
