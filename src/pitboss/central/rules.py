"""What the word of a central file means, and when it is told again.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pitboss.central.model import ActivityState, Began, DepositState, FiledDeposit
from pitboss.jurisdictions.model import Jurisdiction, LimitKind, Period, RegisterDown
from pitboss.registers.model import Verdict
from pitboss.responsible.limits.model import Limit

# A player waits for the answer: after so many failures the deposit is not taken.
TRIES_MAX = 3
RETRY_MIN = timedelta(seconds=1)
RETRY_MAX = timedelta(minutes=10)
_DOUBLINGS_MAX = 10
_OF_A_MONTH = (LimitKind.DEPOSIT, LimitKind.NET_DEPOSIT)

OPEN = frozenset(
    (
        DepositState.WANTED,
        DepositState.SILENT,
        DepositState.CONFIRMING,
        DepositState.RELEASING,
    )
)
# The file never counted it, or has heard that it does not any more.
_NOTHING_THERE = frozenset((DepositState.REFUSED, DepositState.RELEASED, DepositState.RELEASING))
_TOLD = {
    DepositState.CONFIRMING: DepositState.CONFIRMED,
    DepositState.RELEASING: DepositState.RELEASED,
    DepositState.SILENT: DepositState.RELEASED,
}


def month_of(licence: Jurisdiction, now: datetime) -> str:
    """Return the calendar month by the licence's clock.  Source: GlüStV 2021, § 6c(1)."""
    return now.astimezone(ZoneInfo(licence.licence.time_zone)).strftime("%Y-%m")


def limit_of_month(limits: Iterable[Limit]) -> int | None:
    """Return what a player wants to pay in at most in a month, if they have said so."""
    return min(
        (
            limit.value
            for limit in limits
            if limit.value is not None
            and limit.key.kind in _OF_A_MONTH
            and limit.key.period is Period.MONTH
        ),
        default=None,
    )


def counts_next(limits: Iterable[Limit]) -> datetime | None:
    """Return when a looser limit of a month will count by itself; None: none waits for that."""
    return min(
        (
            limit.waiting.counts_from
            for limit in limits
            if limit.waiting is not None
            and not limit.waiting.needs_confirmation
            and limit.key.kind in _OF_A_MONTH
            and limit.key.period is Period.MONTH
        ),
        default=None,
    )


def after_silence(filed: FiledDeposit, licence: Jurisdiction) -> DepositState:
    """Return how a deposit stands after one more try in vain.

    Once it was tried often enough, what holds is the licence's: refused, or taken without the
    file's word.  Source: the licence's `exclusion.register_down`.
    """
    if filed.state is not DepositState.WANTED or filed.tries + 1 < TRIES_MAX:
        return filed.state
    if licence.exclusion.register_down is RegisterDown.ALLOW:
        return DepositState.RESERVED
    return DepositState.SILENT


def after_telling(state: DepositState) -> DepositState:
    """Return how a deposit stands once the file has been told."""
    return _TOLD[state]


def confirmed(state: DepositState) -> bool:
    """Say whether the file has yet to hear that a deposit has arrived."""
    return state not in (DepositState.CONFIRMING, DepositState.CONFIRMED)


def released(state: DepositState) -> bool:
    """Say whether the file may count a deposit that will not arrive."""
    return state not in _NOTHING_THERE


def state_of(began: Began, licence: Jurisdiction, now: datetime) -> ActivityState:
    """Return how a player stands after the activity file was asked.

    Who was with another operator waits out the licence's minutes, whether the file makes them or
    not: who is let in too early is active with us for the file, and leaves again.
    Source: GlüStV 2021, § 6h; the licence's `sessions.elsewhere_gap_minutes`.
    """
    gap = timedelta(minutes=licence.sessions.elsewhere_gap_minutes or 0)
    early = began.left_at is not None and now < began.left_at + gap
    if not began.granted:
        return ActivityState.ELSEWHERE
    return ActivityState.LEAVING if early else ActivityState.ACTIVE


def verdict(licence: Jurisdiction, states: Collection[ActivityState]) -> Verdict:
    """Return what the activity file means for a stake of who has these times that are not over.

    Source: the licence's `sessions.elsewhere_refused` and `exclusion.register_down`.
    """
    if not licence.sessions.elsewhere_refused:
        return Verdict.NOT_NEEDED
    if ActivityState.ACTIVE in states:
        return Verdict.CLEAR
    if ActivityState.ELSEWHERE in states:
        return Verdict.ELSEWHERE
    if ActivityState.ASKED in states:
        allowed = licence.exclusion.register_down is RegisterDown.ALLOW
        return Verdict.CLEAR if allowed else Verdict.DOWN
    return Verdict.NOT_CHECKED


def after_leaving(state: ActivityState) -> ActivityState | None:
    """Return how a player stands whose session is over; None: as before.

    The file may have heard a question that we have no answer to.
    """
    match state:
        case ActivityState.ASKED | ActivityState.ACTIVE:
            return ActivityState.LEAVING
        case ActivityState.ELSEWHERE:
            return ActivityState.LEFT
        case ActivityState.LEAVING | ActivityState.LEFT:
            return None


def due_after_silence(tries: int, wall: datetime) -> datetime:
    """Return when something is told again that was told in vain so many times in a row."""
    return wall + min(RETRY_MIN * int(2 ** min(tries, _DOUBLINGS_MAX)), RETRY_MAX)
