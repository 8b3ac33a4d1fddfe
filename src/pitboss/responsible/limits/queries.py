"""Reads of limits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.jurisdictions.model import Jurisdiction, Period
from pitboss.kernel.facts import Play
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.responsible.limits.model import (
    Allowance,
    HistoryLine,
    Limit,
    LimitKey,
    Payout,
    Place,
    Played,
    Standing,
)

from . import rules, store

# A page; nobody changes limits this often.
CHANGES_MAX = 100
WINNERS_MAX = 1_000


async def list_limits(tx: Transaction, player_id: PlayerId, *, now: datetime) -> list[Limit]:
    """Return the limits that a player has ever set, as they are now.

    What waited and counts by now has become the limit; what has lapsed waits no more.
    """
    found = await store.find_limits(tx, [(shard_of(player_id), player_id)])
    return [rules.as_of(limit, now) for limit in found]


async def list_changes(
    tx: Transaction, player_id: PlayerId, *, before: int | None = None
) -> list[HistoryLine]:
    """Return the changes of a player's limits, the newest first: a page of `CHANGES_MAX`.

    Args:
        tx: where to read.
        player_id: whose limits.
        before: the number of a change; those before it are returned.  None: the newest.
    """
    place = (shard_of(player_id), player_id)
    return await store.find_changes(tx, place, before=before, limit=CHANGES_MAX)


async def find_used(
    tx: Transaction, player_id: PlayerId, licence: Jurisdiction, *, now: datetime
) -> dict[LimitKey, int]:
    """Return how much of each limit of money over a period a player has used, in micros."""
    place = (shard_of(player_id), player_id)
    limits = [rules.as_of(limit, now) for limit in await store.find_limits(tx, [place])]
    since = rules.hour_of(now - rules.LOOKED_BACK)
    played = {hour.hour: hour for _, hour in await store.find_played(tx, [place], since=since)}
    return {
        limit.key: rules.used(limit.key, played, licence, now=now)
        for limit in limits
        if limit.key.kind.is_periodic and limit.key.kind.is_money
    }


async def measure(
    tx: Transaction,
    places: Sequence[Place],
    licences: Mapping[PlayerId, Jurisdiction],
    keys: Mapping[PlayerId, Collection[LimitKey]],
    *,
    now: datetime,
) -> dict[PlayerId, dict[LimitKey, int]]:
    """Return how much these players have used of what is asked, in micros, limits or not.

    Args:
        tx: where to read; under the turn of the players it is the last word.
        places: the players.
        licences: by whose periods is counted.
        keys: of each player, kinds of money over a period.
        now: the platform's time.
    """
    played: dict[PlayerId, dict[datetime, Played]] = {player_id: {} for _, player_id in places}
    since = rules.hour_of(now - rules.LOOKED_BACK)
    for player_id, hour in await store.find_played(tx, places, since=since):
        played[player_id][hour.hour] = hour
    return {
        player_id: {
            key: rules.used(key, hours, licences[player_id], now=now) for key in keys[player_id]
        }
        for player_id, hours in played.items()
    }


def time_since(key: LimitKey, licence: Jurisdiction, *, now: datetime) -> datetime:
    """Return from when on time is counted for a limit of it."""
    return rules.period_start(key.period or Period.DAY, licence, now)


def notice_at(used: int, value: int, licence: Jurisdiction) -> int | None:
    """Return the greatest share of a limit, in percent, that is reached and that the licence wants
    the player told of; None: none is.  Source: the licence's `limits.notices_percent`."""
    return rules.notice_at(used, value, licence)


async def find_totals(tx: Transaction, player_id: PlayerId) -> Play:
    """Return all that a player has ever staked, won, paid in and been paid, as one play."""
    staked, settled, returned, deposited, withdrawn = await store.find_totals(
        tx, (shard_of(player_id), player_id)
    )
    return Play(
        player_id=player_id,
        staked=staked,
        settled=settled,
        returned=returned,
        deposited=deposited,
        withdrawn=withdrawn,
    )


async def find_payouts(tx: Transaction, places: Sequence[Place]) -> dict[PlayerId, Payout]:
    """Return the sums that these players have named for their wins to be paid out above."""
    return await store.find_payouts(tx, places)


async def find_winners(
    tx: Transaction, *, after: Place | None = None, limit: int = WINNERS_MAX
) -> list[Payout]:
    """Return a page of those who have named a sum and won something since, by shard and player."""
    return await store.find_winners(tx, after=after, limit=min(limit, WINNERS_MAX))


async def recall_allowances(
    turn: Turn,
    places: Sequence[Place],
    licences: Mapping[PlayerId, Jurisdiction],
    ages: Mapping[PlayerId, int],
) -> dict[PlayerId, Allowance]:
    """Return what each of these players may still do; who has no limit at all is left out.

    The turn holds their shards, so it is the last word; whom the turn remembers is not fetched.
    `ages` are in whole years; who is not among them is held by the caps of every age.
    """
    known = {shard: turn.recall(shard, Standing) for shard in {shard for shard, _ in places}}
    missing = [place for place in places if place[1] not in known[place[0]]]
    if missing:
        for (shard, player_id), standing in (await _read(turn, missing, licences)).items():
            known[shard][player_id] = standing
    found: dict[PlayerId, Allowance] = {}
    for shard, player_id in places:
        standing = known[shard][player_id]
        if standing.measured:
            found[player_id] = rules.allowance(
                standing.limits,
                standing.played,
                licences[player_id],
                now=turn.now,
                age=ages.get(player_id),
                lifts=standing.lifts,
            )
    return found


async def _read(
    turn: Turn, places: Sequence[Place], licences: Mapping[PlayerId, Jurisdiction]
) -> dict[Place, Standing]:
    """Read limits, and the hours of those whom a limit or a cap holds."""
    limits: dict[Place, list[Limit]] = {place: [] for place in places}
    for limit in await store.find_limits(turn.tx, places):
        limits[limit.shard, limit.player_id].append(limit)
    standings = {
        place: Standing(
            limits=mine,
            played={},
            measured=bool(mine or licences[place[1]].limits.caps),
            closes=licences[place[1]] if rules.closes(licences[place[1]]) else None,
        )
        for place, mine in limits.items()
    }
    measured = [place for place, standing in standings.items() if standing.measured]
    if measured:
        since = rules.hour_of(turn.now - rules.LOOKED_BACK)
        for player_id, played in await store.find_played(turn.tx, measured, since=since):
            standings[shard_of(player_id), player_id].played[played.hour] = played
    # Of most licences nobody asks.
    liftable = [place for place in measured if rules.has_liftable(licences[place[1]])]
    if liftable:
        for lift in await store.find_lifts(turn.tx, liftable):
            standings[lift.shard, lift.player_id].lifts.append(lift)
    return standings
