"""Codes, locks and lives of sessions, against the published vectors and every licence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players.access import rules
from pitboss.players.access.model import LoginState, LoginTry, Refusal, Session, SessionId
from pitboss.players.identity.model import Player, PlayerStatus
from pitboss.players.personal.model import PersonalKeys
from proofs import Proves

CODES = jurisdictions.codes()
NOW = datetime(2024, 5, 19, 15, 0, tzinfo=UTC)
ANN = PlayerId(derived_id("player", "ann"))
KEYS = PersonalKeys(master=bytes(32), index=bytes(range(32)))
SEED = b"12345678901234567890"


# RFC 6238, appendix B; there with eight digits, of which these are the last six.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)

    assert rules.totp(SEED, seconds // 30) == code
    assert rules.step_of(SEED, code, last_step=0, now=now) == seconds // 30


def test_a_code_is_good_a_step_early_and_a_step_late_and_once() -> None:
    step = int(NOW.timestamp()) // 30
    for away in range(-3, 4):
        found = rules.step_of(SEED, rules.totp(SEED, step + away), last_step=0, now=NOW)
        assert found == (step + away if abs(away) <= 1 else None)
    assert rules.step_of(SEED, rules.totp(SEED, step), last_step=step, now=NOW) is None
    assert rules.step_of(SEED, rules.totp(SEED, step - 1), last_step=step, now=NOW) is None


@pytest.mark.parametrize(
    "text",
    [None, "", "12345", "1234567", "12345a", "\uff11\uff12\uff13\uff14\uff15\uff16", "123 456"],
)
def test_what_is_no_code_is_none(text: str | None) -> None:
    assert rules.step_of(SEED, text, last_step=0, now=NOW) is None


def test_a_recovery_code_is_read_as_people_write_it() -> None:
    code = rules.write_recovery_code(bytes(range(10)))
    digest = rules.recovery_digest(KEYS, ANN, code)

    assert len(code) == 19
    assert digest is not None
    for written in (code.lower(), code.replace("-", ""), f" {code} ".replace("-", " ")):
        assert rules.recovery_digest(KEYS, ANN, written) == digest
    assert rules.recovery_digest(KEYS, PlayerId(derived_id("bob")), code) != digest
    assert rules.recovery_digest(KEYS, ANN, "no code") is None


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
