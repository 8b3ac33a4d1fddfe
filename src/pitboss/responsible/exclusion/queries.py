"""Reads of exclusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.responsible.exclusion.model import Exclusion, Place, Standing

from . import rules, store

PAGE_MAX = 1_000


async def is_imposed(tx: Transaction, player_id: PlayerId) -> bool:
    """Say whether staff imposed an exclusion on a player that it has not lifted."""
    found = await store.find_exclusions(tx, [(shard_of(player_id), player_id)])
    return any(rules.is_imposed(item) and item.released_at is None for item in found)


def is_over(item: Exclusion, licence: Jurisdiction, now: datetime) -> bool:
    """Say whether this keeps its player away no more."""
    return rules.is_over(item, licence, now)


async def list_exclusions(tx: Transaction, player_id: PlayerId) -> list[Exclusion]:
    """Return everything that a player was ever kept away by, the oldest first."""
    return await store.find_exclusions(tx, [(shard_of(player_id), player_id)])


async def count_exclusions(tx: Transaction, places: Sequence[Place]) -> dict[PlayerId, int]:
    """Return how many exclusions and time-outs those of the players ever had who had any.

    Rows are only added, so the number grows with each, and never falls.
    """
    return await store.count_exclusions(tx, places)


async def find_excluded(
    tx: Transaction, *, now: datetime, after: Place | None = None, limit: int = PAGE_MAX
) -> list[Place]:
    """Return players who may be excluded now, at most 1,000 of them, in order of shard and player.

    Who was excluded once and may play again may be among them: whoever acts on it looks again
    under their turns.  `after` continues below the last of the page before.
    """
    return await store.find_excluded(tx, after=after, at=now, limit=min(limit, PAGE_MAX))


async def find_kept_away(
    tx: Transaction, licences: Mapping[PlayerId, Jurisdiction], *, now: datetime
) -> dict[PlayerId, Exclusion]:
    """Return what keeps each of these players away at a moment; who may play is left out.

    Outside their turns it may be late by what is being committed.
    """
    places = [(shard_of(player_id), player_id) for player_id in licences]
    found: dict[PlayerId, list[Exclusion]] = {}
    for one in await store.find_exclusions(tx, places):
        found.setdefault(one.player_id, []).append(one)
    kept = {
        player_id: rules.keeping_away(mine, licences[player_id], now)
        for player_id, mine in found.items()
    }
    return {player_id: item for player_id, item in kept.items() if item is not None}


async def recall_exclusions(
    turn: Turn, places: Sequence[Place], licences: Mapping[PlayerId, Jurisdiction]
) -> dict[PlayerId, Exclusion]:
    """Return what keeps each of these players away now; who may play is left out.

    The turn holds their shards, so it is the last word; whom the turn remembers is not fetched.
    """
    known = {shard: turn.recall(shard, Standing) for shard in {shard for shard, _ in places}}
    missing = [place for place in places if place[1] not in known[place[0]]]
    if missing:
        found: dict[Place, list[Exclusion]] = {place: [] for place in missing}
        for one in await store.find_exclusions(turn.tx, missing):
            found[one.shard, one.player_id].append(one)
        for (shard, player_id), all_of_them in found.items():
            known[shard][player_id] = Standing(exclusions=tuple(all_of_them))
    kept: dict[PlayerId, Exclusion] = {}
    for shard, player_id in places:
        exclusions = known[shard][player_id].exclusions
        if exclusions:
            item = rules.keeping_away(exclusions, licences[player_id], turn.now)
            if item is not None:
                kept[player_id] = item
    return kept
