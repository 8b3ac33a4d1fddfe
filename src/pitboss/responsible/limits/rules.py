"""What a limit is, when a change of it counts, and what is left of it.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from msgspec import structs

from pitboss.jurisdictions.model import (
    Cap,
    ConfirmedBy,
    Jurisdiction,
    LiftedBy,
    LimitKind,
    Measure,
    OpenStakes,
    Period,
    WeekStart,
    Window,
)
from pitboss.kernel.facts import Fact
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.money import currency
from pitboss.kernel.shards import Shard
from pitboss.responsible.limits.facts import LimitKept, LimitLoosened, LimitSet
from pitboss.responsible.limits.model import (
    Allowance,
    Change,
    Confirmation,
    Happened,
    HistoryLine,
    Initiator,
    Lift,
    Limit,
    LimitKey,
    Payout,
    PayoutWish,
    Place,
    Played,
    PlayKey,
    Raise,
    Refusal,
    Room,
    TimeRoom,
    Waiting,
)

HOUR = timedelta(hours=1)
# A rolling month is 30 days, so nothing older is asked for.  A calendar month is one day longer.
LOOKED_BACK = timedelta(days=32)
MINUTES_MAX = 31 * 24 * 60
MICROS_MAX = 10**15
# What staff does so that a cap may be raised; the player lifts others alone, and some nobody.
LIFTED_BY_CHECKS = frozenset({LiftedBy.INCOME_CHECK, LiftedBy.RISK_CHECK})

_ROLLING = {
    Period.DAY: timedelta(days=1),
    Period.WEEK: timedelta(days=7),
    Period.MONTH: timedelta(days=30),
}


def in_force(limit: Limit, now: datetime) -> int | None:
    """Return what a limit is now: what was set, or what waited and counts by itself by now."""
    waiting = limit.waiting
    if waiting is not None and not waiting.needs_confirmation and now >= waiting.counts_from:
        return waiting.value
    return limit.value


def as_of(limit: Limit, now: datetime) -> Limit:
    """Return a limit as whoever looks at it now shall see it."""
    waiting = limit.waiting
    if waiting is None or still_waits(limit, now):
        return limit
    counts = not waiting.needs_confirmation
    return Limit(
        shard=limit.shard,
        player_id=limit.player_id,
        key=limit.key,
        value=in_force(limit, now),
        set_at=waiting.counts_from if counts else limit.set_at,
    )


def still_waits(limit: Limit, now: datetime) -> bool:
    """Return whether a looser limit waits that neither counts yet nor has lapsed."""
    waiting = limit.waiting
    if waiting is None:
        return False
    if waiting.needs_confirmation:
        return waiting.lapses_at is None or now < waiting.lapses_at
    return now < waiting.counts_from


def refusal_to_change(
    change: Change, licence: Jurisdiction, age: int | None, lifts: Collection[Lift] = ()
) -> Refusal | None:
    """Return why a limit cannot be what was asked, if it cannot.

    `age` is in whole years; whoever's is unknown is held by the caps of every age.
    """
    kind, period, value = change.key.kind, change.key.period, change.value
    if kind not in licence.limits.kinds:
        return Refusal.KIND_NOT_OFFERED
    if (period in licence.limits.periods) != kind.is_periodic:
        return Refusal.PERIOD_NOT_OFFERED
    if value is None:
        rules = licence.limits
        mandatory = kind in (*rules.mandatory_before_play, *rules.mandatory_before_deposit)
        return Refusal.LIMIT_IS_MANDATORY if mandatory else None
    if not 0 < value <= (MICROS_MAX if kind.is_money else MINUTES_MAX):
        return Refusal.VALUE_OUT_OF_RANGE
    cap = cap_of(change.key, licence, age, lifts)
    return Refusal.ABOVE_STATUTORY_CAP if cap is not None and value > cap else None


def cap_of(
    key: LimitKey, licence: Jurisdiction, age: int | None, lifts: Collection[Lift] = ()
) -> int | None:
    """Return the most that statute lets a player reach, if there is such a cap.

    Those that the player may lift are what a limit begins as, and no cap.  One that was raised for
    the player, by a check that the statute names, is what it was raised to.
    """
    values = [
        _most(cap, key, lifts)
        for cap in licence.limits.caps
        if (cap.kind, cap.period) == (key.kind, key.period) and _holds(cap, age)
    ]
    return min((value for value in values if value is not None), default=None)


def _most(cap: Cap, key: LimitKey, lifts: Collection[Lift]) -> int | None:
    raised = [lift.most for lift in lifts if lift.key == key and lift.ground is cap.lifted_by]
    if raised:
        return raised[0]
    return cap.micros if key.kind.is_money else cap.minutes


def refusal_to_raise(wish: Raise, licence: Jurisdiction) -> Refusal | None:
    """Return why a statutory cap cannot be raised so: no statute names this check for it.

    Never to less than the statute's own, of whatever age: a stricter limit is a limit.
    Source: the licence's `limits.caps`, `lifted_by`.
    """
    if wish.ground not in LIFTED_BY_CHECKS:
        return Refusal.CAP_NOT_LIFTABLE
    caps = [
        cap.micros
        for cap in licence.limits.caps
        if (cap.kind, cap.period, cap.lifted_by) == (wish.key.kind, wish.key.period, wish.ground)
        and cap.micros is not None
    ]
    if not caps:
        return Refusal.CAP_NOT_LIFTABLE
    return None if max(caps) <= wish.most <= MICROS_MAX else Refusal.VALUE_OUT_OF_RANGE


def has_liftable(licence: Jurisdiction) -> bool:
    """Say whether anybody may have a cap that was raised: most licences have no such thing."""
    return any(cap.lifted_by in LIFTED_BY_CHECKS for cap in licence.limits.caps)


def change_limit(
    limit: Limit | None, change: Change, licence: Jurisdiction, *, shard: Shard, now: datetime
) -> Limit:
    """Return a limit after a change that may be made.

    A stricter one counts at once, whatever the licence allows to take longer; a looser one waits as
    the licence says.  The same wish again is the same wish: it does not begin to wait anew.
    Source: RTS 12D (GB); Spelförordningen 11:3 (SE); 58 Pa. Code § 814a.2; PT 5.3.2(4), (5).
    """
    now_at = None if limit is None else in_force(limit, now)
    if limit is None or now_at is None or (change.value is not None and change.value < now_at):
        return _settled(change, shard, change.value, now)
    if change.value == now_at:
        # What is asked is what there is: whatever waited is not wanted any more, or counts by now.
        return _settled(change, shard, now_at, limit.set_at if now_at == limit.value else now)
    if (
        limit.waiting is not None
        and limit.waiting.value == change.value
        and still_waits(limit, now)
    ):
        return limit
    rules, counts_from = licence.limits, earliest(change.key, licence, now)
    confirmed = rules.increase_confirmed_by is not ConfirmedBy.NOBODY
    lapses = rules.increase_confirm_hours if confirmed else None
    waiting = Waiting(
        value=change.value,
        asked_at=now,
        counts_from=counts_from,
        lapses_at=None if lapses is None else counts_from + timedelta(hours=lapses),
        needs_confirmation=confirmed,
    )
    return Limit(
        shard=limit.shard,
        player_id=limit.player_id,
        key=limit.key,
        value=now_at,
        set_at=limit.set_at,
        waiting=waiting,
    )


def earliest(key: LimitKey, licence: Jurisdiction, now: datetime) -> datetime:
    """Return when a looser limit that is asked for now can count at the earliest."""
    rules = licence.limits
    cooled = now + timedelta(hours=rules.increase_hours_min or 0)
    if not rules.increase_after_period_end:
        return cooled
    return max(cooled, period_end(key.period or Period.DAY, licence, now))


def refusal_to_confirm(
    limit: Limit | None, wish: Confirmation, licence: Jurisdiction, now: datetime
) -> Refusal | None:
    """Return why what waits cannot be confirmed now, if it cannot."""
    waiting = None if limit is None else limit.waiting
    if waiting is None or not waiting.needs_confirmation:
        return Refusal.NOTHING_WAITS
    by_staff = licence.limits.increase_confirmed_by is ConfirmedBy.STAFF
    if by_staff and wish.initiator is Initiator.PLAYER:
        return Refusal.CONFIRMED_BY_STAFF_ONLY
    if now < waiting.counts_from:
        return Refusal.TOO_EARLY
    if waiting.lapses_at is not None and now >= waiting.lapses_at:
        return Refusal.LAPSED
    return None


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
    if kind is LimitKind.STAKE or kind is LimitKind.LOSS:
        left = value - used(key, played, licence, now=now)
        counts_new = (
            kind is LimitKind.STAKE or licence.limits.loss_open_stakes is OpenStakes.COUNTED
        )
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
    hours = [item for hour, item in played.items() if hour > before]
    match key.kind:
        case LimitKind.STAKE:
            return sum([item.staked for item in hours])
        case LimitKind.LOSS:
            lost = sum([item.settled - item.returned for item in hours])
            if licence.limits.loss_open_stakes is OpenStakes.IGNORED:
                return lost
            # Whenever they were staked: any of them may be lost in this period.
            return lost + sum([item.staked - item.settled for item in played.values()])
        case LimitKind.NET_DEPOSIT:
            return sum([item.deposited - item.withdrawn for item in hours])
        case _:
            gross = sum([item.deposited for item in hours])
            net = licence.limits.deposit_measure is Measure.NET
            return gross - sum([item.withdrawn for item in hours]) if net else gross


def period_start(period: Period, licence: Jurisdiction, now: datetime) -> datetime:
    """Return when the period began that now is in."""
    if licence.limits.window is Window.ROLLING:
        return now - _ROLLING[period]
    return _calendar(period, licence.licence.time_zone, licence.licence.week_starts, now, 0)


def period_end(period: Period, licence: Jurisdiction, now: datetime) -> datetime:
    """Return when the period ends that now is in; a rolling one ends a whole period from now."""
    if licence.limits.window is Window.ROLLING:
        return now + _ROLLING[period]
    return _calendar(period, licence.licence.time_zone, licence.licence.week_starts, now, 1)


# A batch asks for the same few again and again.
@lru_cache(maxsize=256)
def _calendar(
    period: Period, time_zone: str, week_starts: WeekStart, now: datetime, ahead: int
) -> datetime:
    """Return the midnight at which this calendar period starts, or one of those after it."""
    zone = _zone(time_zone)
    day = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    match period:
        case Period.DAY:
            day += timedelta(days=ahead)
        case Period.WEEK:
            first = 0 if week_starts is WeekStart.MONDAY else 6
            day += timedelta(days=7 * ahead - (day.weekday() - first) % 7)
        case Period.MONTH:
            months = day.year * 12 + day.month - 1 + ahead
            day = day.replace(year=months // 12, month=months % 12 + 1, day=1)
    # Through the wall clock's own zone, so that a day of 23 or 25 hours ends at its midnight.
    return day.astimezone(now.tzinfo)


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


def sum_wins(facts: Iterable[tuple[Shard, Fact]]) -> dict[Place, int]:
    """Return what facts say was won, by player, in micros."""
    sums: Counter[Place] = Counter()
    for shard, fact in facts:
        for win in fact.wins:
            sums[shard, win.player_id] += win.micros
    return sums


def refusal_to_name(wish: PayoutWish, licence: Jurisdiction) -> Refusal | None:
    """Return why wins are not paid out above this sum, if so; taking a sum back is always possible.

    Source: GlüStV 2021, § 6b(3) (DE); the licence's `payments.auto_payout_offered`.
    """
    if wish.micros is None:
        return None
    if not licence.payments.auto_payout_offered:
        return Refusal.PAYOUT_NOT_OFFERED
    if not 0 <= wish.micros <= MICROS_MAX:
        return Refusal.AMOUNT_OUT_OF_RANGE
    unit = currency(wish.currency).minor_unit_micros
    return Refusal.AMOUNT_NOT_WHOLE if wish.micros % unit else None


def named(before: Payout | None, wish: PayoutWish, *, shard: Shard, now: datetime) -> Payout:
    """Return a player's payout with the sum that was named, or without one.

    Who changes the sum keeps what was won; who names one anew begins with nothing.
    """
    if before is not None and before.micros is not None and wish.micros is not None:
        return structs.replace(before, micros=wish.micros, set_at=now)
    return Payout(
        shard=shard,
        player_id=wish.player_id,
        currency=wish.currency,
        micros=wish.micros,
        set_at=now,
        # It goes on: no two payments of a player have the same number.
        number=0 if before is None else before.number,
    )


def without_waiting(limit: Limit) -> Limit:
    """Return a limit for which nothing looser waits."""
    return Limit(
        shard=limit.shard,
        player_id=limit.player_id,
        key=limit.key,
        value=limit.value,
        set_at=limit.set_at,
    )


def line_of(
    limit: Limit, fact: LimitSet | LimitLoosened | LimitKept, *, now: datetime
) -> HistoryLine:
    """Return what a change of a limit is in its history; the number is its place there."""
    happened = {LimitSet: Happened.SET, LimitLoosened: Happened.ASKED}
    told = None if isinstance(fact, LimitKept) else fact
    return HistoryLine(
        shard=limit.shard,
        player_id=limit.player_id,
        number=0,
        changed_at=now,
        happened=happened.get(type(fact), Happened.KEPT),
        key=limit.key,
        value=None if told is None else told.value,
        before=None if told is None else told.before,
        initiator=None if told is None else Initiator(told.initiator),
        counts_from=parse_instant(fact.counts_from, field="counts_from")
        if isinstance(fact, LimitLoosened)
        else None,
    )


def hour_of(instant: datetime) -> datetime:
    """Return the hour that an instant is in."""
    return instant.replace(minute=0, second=0, microsecond=0)


def _settled(change: Change, shard: Shard, value: int | None, set_at: datetime) -> Limit:
    return Limit(
        shard=shard,
        player_id=change.player_id,
        key=change.key,
        value=value,
        set_at=set_at,
    )


def _holds(cap: Cap, age: int | None) -> bool:
    if cap.lifted_by is LiftedBy.PLAYER:
        return False
    return age is None or cap.is_for(age)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
