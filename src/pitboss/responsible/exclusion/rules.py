"""Which terms a licence has, and when one is over.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from pitboss.jurisdictions.model import Jurisdiction, Lift
from pitboss.kernel.instants import add_months
from pitboss.responsible.exclusion.model import Exclusion, Initiator, Kind, Reason, Refusal, Wish

HOURS_MAX = 24 * 366
MONTHS_MAX = 12 * 100


def refusal_to_exclude(wish: Wish, licence: Jurisdiction) -> Refusal | None:
    """Return why the licence has no such term, if it has none.

    Staff and registers keep away for any term: theirs is not the player's choice.
    Source: the licence's `breaks` and `exclusion`.
    """
    if wish.kind is Kind.TIME_OUT:
        offered = wish.months is None and _offers_hours(wish.hours, licence)
    else:
        offered = wish.hours is None and _offers_months(wish, licence)
    return None if offered else Refusal.TERM_NOT_OFFERED


def end_of(wish: Wish, now: datetime) -> datetime | None:
    """Return when a term ends that begins now; None: never."""
    if wish.kind is Kind.TIME_OUT:
        return now + timedelta(hours=wish.hours or 0)
    return None if wish.months is None else add_months(now, wish.months)


def keeping_away(
    exclusions: Iterable[Exclusion], licence: Jurisdiction, now: datetime
) -> Exclusion | None:
    """Return an exclusion that keeps the player away now, an exclusion before a time-out."""
    found = [item for item in exclusions if not is_over(item, licence, now)]
    return min(found, key=lambda item: item.kind is Kind.TIME_OUT, default=None)


def is_over(item: Exclusion, licence: Jurisdiction, now: datetime) -> bool:
    """Return whether somebody is not kept away by this any more."""
    over = over_at(item, licence)
    return over is not None and now >= over


def over_at(item: Exclusion, licence: Jurisdiction) -> datetime | None:
    """Return from when on this keeps nobody away; None: it is not known, or will never be.

    A term is never shortened.  After it an exclusion ends as the licence says: by itself, or so
    long after the player has asked; one that a register keeps ends when the register says so, and
    one that staff imposed when staff lifts it, and by nothing that the player says.
    """
    rules = licence.exclusion
    if item.kind is Kind.TIME_OUT:
        return item.ends_at
    if is_imposed(item):
        return item.released_at
    if item.initiator is Initiator.REGISTER:
        return _over_after_register(item, licence)
    lift, wait = rules.lift, rules.lift_wait_hours
    if item.ends_at is None:
        lift, wait = rules.indefinite_lift or Lift.NEVER, rules.indefinite_wait_hours
    waited = timedelta(hours=wait or 0)
    match lift:
        case Lift.AT_END:
            return None if item.ends_at is None else item.ends_at + waited
        case Lift.ON_REQUEST:
            return None if item.return_asked_at is None else item.return_asked_at + waited
        case Lift.BY_REGISTER if item.ends_at is None and item.released_at is not None:
            # It goes on until the player decides otherwise, however clear the register's word is.
            return item.return_asked_at
        case Lift.BY_REGISTER:
            return item.released_at
        case Lift.NEVER:
            return None


def rests_on_register(item: Exclusion, licence: Jurisdiction, now: datetime) -> bool:
    """Return whether this waits for a register to say that it does not name the player.

    Such is what a register began; and where the licence leaves the end of every exclusion to the
    register, one of the player whose term is over, or, without an end, the licence's shortest time.
    Where it leaves only those with an end, one without is not freed by the word of a register that
    may never have heard of it; and one of staff is freed by no register's.
    """
    if item.kind is Kind.TIME_OUT or item.released_at is not None or is_imposed(item):
        return False
    if item.initiator is Initiator.REGISTER:
        return True
    rules = licence.exclusion
    lift = rules.indefinite_lift if item.ends_at is None else rules.lift
    return lift is Lift.BY_REGISTER and now >= _least(item, licence)


def is_imposed(item: Exclusion) -> bool:
    """Return whether staff keeps this player away for a reason that is not the player's wish.

    A court, a regulator or a risk of harm does not go away because the player asks to play.
    """
    asked = item.reason in (Reason.PLAYERS_CHOICE, Reason.PLAYER_ASKED_STAFF)
    return item.initiator is Initiator.STAFF and not asked


def refusal_to_lift(
    items: Iterable[Exclusion], licence: Jurisdiction, now: datetime
) -> Refusal | None:
    """Return why staff cannot lift what it imposed, if so: none of it, or none before its term.

    One without an end has the licence's shortest time of those as its term.
    """
    imposed = [item for item in items if is_imposed(item) and item.released_at is None]
    if not imposed:
        return Refusal.NOT_EXCLUDED
    early = any(now < _least(item, licence) for item in imposed)
    return Refusal.TERM_NOT_OVER if early else None


def is_held_by_register(item: Exclusion) -> bool:
    """Return whether a register keeps this up now."""
    return item.initiator is Initiator.REGISTER and item.released_at is None


def with_return_asked(item: Exclusion, now: datetime) -> Exclusion:
    """Return an exclusion from which the player asks now to come back, if not before."""
    return msgspec.structs.replace(item, return_asked_at=item.return_asked_at or now)


def refusal_to_return(item: Exclusion, licence: Jurisdiction, now: datetime) -> Refusal | None:
    """Return why a player who asks now cannot come back, if so."""
    rules = licence.exclusion
    if item.kind is Kind.TIME_OUT:
        return Refusal.TERM_NOT_OVER if item.ends_at is not None and now < item.ends_at else None
    if is_imposed(item):
        return Refusal.HELD_BY_STAFF
    if item.initiator is Initiator.REGISTER:
        if item.released_at is None:
            return Refusal.HELD_BY_REGISTER
        return Refusal.NEVER_LIFTED if rules.lift is Lift.NEVER else None
    lift = rules.lift if item.ends_at is not None else rules.indefinite_lift or Lift.NEVER
    if lift is Lift.NEVER:
        return Refusal.NEVER_LIFTED
    if now < _least(item, licence):
        return Refusal.TERM_NOT_OVER
    waits = lift is Lift.BY_REGISTER and item.released_at is None
    return Refusal.HELD_BY_REGISTER if waits else None


def _least(item: Exclusion, licence: Jurisdiction) -> datetime:
    """Return before when nothing ends an exclusion: its own end, or the licence's least time."""
    least = licence.exclusion.indefinite_months_min or 0
    return item.ends_at or add_months(item.starts_at, least)


