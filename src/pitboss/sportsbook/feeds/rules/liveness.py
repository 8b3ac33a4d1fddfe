"""Whether a producer's prices may be trusted.

Down at once on silence, lag, a clock that jumps, a lost subscription or connection; up only by a
completed recovery that was asked for after the last of these.  Source: Sportradar UOF, producers
and recovery; unlike some clients, the end of a recovery that nobody asked for opens nothing.
"""

from __future__ import annotations

from dataclasses import replace

from pitboss.sportsbook.feeds.model import Liveness, Recovery, RecoveryWish, Tolerance, Why

_MS = 1_000


def hear_alive(state: Liveness, generated_ms: int, *, subscribed: bool, at: float) -> Liveness:
    """Take note that the producer lives, at this moment of the steady clock."""
    if state.alive_ms is not None and generated_ms <= state.alive_ms:
        return state
    heard = replace(state, heard_at=at, alive_ms=generated_ms, subscribed=subscribed)
    if not subscribed:
        return _unsubscribe(heard, generated_ms)
    if heard.up:
        good_ms = max(generated_ms, heard.good_ms or 0)
        return replace(heard, good_ms=good_ms)
    return _rise(heard)


def process(state: Liveness, generated_ms: int, *, now_ms: int) -> Liveness:
    """Take note that a message of the ordinary stream was worked off: how late was that?"""
    lag_ms = now_ms - generated_ms
    known = replace(state, lag_ms=lag_ms)
    tolerance = state.terms.tolerance
    if lag_ms > tolerance.lag_seconds * _MS:
        return fall(known, Why.LAGGING)
    if is_ahead(tolerance, generated_ms, now_ms=now_ms):
        return fall(known, Why.CLOCK)
    return known


def is_ahead(tolerance: Tolerance, generated_ms: int, *, now_ms: int) -> bool:
    """Say whether a message claims to come from the future, so that it cannot be put in order."""
    return generated_ms - now_ms > tolerance.ahead_seconds * _MS


def look(state: Liveness, *, at: float) -> Liveness:
    """Take note of silence, and give up on a recovery that takes too long."""
    tolerance = state.terms.tolerance
    if state.heard_at is not None and at - state.heard_at > tolerance.silence_seconds:
        # Its clock may have been set back, and then what it says next is older than the last.
        silent = replace(state, heard_at=None, alive_ms=None, subscribed=False)
        return fall(silent, Why.SILENT)
    running = state.recovery
    if running is not None and at - running.asked_at > tolerance.recovery_seconds:
        return replace(state, recovery=None)
    return state


def fall(state: Liveness, why: Why) -> Liveness:
    """Be down for this reason; a recovery that runs is of no use any more."""
    fallen = replace(state, down=why, recovery=None)
    if why is Why.DISCONNECTED:
        # What was heard before it says nothing of now.
        return replace(fallen, heard_at=None, alive_ms=None, subscribed=False)
    return fallen


def wish(state: Liveness, *, at: float, now_ms: int) -> RecoveryWish | None:
    """Return the recovery to ask for now, if it is time for one.

    A producer that is not heard is not asked: it could not answer, and nothing would show that it
    does not.  More than the supplier keeps is asked for as all there is.
    """
    tolerance = state.terms.tolerance
    if state.up or state.heard_at is None or state.recovery is not None:
        return None
    if state.asked_at is not None and at - state.asked_at < tolerance.ask_every_seconds:
        return None
    after_ms = state.good_ms
    if after_ms is not None and now_ms - after_ms > tolerance.window_seconds * _MS:
        after_ms = None
    return RecoveryWish(producer=state.terms.id, after_ms=after_ms)


def ask(state: Liveness, request_no: int, after_ms: int | None, *, at: float) -> Liveness:
    """Take note that this recovery is about to be asked for."""
    asked = Recovery(request_no=request_no, after_ms=after_ms, asked_at=at)
    return replace(state, recovery=asked, asked_at=at)


def fail(state: Liveness, request_no: int) -> Liveness:
    """Take note that the supplier did not take the request: there is no such recovery."""
    running = state.recovery
    if running is None or running.request_no != request_no:
        return state
    return replace(state, recovery=None)


def is_awaited(state: Liveness, request_no: int) -> bool:
    """Say whether the end of this recovery is waited for."""
    return state.recovery is not None and state.recovery.request_no == request_no


def complete(state: Liveness, request_no: int, generated_ms: int) -> Liveness:
    """Take note that a recovery is complete: the producer is up if it serves us."""
    running = state.recovery
    if running is None or running.request_no != request_no:
        return state
    return _rise(replace(state, recovery=replace(running, done_ms=generated_ms)))


def _unsubscribe(state: Liveness, generated_ms: int) -> Liveness:
    """Be down, because we are not served.

    A recovery is how we are served again, and until it ends we are told that we are not.
    """
    running = state.recovery
    if running is not None and (running.done_ms is None or generated_ms <= running.done_ms):
        return replace(state, down=state.down or Why.NOT_SUBSCRIBED)
    return fall(state, Why.NOT_SUBSCRIBED)


def _rise(state: Liveness) -> Liveness:
    running = state.recovery
    if running is None or running.done_ms is None or not state.subscribed:
        return state
    good_ms = max(running.done_ms, state.good_ms or 0)
    return replace(state, down=None, recovery=None, good_ms=good_ms)
