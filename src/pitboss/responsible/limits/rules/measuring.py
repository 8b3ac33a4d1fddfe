"""What of a limit is used, and what is left of it.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import structs

from pitboss.jurisdictions.model import (
    Jurisdiction,
    LimitKind,
    Measure,
    OpenStakes,
    Period,
    WhenReached,
)
from pitboss.kernel.facts import Fact
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.shards import Shard
from pitboss.responsible.limits.model import (
    Allowance,
    Lift,
    Limit,
    LimitKey,
    Played,
    PlayKey,
    Room,
    Standing,
    TimeRoom,
)
from pitboss.responsible.limits.rules.standing import cap_of, in_force, period_end, period_start

HOUR = timedelta(hours=1)
# A rolling month is 30 days, so nothing older is asked for.  A calendar month is one day longer.
LOOKED_BACK = timedelta(days=32)
# What nearly every stake meets is compared and not looked up.
_STAKE, _LOSS = LimitKind.STAKE, LimitKind.LOSS
_COUNTED, _CLOSES = OpenStakes.COUNTED, WhenReached.REST_OF_PERIOD


def allowance(
    limits: Iterable[Limit],
    played: Mapping[datetime, Played],
    licence: Jurisdiction,
    *,
    now: datetime,
    age: int | None = None,
    lifts: Collection[Lift] = (),
) -> Allowance:
    """Return what a player may still stake and pay in: of each limit, what is left of it now."""
    chosen = [(limit.key, value) for limit in limits if (value := in_force(limit, now)) is not None]
    found = Allowance(
        stakes=[], deposits=[], times=[], set_kinds=frozenset([key.kind for key, _ in chosen])
    )
    values = _capped(chosen, licence, age, lifts) if licence.limits.caps else chosen
    for key, value in values:
        _add_room(found, key, value, played, licence, now)
    if licence.limits.when_reached is _CLOSES:
        found.closed = any(limit.closed_until and now < limit.closed_until for limit in limits)
    return found


def closes(licence: Jurisdiction) -> bool:
    """Say whether a limit that is used up allows no stake until its period ends, whatever is won.

    Source: the licence's `limits.when_reached`; 58 Pa. Code § 814a.2(2).
    """
    return licence.limits.when_reached is _CLOSES


def reached(standing: Standing, licence: Jurisdiction, *, now: datetime) -> list[Limit]:
    """Return the limits of losses that are used up by now and not closed yet, as closed.

    What stakes that are open may lose counts as the licence says.
    """
    found = []
    for limit in standing.limits:
        value = in_force(limit, now)
        shut = limit.closed_until is not None and now < limit.closed_until
        if limit.key.kind is not LimitKind.LOSS or value is None or shut:
            continue
        if used(limit.key, standing.played, licence, now=now) >= value:
            until = period_end(limit.key.period or Period.DAY, licence, now)
            found.append(structs.replace(limit, closed_until=until))
    return found


def _capped(
    chosen: Sequence[tuple[LimitKey, int]],
    licence: Jurisdiction,
    age: int | None,
    lifts: Collection[Lift],
) -> Sequence[tuple[LimitKey, int]]:
    """Return the limits that hold: those that were chosen, and caps where these are lower."""
    values = dict(chosen)
    for cap in licence.limits.caps:
        key = LimitKey(kind=cap.kind, period=cap.period)
        most = cap_of(key, licence, age, lifts)
        if most is not None:
            values[key] = min(most, values.get(key, most))
    return tuple(values.items())


def _add_room(
    found: Allowance,
    key: LimitKey,
    value: int,
    played: Mapping[datetime, Played],
    licence: Jurisdiction,
    now: datetime,
) -> None:
    # Compared one by one, the commonest first: this is done for every limit of every bet.
    kind = key.kind
    if kind is _STAKE or kind is _LOSS:
        left = value - used(key, played, licence, now=now)
        counts_new = kind is _STAKE or licence.limits.loss_open_stakes is _COUNTED
        found.stakes.append(Room(kind=kind, left=left, counts_new=counts_new))
    elif kind is LimitKind.DEPOSIT or kind is LimitKind.NET_DEPOSIT:
        left = value - used(key, played, licence, now=now)
        found.deposits.append(Room(kind=kind, left=left))
    elif kind is LimitKind.SINGLE_STAKE:
        found.single_stake = value
    elif kind is LimitKind.BALANCE:
        found.balance = value
    else:
        since = period_start(key.period or Period.DAY, licence, now)
        found.times.append(TimeRoom(since=since, minutes=value))


def notice_at(used: int, value: int, licence: Jurisdiction) -> int | None:
    """Return the greatest share of a limit, in percent, that is reached and has a notice."""
    reached = [
        percent for percent in licence.limits.notices_percent if used * 100 >= percent * value
    ]
    return max(reached, default=None)


def used(
    key: LimitKey, played: Mapping[datetime, Played], licence: Jurisdiction, *, now: datetime
) -> int:
    """Return how much of a limit is used, in micros.

    An hour that a rolling period cuts counts as a whole: a limit is never passed, and may be felt
    up to an hour longer.  For the same reason a void stake keeps its place in a stake limit.
    """
    before = period_start(key.period or Period.DAY, licence, now) - HOUR
    kind, total = key.kind, 0
    # Loops instead of sums of lists: most players have an hour or two, and every bet asks this.
    if kind is _STAKE:
        for hour, item in played.items():
            if hour > before:
                total += item.staked
        return total
    if kind is _LOSS:
        # Whenever they were staked: any of those that are open may be lost in this period.
        counted = licence.limits.loss_open_stakes is _COUNTED
        for hour, item in played.items():
            if counted:
                total += item.staked - item.settled
            if hour > before:
                total += item.settled - item.returned
        return total
    net = kind is LimitKind.NET_DEPOSIT or licence.limits.deposit_measure is Measure.NET
    hours = [item for hour, item in played.items() if hour > before]
    withdrawn = sum([item.withdrawn for item in hours]) if net else 0
    return sum([item.deposited for item in hours]) - withdrawn


def sum_up(
    facts: Iterable[tuple[Shard, Fact]], *, hour: datetime
) -> dict[PlayKey, tuple[int, ...]]:
    """Return what facts say was played, by player and hour, as the amounts of a `Play`.

    `hour` is that of facts which do not say when it counts.
    """
    sums: dict[PlayKey, tuple[int, ...]] = {}
    for shard, fact in facts:
        for play in fact.plays:
            at = hour if play.at is None else hour_of(parse_instant(play.at, field="at"))
            key = (shard, play.player_id, at)
            known = sums.get(key)
            amounts = play.amounts
            sums[key] = amounts if known is None else tuple(map(int.__add__, known, amounts))
    return sums


def add(known: Played | None, hour: datetime, amounts: Sequence[int]) -> Played:
    """Return an hour with more of it counted."""
    before = known or Played(hour=hour)
    staked, settled, returned, deposited, withdrawn = amounts
    return Played(
        hour=hour,
        staked=before.staked + staked,
        settled=before.settled + settled,
        returned=before.returned + returned,
        deposited=before.deposited + deposited,
        withdrawn=before.withdrawn + withdrawn,
    )


def hour_of(instant: datetime) -> datetime:
    """Return the hour that an instant is in."""
    return instant.replace(minute=0, second=0, microsecond=0)