def _over_after_register(item: Exclusion, licence: Jurisdiction) -> datetime | None:
    """Return from when on an exclusion by a register keeps nobody away: never while it holds.

    After that the licence says: at once where the register's end is the end, after its hours, or
    after those and only if the player asks.
    """
    rules = licence.exclusion
    waited = timedelta(hours=rules.lift_wait_hours or 0)
    if item.released_at is None:
        return None
    match rules.lift:
        case Lift.BY_REGISTER:
            return item.released_at
        case Lift.AT_END:
            return item.released_at + waited
        case Lift.ON_REQUEST:
            return None if item.return_asked_at is None else item.return_asked_at + waited
        case Lift.NEVER:
            return None


def _offers_hours(hours: int | None, licence: Jurisdiction) -> bool:
    if hours is None:
        return False
    rules = licence.breaks
    if rules.time_out_hours_choices:
        return hours in rules.time_out_hours_choices
    return rules.time_out_hours_min <= hours <= min(rules.time_out_hours_max, HOURS_MAX)


def _offers_months(wish: Wish, licence: Jurisdiction) -> bool:
    rules = licence.exclusion
    if wish.initiator is not Initiator.PLAYER:
        return wish.months is None or 0 < wish.months <= MONTHS_MAX
    if wish.months is None:
        return rules.indefinite
    if rules.months_choices:
        return wish.months in rules.months_choices
    return rules.months_min <= wish.months <= MONTHS_MAX
