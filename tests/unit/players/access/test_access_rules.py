"""Codes, locks and lives of sessions, against the published vectors and every licence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players.access import rules
from pitboss.players.access.model import LoginState, LoginTry, Refusal, Session, SessionId
from pitboss.players.factors.model import Proven
from pitboss.players.identity.model import Player, PlayerStatus
from proofs import Proves

CODES = jurisdictions.codes()
NOW = datetime(2024, 5, 19, 15, 0, tzinfo=UTC)
ANN = PlayerId(derived_id("player", "ann"))


@pytest.mark.parametrize("code", CODES)
def test_a_login_is_locked_after_the_licences_failures_for_the_licences_time(
    code: str, proves: Proves
) -> None:
    proves("sessions.failed_logins_max", code)
    proves("sessions.lock_minutes", code)
    licence = jurisdictions.get(code)
    state = LoginState()
    for number in range(licence.sessions.failed_logins_max):
        assert not state.is_locked(NOW), number
        state = rules.state_after(state, Refusal.WRONG_PASSWORD, licence, now=NOW)

    minutes = licence.sessions.lock_minutes
    assert state.is_locked(NOW)
    if minutes is None:
        assert state.is_locked(NOW + timedelta(days=3_650))
        return
    end = NOW + timedelta(minutes=minutes)
    assert state.is_locked(end - timedelta(microseconds=1))
    assert not state.is_locked(end)
    # A lock that is over has used its failures up: the next one is the first.
    after = rules.state_after(state, Refusal.WRONG_PASSWORD, licence, now=end)
    assert after.failures == 1


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("recovery", [None, b"digest"])
@pytest.mark.parametrize("step", [None, 7])
def test_a_lock_is_opened_by_as_many_factors_as_the_licence_wants_one_of_them_used_once(
    code: str, right: bool, recovery: bytes | None, step: int | None, proves: Proves
) -> None:
    proves("sessions.recovery_factors_min", code)
    licence = jurisdictions.get(code)
    attempt = LoginTry(player_id=ANN, right=right, session_id=SessionId(derived_id("s")))
    proven = Proven(step=step, recovery=recovery)

    opened = [rules.recovers(attempt, proven, wanting(licence, factors)) for factors in (1, 2, 3)]

    shown = right + (recovery is not None) + (step is not None)
    # The password, and what works once, whatever else there is; and never fewer than are wanted.
    once = right and recovery is not None
    assert opened == [once and shown >= factors for factors in (1, 2, 3)]
    least = licence.sessions.recovery_factors_min
    assert rules.recovers(attempt, proven, licence) == (once and shown >= least)


def wanting(licence: Jurisdiction, factors: int) -> Jurisdiction:
    """Return a licence that wants so many factors before a lock is opened."""
    sessions = msgspec.structs.replace(licence.sessions, recovery_factors_min=factors)
    return msgspec.structs.replace(licence, sessions=sessions)


@pytest.mark.parametrize("code", CODES)
def test_a_session_ends_when_the_licence_says(code: str, proves: Proves) -> None:
    for rule in ("idle_minutes_max", "minutes_max", "device_bound"):
        proves(f"sessions.{rule}", code)
    licence = jurisdictions.get(code)
    player = Player(
        shard=shard_of(ANN),
        id=ANN,
        jurisdiction=code,
        currency=licence.licence.currencies[0],
        status=PlayerStatus.ACTIVE,
        registered_at=NOW,
    )
    device = bytes(32)
    attempt = LoginTry(
        player_id=ANN, right=True, session_id=SessionId(derived_id("s")), device=device
    )

    session = rules.new_session(attempt, player, licence, NOW)

    lives = [
        minutes
        for minutes in (licence.sessions.idle_minutes_max, licence.sessions.minutes_max)
        if minutes is not None
    ]
    assert session.is_live(NOW, device=device)
    end = NOW + timedelta(minutes=min(lives, default=10**6))
    assert session.is_live(end - timedelta(microseconds=1), device=device)
    assert session.is_live(end, device=device) == (not lives)
    assert session.is_live(NOW, device=bytes(31) + b"x") == (not licence.sessions.device_bound)


@pytest.mark.parametrize("code", CODES)
def test_a_second_login_does_to_the_first_what_the_licence_says(code: str, proves: Proves) -> None:
    proves("sessions.one_at_a_time", code)
    proves("sessions.second_session", code)
    licence = jurisdictions.get(code)
    one = licence.sessions.one_at_a_time

    assert rules.ends_others(licence) == (
        one and licence.sessions.second_session == "ends_the_first"
    )
    assert rules.keeps_out(licence) == (one and licence.sessions.second_session == "is_refused")


def moment(minutes: int) -> datetime:
    """Return a moment so many minutes after midnight."""
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)


def test_a_stay_lasts_until_it_was_ended_ran_out_or_was_idle() -> None:
    session = Session(
        shard=shard_of(ANN),
        id=SessionId(derived_id("session")),
        player_id=ANN,
        opened_at=moment(0),
        seen_at=moment(10),
        ends_at=moment(60),
        idle_seconds=20 * 60,
    )

    assert session.over_at(moment(5)) == moment(5)
    assert session.over_at(moment(90)) == moment(30)
    assert replace_session(session, seen_at=moment(55)).over_at(moment(90)) == moment(60)
    assert replace_session(session, ended_at=moment(20)).over_at(moment(90)) == moment(20)


def replace_session(session: Session, **changes: datetime) -> Session:
    """Return a session that went otherwise."""
    return msgspec.structs.replace(session, **changes)
