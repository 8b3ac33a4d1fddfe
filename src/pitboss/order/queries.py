"""Reads of the one order."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from pitboss.db import Transaction
from pitboss.kernel.ids import FactId, time_of
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import Shard
from pitboss.order.model import PlacedFact

from . import store

PAGE_FACTS_MAX = 10_000
# Searched in the database, some microseconds each: a step of a reader who wants few of them.
SEARCHED_FACTS_MAX = 50_000
# Between the clock of who makes a fact and that of the sequencer.
SKEW_MAX = timedelta(seconds=5)
# From when a fact is made to when it has its position, unless much is going wrong.
SEQUENCED_WITHIN = timedelta(seconds=1)


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


async def read_marked(
    tx: Transaction, mark: bytes, *, from_position: int, limit: int
) -> tuple[list[PlacedFact], int]:
    """Return the next facts whose bytes hold a mark, in the one order, and where to go on.

    For a reader who wants few of very many: the others are searched in the database and never
    leave it.  At most `limit` facts of at most 50,000; where to go on is the end of the order when
    there are no more.  A mark may stand in another fact's text too: who reads decodes.
    """
    end = min(await store.find_end(tx), from_position + SEARCHED_FACTS_MAX)
    if end <= from_position:
        return [], from_position
    found = await store.find_marked_facts(
        tx, mark, from_position=from_position, to_position=end, limit=limit
    )
    return found, end if len(found) < limit else found[-1].position + 1


async def find_positions(
    tx: Transaction, places: Collection[tuple[Shard, int]]
) -> dict[tuple[Shard, int], int]:
    """Return where facts are in the one order, by shard and seq; none for what has no position."""
    return await store.find_positions(tx, places)


async def find_fact(tx: Transaction, fact_id: FactId, *, nearby: bool = False) -> PlacedFact | None:
    """Return the fact with this id, if it has a position.

    Nothing is indexed by it, because every fact would pay for a question that few ask.  The id
    tells when the fact was made; it is looked for, in the database, among those that were
    sequenced then, a little before and at last, unless only `nearby`, at any time after.
    """
    try:
        made_at = time_of(fact_id)
        soon, early = made_at + SEQUENCED_WITHIN, made_at - SKEW_MAX
        late = made_at + 2 * SKEW_MAX
    except OverflowError:
        # No clock of ours shows the year 10,000.
        return None
    mark = b'"id":"' + fact_id.encode() + b'"'
    # Shards are written in the order of time, so nearly always few facts need to be looked through.
    span = await store.find_span(tx, made_at, late if nearby else None)
    if span is not None:
        made = (write_instant(made_at), write_instant(made_at + timedelta(milliseconds=1)))
        found = await store.find_marked(tx, mark, *span, made=made)
        if found is not None:
            return found
    # Clocks that disagree have written a shard, so all of a stretch is; the likeliest one first.
    near = ((made_at, soon), (early, made_at), (soon, late))
    for since, until in near if nearby else (*near, (late, None)):
        span = await store.find_span(tx, since, until)
        if span is not None:
            found = await store.find_marked(tx, mark, *span)
            if found is not None:
                return found
    return None
