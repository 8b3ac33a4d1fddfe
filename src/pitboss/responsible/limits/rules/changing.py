"""Which limits there may be, and when a change of one counts.  Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from msgspec import structs

from pitboss.jurisdictions.model import (
    ConfirmedBy,
    Jurisdiction,
    LiftedBy,
    Period,
)
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.shards import Shard
from pitboss.responsible.limits.facts import LimitKept, LimitLoosened, LimitSet
from pitboss.responsible.limits.model import (
    Change,
    Confirmation,
    Happened,
    HistoryLine,
    Initiator,
    Lift,
    Limit,
    LimitKey,
    Raise,
    Refusal,
    Waiting,
)
from pitboss.responsible.limits.rules.standing import cap_of, in_force, period_end

MINUTES_MAX = 31 * 24 * 60
MICROS_MAX = 10**15
# What staff does so that a cap may be raised; the player lifts others alone, and some nobody.
LIFTED_BY_CHECKS = frozenset({LiftedBy.INCOME_CHECK, LiftedBy.RISK_CHECK})


def as_of(limit: Limit, now: datetime) -> Limit:
    """Return a limit as whoever looks at it now shall see it."""
    if limit.closed_until is not None and now >= limit.closed_until:
        limit = structs.replace(limit, closed_until=None)
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
        closed_until=limit.closed_until,
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
        return _settled(change, shard, change.value, now, limit)
    if change.value == now_at:
        # What is asked is what there is: whatever waited is not wanted any more, or counts by now.
        set_at = limit.set_at if now_at == limit.value else now
        return _settled(change, shard, now_at, set_at, limit)
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
        closed_until=limit.closed_until,
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


def without_waiting(limit: Limit) -> Limit:
    """Return a limit for which nothing looser waits."""
    return Limit(
        shard=limit.shard,
        player_id=limit.player_id,
        key=limit.key,
        value=limit.value,
        set_at=limit.set_at,
        closed_until=limit.closed_until,
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


def _settled(
    change: Change, shard: Shard, value: int | None, set_at: datetime, before: Limit | None
) -> Limit:
    """Return a limit that counts.  One that was used up stays closed, whatever it is set to."""
    return Limit(
        shard=shard,
        player_id=change.player_id,
        key=change.key,
        value=value,
        set_at=set_at,
        closed_until=None if before is None else before.closed_until,
    )
