"""What facts say of a storm: what was taken before each player's exclusion, and what after.  Pure.

A shard's facts stand in the order in which they were committed, so `after` is no matter of clocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pitboss.sim.exclusion.model import EXCLUDED, PAID_OUT, PRODUCTS, WON, Count

Fact = Mapping[str, Any]


def count(shards: Iterable[Sequence[Fact]]) -> Counter[str]:
    """Count facts by their type and by whether their player was excluded by then."""
    found: Counter[str] = Counter()
    for facts in shards:
        excluded: set[str] = set()
        for fact in facts:
            data = fact["data"]
            player = data.get("player_id")
            if data["type"] == EXCLUDED:
                excluded.add(player)
            found[f"{data['type']} {'after' if player in excluded else 'before'}"] += 1
        found["excluded"] += len(excluded)
    return found


def counts_of(found: Counter[str]) -> dict[str, Count]:
    """Return the counts of each product."""
    return {
        product.name: Count(
            taken_before=found[f"{product.taken} before"],
            taken_after=found[f"{product.taken} after"],
            refused_after=found[f"{product.refused} after"],
        )
        for product in PRODUCTS
    }


def faults_of(found: Counter[str], *, players: int, undecided: int) -> Iterator[str]:
    """Yield why this was no storm, or why it says nothing."""
    if found["excluded"] != players:
        yield f"{found['excluded']} of {players} players were excluded"
    if undecided:
        yield f"{undecided} requests were acknowledged and never decided"
    for product in PRODUCTS:
        if not found[f"{product.taken} before"]:
            yield f"nothing was taken by {product.name} before: there was no storm"
        if not found[f"{product.refused} after"]:
            yield f"nothing was refused by {product.name} after: there was no storm"
    if not found[f"{PAID_OUT} after"]:
        yield "nobody who was excluded could be paid out"
    if not found[f"{WON} after"]:
        yield "nobody who was excluded had won in time"
    won = found[f"{WON} before"] + found[f"{WON} after"]
    staked = sum(found[f"round.staked {when}"] for when in ("before", "after"))
    if won != staked:
        yield f"{won} wins are booked of {staked} rounds that each had one"
