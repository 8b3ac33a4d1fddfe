"""When a reality check is due, when a break must be, and when a session is over.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from pitboss.jurisdictions.model import BreakRules, Jurisdiction
from pitboss.responsible.breaks.model import (
    Answering,
    Break,
    Choice,
    Clock,
    GamePlan,
    Interval,
    Pace,
    Planned,
    RealityCheck,
    Refusal,
    Reply,
    State,
    Stay,
)


def is_watched(licence: Jurisdiction) -> bool:
    """Say whether a stake under this licence depends on the session that it is asked in."""
    return licence.reality_check.answer_required or licence.sessions.minutes_max is not None


def may_be_due(clock: Clock, licence: Jurisdiction, now: datetime) -> bool:
    """Say whether a check of this session can be due already, whatever the player has chosen.

    Before the licence's shortest interval is over nobody needs to look what that was.
    """
    rules = licence.reality_check
    if not rules.answer_required or not rules.minutes_choices:
        return False
    return now >= clock.counts_from + timedelta(minutes=min(rules.minutes_choices))


def minutes_of(interval: Interval | None, licence: Jurisdiction) -> int | None:
    """Return how often a player has a reality check: what was chosen, or the licence's own.

    A choice that the licence does not offer any more is none, and so is one that leaves the checks
    out where the licence wants them.
    """
    rules = licence.reality_check
    if interval is None or interval.minutes not in rules.minutes_choices:
        return rules.minutes_default
    return interval.minutes


def due_at(clock: Clock, state: State | None, licence: Jurisdiction) -> datetime | None:
    """Return when a session's next reality check is due, or was and waits for its answer.

    It counts from the first moment of the play that the session goes on with, and then from each
    answer: a second login does not get rid of a check that waits.  None: there is no next
    one.  Source: the licence's `reality_check.minutes_default` and `minutes_choices`.
    """
    minutes = minutes_of(None if state is None else state.interval, licence)
    if minutes is None:
        return None
    since = [clock.counts_from]
    if state is not None and state.answered_before is not None:
        since.append(state.answered_before)
    if state is not None and state.newest is not None:
        since.append(state.newest.answered_at)
    return max(since) + timedelta(minutes=minutes)


def joined(clock: Clock, states: Mapping[str, State]) -> State:
    """Return a session's state with the last answer in the sessions that it goes on with."""
    before = [states[item].newest for item in clock.before if item in states]
    answered = [check.answered_at for check in before if check is not None]
    own = states[clock.session_id]
    return msgspec.structs.replace(own, answered_before=max(answered, default=None))


def pace_of(clock: Clock, state: State | None, licence: Jurisdiction, *, now: datetime) -> Pace:
    """Return whether play may go on in a session at this moment.

    Source: the licence's `sessions.minutes_max` and `reality_check.answer_required`.
    """
    if is_over(clock, state, now):
        return Pace.SESSION_OVER
    if not licence.reality_check.answer_required:
        return Pace.GOES_ON
    due = due_at(clock, state, licence)
    return Pace.CHECK_DUE if due is not None and now >= due else Pace.GOES_ON


def is_over(clock: Clock, state: State | None, now: datetime) -> bool:
    """Say whether a session has reached its longest time, or was left at a reality check."""
    if clock.ends_at is not None and now >= clock.ends_at:
        return True
    return state is not None and state.newest is not None and state.newest.reply is Reply.LEAVE


def refusal_to_choose(
    wish: Choice, licence: Jurisdiction, due: Sequence[datetime], now: datetime
) -> Refusal | None:
    """Return why an interval cannot be what was asked, if it cannot.

    `due` are when the checks of the player's sessions are: one that waits for its answer is not
    got rid of by another interval.
    """
    rules = licence.reality_check
    # Without any is what a player begins with, where the licence says so.
    offered = (*rules.minutes_choices, rules.minutes_default)
    if wish.minutes not in offered:
        return Refusal.INTERVAL_NOT_OFFERED
    if rules.answer_required and any(now >= moment for moment in due):
        return Refusal.REALITY_CHECK_DUE
    return None


def refusal_to_answer(
    wish: Answering, state: State, licence: Jurisdiction, now: datetime
) -> Refusal | None:
    """Return why a check is not answered so, if it is not.

    Only the check that is due is answered, named by when it was due: neither one that is to come,
    nor twice.
    """
    due = due_at(wish.clock, state, licence)
    if due is None or due != wish.due_at or now < due or is_over(wish.clock, state, now):
        return Refusal.NO_CHECK_DUE
    if wish.reply is Reply.SEEN and licence.reality_check.answer_required:
        return Refusal.ANSWER_NEEDED
    return None


def answers_again(wish: Answering, newest: RealityCheck | None) -> bool:
    """Say whether this check was answered before, whatever was said to it."""
    return newest is not None and newest.due_at == wish.due_at


def wants_breaks(licence: Jurisdiction) -> bool:
    """Say whether the licence makes a player stop after so much play."""
    return _lengths(licence.breaks) is not None


def break_at(stays: Sequence[Stay], licence: Jurisdiction, now: datetime) -> Break | None:
    """Return the mandatory break that runs at this moment, or the next one.

    Play is the time that somebody is with us, from login to the end of the session, each minute
    once, as it is for limits of time.  A stretch of it begins with the first login after at least
    the length of a break away.  After the licence's minutes a break begins by itself, logged in or
    not, since nobody can stake during it; after it play may go on for as long again.  None: the
    licence has no such rule, or nobody is here.

    Source: the licence's `breaks.mandatory_after_minutes` and `mandatory_minutes`; what counts as
    play and as a break is our reading, because no text that we have says it.
    """
    lengths = _lengths(licence.breaks)
    if lengths is None or not stays:
        return None
    play, pause = lengths
    began, ended = stays[0]
    for start, end in stays[1:]:
        if start - ended >= pause:
            began = start
        ended = max(ended, end)
    if now - ended >= pause:
        return None
    starts_at = began + (now - began) // (play + pause) * (play + pause) + play
    return Break(starts_at=starts_at, ends_at=starts_at + pause)


def planned(
    plan: GamePlan | None, licence: Jurisdiction, stake_micros: int, now: datetime
) -> Planned:
    """Return how a plan stands towards one more stake in a game.

    A plan ends when its time is over or when all of its spend is used, whichever comes first, and
    the rest that the player planned follows: until that is over too, there is no other one.  The
    law speaks of slots; the gate does not know one game from another, so it holds for all.

    Source: DGOJ, monitoring model v3.3 (BOE-A-2024-12639), `PlanificacionSesion`.
    """
    if not licence.games.session_planned:
        return Planned.NOT_NEEDED
    if plan is None:
        return Planned.MISSING
    ends_at = plan.made_at + timedelta(minutes=plan.minutes)
    if plan.reached_at is not None:
        ends_at = min(ends_at, plan.reached_at)
    if now >= ends_at + timedelta(minutes=plan.rest_minutes):
        return Planned.MISSING
    if now >= ends_at or stake_micros > plan.spend_micros - plan.spent_micros:
        return Planned.OVER
    return Planned.HOLDS


def _lengths(rules: BreakRules) -> tuple[timedelta, timedelta] | None:
    if rules.mandatory_after_minutes is None or rules.mandatory_minutes is None:
        return None
    return (
        timedelta(minutes=rules.mandatory_after_minutes),
        timedelta(minutes=rules.mandatory_minutes),
    )
