"""Reads of breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.responsible import limits
from pitboss.responsible.breaks.model import (
    LOOKED_BACK,
    Break,
    Clock,
    GamePlan,
    Interval,
    Pace,
    Place,
    Planned,
    State,
    Statement,
    Stay,
    Totals,
    totals,
)

from . import rules, store


def is_watched(licence: Jurisdiction) -> bool:
    """Say whether a stake under this licence depends on the session that it is asked in."""
    return rules.is_watched(licence)


def wants_breaks(licence: Jurisdiction) -> bool:
    """Say whether the licence makes a player stop after so much play."""
    return rules.wants_breaks(licence)


def stays_since(now: datetime) -> datetime:
    """Return from when on a player's stays tell when the next mandatory break is."""
    return now - LOOKED_BACK


def break_now(stays: Sequence[Stay], licence: Jurisdiction, now: datetime) -> Break | None:
    """Return the mandatory break that runs, or the next one; see `rules.break_at`."""
    return rules.break_at(stays, licence, now)


def pace_of(clock: Clock, state: State | None, licence: Jurisdiction, *, now: datetime) -> Pace:
    """Return whether play may go on in a session, mandatory breaks apart."""
    return rules.pace_of(clock, state, licence, now=now)


def due_at(clock: Clock, state: State | None, licence: Jurisdiction) -> datetime | None:
    """Return when a session's next reality check is due, or was and waits for its answer."""
    return rules.due_at(clock, state, licence)


def minutes_of(interval: Interval | None, licence: Jurisdiction) -> int | None:
    """Return how often a player has a reality check; None: never by itself."""
    return rules.minutes_of(interval, licence)


def planned(
    plan: GamePlan | None, licence: Jurisdiction, stake_micros: int, *, now: datetime
) -> Planned:
    """Return how a plan for games stands towards one more stake; see `rules.planned`."""
    return rules.planned(plan, licence, stake_micros, now)


async def recall_paces(
    turn: Turn, clocks: Mapping[Place, Clock], licences: Mapping[Place, Jurisdiction]
) -> dict[Place, Pace]:
    """Return whether play may go on in each of these sessions, under the turn's locks.

    The turn holds their shards, so it is the last word.  Of sessions that are too young for any
    check nothing is read, and whom the turn remembers is not fetched.
    """
    old = [
        clock
        for place, clock in clocks.items()
        if rules.may_be_due(clock, licences[place], turn.now)
    ]
    states = await _recall(turn, old)
    return {
        place: rules.pace_of(clock, states.get(place), licences[place], now=turn.now)
        for place, clock in clocks.items()
    }


async def find_state(tx: Transaction, clock: Clock) -> State:
    """Return what is known of the reality checks of a session, and of those it goes on with."""
    return (await find_states(tx, [clock]))[clock.session_id]


async def find_states(tx: Transaction, clocks: Sequence[Clock]) -> dict[str, State]:
    """Return the same of each of these sessions, by its id, in one statement."""
    places = {clock.place for clock in clocks}
    places |= {(clock.player_id, item) for clock in clocks for item in clock.before}
    found = await store.find_states(tx, places)
    return {clock.session_id: rules.joined(clock, found) for clock in clocks}


async def find_interval(tx: Transaction, player_id: PlayerId) -> Interval | None:
    """Return how often a player wants a reality check, if that was ever said."""
    return await store.find_interval(tx, player_id)


async def find_totals(tx: Transaction, player_id: PlayerId) -> Totals:
    """Return all that a player has ever staked, won, paid in and been paid."""
    return totals((await limits.find_totals(tx, player_id)).amounts)


async def find_statement(
    tx: Transaction, place: Place, *, ended_at: datetime | None = None
) -> Statement | None:
    """Return what was done in a session, from the counters that facts fill.

    None: it is not this player's, or began before sessions were counted.

    Args:
        tx: where to read.
        place: the player and the session.
        ended_at: when it ended; None while it lives.
    """
    start = await store.find_start(tx, place)
    if start is None:
        return None
    after = None if ended_at is None else await store.find_next_start(tx, place[0], after=ended_at)
    if after is None:
        now = await find_totals(tx, place[0])
        return Statement(done=now.since(start.before), until=None)
    return Statement(done=after.before.since(start.before), until=after.opened_at)


async def _recall(turn: Turn, clocks: Sequence[Clock]) -> dict[Place, State]:
    if not clocks:
        return {}
    shards = {shard_of(clock.player_id) for clock in clocks}
    known = {shard: turn.recall(shard, State) for shard in shards}
    missing = [one for one in clocks if one.session_id not in known[shard_of(one.player_id)]]
    if missing:
        found = await find_states(turn.tx, missing)
        for clock in missing:
            known[shard_of(clock.player_id)][clock.session_id] = found[clock.session_id]
    return {one.place: known[shard_of(one.player_id)][one.session_id] for one in clocks}
