"""Reads of rewards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pitboss import jurisdictions
from pitboss.db import Transaction
from pitboss.games.rewards import rules, store
from pitboss.games.rewards.model import (
    Campaign,
    CampaignRefusal,
    Ending,
    Grant,
    Named,
    Place,
    Prepaid,
    PrepaidRefusal,
    Reward,
    RewardState,
    StakePlace,
)
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players import identity
from pitboss.responsible import exclusion
from pitboss.responsible.exclusion.model import Kind

PAGE_MAX = 200
# Behind every reward that ends in the same instant.
_LAST = (Shard(2**15 - 1), "ffffffff-ffff-ffff-ffff-ffffffffffff")


async def find_reward(tx: Transaction, place: Place) -> Reward | None:
    """Return a reward as it stands."""
    return (await store.find_rewards(tx, [place])).get(place[1])


async def find_rewards_of(
    tx: Transaction, player_id: PlayerId, *, limit: int = PAGE_MAX
) -> list[Reward]:
    """Return a player's rewards, the newest first, at most 200."""
    return await store.find_of_player(tx, player_id, limit=min(limit, PAGE_MAX))


async def find_open_rewards_of(
    tx: Transaction, player_id: PlayerId, *, now: datetime
) -> list[Reward]:
    """Return those of a player's newest rewards that can be played now."""
    return [
        item
        for item in await find_rewards_of(tx, player_id)
        if item.state is RewardState.GRANTED and item.used < item.stakes_max and now < item.ends_at
    ]


async def find_unknown(
    tx: Transaction, *, after: Place | None = None, limit: int = PAGE_MAX
) -> list[Reward]:
    """Return rewards of which nobody knows whether they were granted, page by page."""
    return await store.find_unknown(tx, after=after, limit=min(limit, PAGE_MAX))


async def find_waiting(
    tx: Transaction,
    providers: Collection[str],
    *,
    at: datetime,
    limit: int,
    busy: Collection[str] = (),
) -> list[Reward]:
    """Return rewards that are to be looked at now, the longest due first.

    Args:
        tx: one moment of the database.
        providers: those that can be asked.
        busy: those whose rewards somebody looks at already.
        at: by the machine's clock.
        limit: at most so many.
    """
    return await store.find_waiting(tx, providers, busy=busy, at=at, limit=limit)


async def find_forfeited(
    tx: Transaction, *, now: datetime, after: Ending | None = None, limit: int = PAGE_MAX
) -> tuple[list[Reward], Ending | None]:
    """Return rewards of players who are excluded, on a page of open ones, and where it ends.

    None: there are no more pages.  A time-out ends by itself, and takes no reward away.  What is
    over or used up is left alone, and what a provider would not cancel before: no stake of who is
    excluded is free anyhow.
    """
    start = after or (now, *_LAST)
    page = await store.find_playable(tx, after=start, limit=min(limit, PAGE_MAX))
    places = {(shard_of(item.player_id), item.player_id) for item in page}
    players = await identity.find_players(tx, sorted(places))
    licences: dict[PlayerId, Jurisdiction] = {}
    for player_id, player in players.items():
        licence = jurisdictions.find(player.jurisdiction)
        if licence is not None:
            licences[player_id] = licence
    kept = await exclusion.find_kept_away(tx, licences, now=now)
    excluded = {player_id for player_id, item in kept.items() if item.kind is not Kind.TIME_OUT}
    end = (page[-1].ends_at, *page[-1].place) if len(page) == min(limit, PAGE_MAX) else None
    found = [item for item in page if item.player_id in excluded]
    return [item for item in found if item.word is None and item.used < item.stakes_max], end


async def find_named(tx: Transaction, names: Collection[Named]) -> dict[Named, Reward]:
    """Return the rewards that providers call so, by provider and name, whoever's they are.

    Of one whose player's turn is held it is the last word.
    """
    if not names:
        return {}
    found = await store.find_named(tx, names)
    return {(item.provider, item.ref): item for item in found if item.ref is not None}


async def find_taken(tx: Transaction, stakes: Collection[StakePlace]) -> dict[StakePlace, str]:
    """Return the ids of the rewards that these free stakes were taken on and not given back."""
    return {item.stake: item.reward for item in await store.find_taken(tx, stakes)}


def refuse_prepaid(grant: Grant, prepaids: Sequence[Prepaid]) -> PrepaidRefusal | None:
    """Return why a reward cannot be paid with its prepaid, or None."""
    return rules.refuse_prepaid(grant, prepaids)


def refuse_campaign(grant: Grant, campaigns: Sequence[Campaign]) -> CampaignRefusal | None:
    """Return why a reward would not be what was given as one of its campaign, or None."""
    return rules.refuse_campaign(grant, campaigns)
