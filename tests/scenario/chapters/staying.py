"""How a player is let in, and until when."""

from __future__ import annotations

from datetime import timedelta

from pitboss.jurisdictions.model import SecondSession
from pitboss.kernel.instants import parse_instant, write_instant
from scenario.walking import REALITY_CHECK, UNIT, Person, Walk

SECOND = timedelta(seconds=1)
# A whole night of play, for licences that do not end one.
A_NIGHT = timedelta(hours=8)
# For a lock that only its owner opens: long enough that no clock will.
A_YEAR = timedelta(days=365)


async def is_let_in_and_out(walk: Walk) -> None:
    """Log in twice, stay too long, be idle, and forget the password."""
    bob = await walk.newcomer()
    await _is_told_of_the_login_before(walk, bob)
    await _logs_in_elsewhere(walk, bob)
    await _is_idle(walk, bob)
    await _stays_for_long(walk, bob)
    await _forgets_the_password(walk, bob)


async def is_stopped_to_think(walk: Walk) -> None:
    """Be told how long one has been here, and rest where the licence wants it."""
    eve = await walk.regular(deposit=20 * UNIT)
    await _is_told_how_long(walk, eve)
    await _has_to_rest(walk, eve)


async def _is_told_how_long(walk: Walk, eve: Person) -> None:
    rules = walk.licence.reality_check
    with walk.step(
        "is told how long she has been here, and has to answer where the licence says so",
        "reality_check.minutes_default",
        "reality_check.minutes_choices",
        "reality_check.answer_required",
    ):
        for minutes in rules.minutes_choices[:1]:
            chosen = await eve.ask("PUT", f"{REALITY_CHECK}/interval", {"minutes": minutes})
            assert chosen.status == 200, chosen.body
        shown = await eve.looks(REALITY_CHECK)
        expected = next(iter(rules.minutes_choices), rules.minutes_default)
        assert shown["minutes"] == expected
        if expected is None:
            return
        await eve.stays(timedelta(minutes=expected))
        await eve.shows_where_they_are()
        assert (await eve.looks(REALITY_CHECK))["due"]
        stopped = await eve.outcome(await eve.asks_for_a_bet(UNIT, goes_on=False))
        assert (stopped == "reality_check_due") == rules.answer_required
        assert await eve.bets(UNIT) == "accepted"


async def _has_to_rest(walk: Walk, eve: Person) -> None:
    rules = walk.licence.breaks
    with walk.step(
        "rests for as long as the licence wants after so long a time of play",
        "breaks.mandatory_after_minutes",
        "breaks.mandatory_minutes",
    ):
        await eve.comes_back()
        due_at = (await eve.looks(REALITY_CHECK))["break_starts_at"]
        assert (due_at is None) == (rules.mandatory_after_minutes is None)
        due_in = parse_instant(due_at, field="due") - walk.now if due_at else A_NIGHT
        assert due_in <= timedelta(minutes=rules.mandatory_after_minutes or 8 * 60)
        await eve.stays(due_in)
        await eve.shows_where_they_are()
        stopped = await eve.outcome(await eve.asks_for_a_bet(UNIT, goes_on=False))
        assert (stopped == "mandatory_break") == (due_at is not None), stopped
        started = walk.now
        await eve.goes_on()
        rested = walk.now - started
        assert rested == timedelta(minutes=rules.mandatory_minutes or 0)
        await eve.comes_back()
        assert await eve.bets(UNIT) == "accepted"


async def _is_told_of_the_login_before(walk: Walk, bob: Person) -> None:
    with walk.step("is told when he was here before", "sessions.previous_login_shown"):
        before = walk.now
        walk.wait(timedelta(hours=3))
        told = (await bob.logs_in())["previous_login_at"]
        shown = walk.licence.sessions.previous_login_shown
        assert told == (write_instant(before) if shown else None)


async def _logs_in_elsewhere(walk: Walk, bob: Person) -> None:
    rules = walk.licence.sessions
    with walk.step(
        "is logged in at one place or at several",
        "sessions.one_at_a_time",
        "sessions.second_session",
    ):
        at_home, session = bob.token, bob.session_id
        second = await bob.tries_to_log_in()
        refused = rules.one_at_a_time and rules.second_session is SecondSession.IS_REFUSED
        assert second.status == (409 if refused else 201), second.body
        ended = rules.one_at_a_time and rules.second_session is SecondSession.ENDS_THE_FIRST
        assert await bob.is_let_in() != ended
        assert (bob.token, bob.session_id) == (at_home, session)
        if not refused:
            bob.take(second)
        assert await bob.is_let_in()
    with walk.step("takes his session to another device, or not", "sessions.device_bound"):
        if not refused:
            await bob.logs_in(device="phone")
        there = await bob.ask("GET", "/v1/me", device="laptop")
        assert (there.status == 401) == rules.device_bound


async def _is_idle(walk: Walk, bob: Person) -> None:
    with walk.step("is logged out when nobody was there for so long", "sessions.idle_minutes_max"):
        await bob.logs_in()
        idle = timedelta(minutes=walk.licence.sessions.idle_minutes_max or 24 * 60)
        # The machine's clock stands still: his token is good, and only the session is too old.
        walk.desk.clock.advance(idle - SECOND)
        assert await bob.is_let_in()
        walk.desk.clock.advance(idle)
        ended = walk.licence.sessions.idle_minutes_max is not None
        assert await bob.is_let_in() != ended
        walk.desk.wall.advance(2 * idle - SECOND)


async def _stays_for_long(walk: Walk, bob: Person) -> None:
    with walk.step("plays on for as long as the licence lets him", "sessions.minutes_max"):
        await bob.logs_in()
        minutes = walk.licence.sessions.minutes_max
        await bob.stays((timedelta(minutes=minutes) if minutes else A_NIGHT) - SECOND)
        walk.wait(SECOND)
        assert await bob.is_let_in() == (minutes is None)


async def _forgets_the_password(walk: Walk, bob: Person) -> None:
    rules = walk.licence.sessions
    with walk.step(
        "is locked out after so many failures in a row",
        "sessions.failed_logins_max",
        "sessions.lock_minutes",
    ):
        for _ in range(rules.failed_logins_max - 1):
            assert (await bob.tries_to_log_in("not that one")).status == 401
        assert (await bob.tries_to_log_in()).status == 201
        for _ in range(rules.failed_logins_max):
            assert (await bob.tries_to_log_in("not that one")).status == 401
        assert (await bob.tries_to_log_in()).status == 401
        lock = timedelta(minutes=rules.lock_minutes) if rules.lock_minutes else A_YEAR
        walk.desk.clock.advance(lock - SECOND)
        assert (await bob.tries_to_log_in()).status == 401
        walk.desk.clock.advance(SECOND)
        walk.desk.wall.advance(lock)
        opened = rules.lock_minutes is not None
        assert (await bob.tries_to_log_in()).status == (201 if opened else 401)
