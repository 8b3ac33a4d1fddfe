"""How a player is let in, and until when."""

from __future__ import annotations

from datetime import timedelta

from pitboss.jurisdictions.model import SecondSession
from pitboss.kernel.instants import write_instant
from scenario.walking import Person, Walk

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
