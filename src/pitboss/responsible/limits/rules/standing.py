"""What a limit is now, under which caps, and when its period began.  Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from pitboss.jurisdictions.model import (
    Cap,
    Jurisdiction,
    LiftedBy,
    Period,
    WeekStart,
    Window,
)
from pitboss.responsible.limits.model import (
    Lift,
    Limit,
    LimitKey,
)

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


def _holds(cap: Cap, age: int | None) -> bool:
    if cap.lifted_by is LiftedBy.PLAYER:
        return False
    return age is None or cap.is_for(age)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
