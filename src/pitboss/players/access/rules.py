"""Who is let in.  Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pitboss.jurisdictions.model import Jurisdiction, SecondSession
from pitboss.kernel.ids import PlayerId
from pitboss.players.access.model import (
    CODE_DIGITS,
    COUNTED,
    STEP_SECONDS,
    STEPS_APART_MAX,
    Factor,
    LoginState,
    LoginTry,
    Refusal,
    Session,
    Stay,
)
from pitboss.players.identity.model import Player, PlayerStatus
from pitboss.players.personal.model import PersonalKeys

_CODE = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(r"[A-Z2-7]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a try shows beside the password: a step of TOTP, or a recovery code that is left."""

    step: int | None = None
    recovery: bytes | None = None

    @property
    def holds(self) -> bool:
        """Whether anything was shown that had not been before."""
        return self.step is not None or self.recovery is not None


def refusal(
    attempt: LoginTry,
    player: Player,
    state: LoginState,
    *,
    factor: Factor | None,
    proven: Proven,
    now: datetime,
) -> Refusal | None:
    """Return why somebody is not let in, if so.

    A lock is opened by the password and a recovery code: two factors, one of which works once.
    Source: N.J.A.C. 13:69O-1.4(i).
    """
    if state.is_locked(now) and not (attempt.right and proven.recovery is not None):
        return Refusal.LOGIN_LOCKED
    if not attempt.right:
        return Refusal.WRONG_PASSWORD
    if player.status is PlayerStatus.CLOSED and not attempt.owed:
        return Refusal.ACCOUNT_CLOSED
    if factor is not None and factor.active and not proven.holds:
        asked = attempt.code is None and attempt.recovery_code is None
        return Refusal.SECOND_FACTOR_NEEDED if asked else Refusal.WRONG_SECOND_FACTOR
    return None


def state_after(
    state: LoginState, why: Refusal | None, licence: Jurisdiction, *, now: datetime
) -> LoginState:
    """Return how a login stands after a try: failures add up until somebody is let in.

    A lock that is over has used its failures up.
    """
    if why is None:
        return LoginState(previous_login_at=now)
    if why not in COUNTED:
        return state
    if state.locked_at is not None and not state.is_locked(now):
        state = replace(state, failures=0, locked_at=None, locked_until=None)
    failures = state.failures + 1
    if failures < licence.sessions.failed_logins_max:
        return replace(state, failures=failures)
    minutes = licence.sessions.lock_minutes
    return replace(
        state,
        failures=failures,
        locked_at=now,
        locked_until=None if minutes is None else now + timedelta(minutes=minutes),
    )


def new_session(attempt: LoginTry, player: Player, licence: Jurisdiction, now: datetime) -> Session:
    """Return a session under the licence's rules of this moment."""
    rules = licence.sessions
    idle, longest = rules.idle_minutes_max, rules.minutes_max
    return Session(
        shard=player.shard,
        id=attempt.session_id,
        player_id=player.id,
        opened_at=now,
        seen_at=now,
        ends_at=None if longest is None else now + timedelta(minutes=longest),
        idle_seconds=None if idle is None else idle * 60,
        device=attempt.device if rules.device_bound else None,
    )


def join_stays(stays: Iterable[Stay]) -> list[Stay]:
    """Return the same time as stays that do not overlap, in order: nobody plays twice at once."""
    joined: list[Stay] = []
    for start, end in sorted(stays):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def keeps_out(licence: Jurisdiction) -> bool:
    """Say whether a second login is refused while a session lives."""
    rules = licence.sessions
    return rules.one_at_a_time and rules.second_session is SecondSession.IS_REFUSED


def ends_others(licence: Jurisdiction) -> bool:
    """Say whether a second login ends the sessions before it.  Source: N.J.A.C. 13:69O-1.4(e)."""
    rules = licence.sessions
    return rules.one_at_a_time and rules.second_session is SecondSession.ENDS_THE_FIRST


def totp(seed: bytes, step: int) -> str:
    """Return the code of a step.  Source: RFC 4226, section 5.3; RFC 6238, section 4.2."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), hashlib.sha1)
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**CODE_DIGITS).zfill(CODE_DIGITS)


def step_of(seed: bytes, code: str | None, *, last_step: int, now: datetime) -> int | None:
    """Return the step that a code is of, if it is near this moment and newer than the last.

    Source: RFC 6238, section 5.2: a code that was accepted is not accepted again.
    """
    if code is None or not _CODE.fullmatch(code):
        return None
    present = int(now.timestamp()) // STEP_SECONDS
    found = None
    # All are compared, so that the time taken tells nothing.
    for step in range(present - STEPS_APART_MAX, present + STEPS_APART_MAX + 1):
        if hmac.compare_digest(totp(seed, step), code) and step > last_step:
            found = step
    return found


def write_seed(seed: bytes) -> str:
    """Return a seed as authenticators read it."""
    return base64.b32encode(seed).decode()


def read_seed(text: str) -> bytes:
    """Return a seed that `write_seed` wrote."""
    return base64.b32decode(text)


def write_recovery_code(raw: bytes) -> str:
    """Return a recovery code as it is shown: sixteen letters and digits in groups of four."""
    text = base64.b32encode(raw).decode()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def recovery_digest(keys: PersonalKeys, player_id: PlayerId, code: str) -> bytes | None:
    """Return what is stored of a recovery code; None if the text cannot be one."""
    plain = code.replace("-", "").replace(" ", "").upper()[:64]
    if not _RECOVERY.fullmatch(plain):
        return None
    return keys.digest("player.recovery_code", f"{player_id}\x00{plain}".encode())


def address_digest(keys: PersonalKeys, address: str) -> bytes:
    """Return by what a network address is counted without being kept."""
    return keys.digest("login.address", address.encode())
