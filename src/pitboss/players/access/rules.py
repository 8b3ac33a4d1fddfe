"""Who is let in.  Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from pitboss.jurisdictions.model import Jurisdiction, SecondFactor, SecondSession
from pitboss.players.access.model import (
    AWAY_MIN,
    COUNTED,
    LoginState,
    LoginTry,
    Refusal,
    Session,
    SessionId,
    Stay,
    Stretch,
)
from pitboss.players.factors.model import Factors, Proof, Proven
from pitboss.players.identity.model import Player, PlayerStatus
from pitboss.players.personal.model import PersonalKeys


def recovers(attempt: LoginTry, proven: Proven, licence: Jurisdiction) -> bool:
    """Say whether a try opens a lock: the password, and a recovery code, which works once.

    Where the licence asks for more than two factors, an authenticator or a security key too.
    Source: N.J.A.C. 13:69O-1.4(i); 48 Pa.B. 2631, § 812.1.
    """
    if not attempt.right or proven.recovery is None:
        return False
    shown = 2 + (proven.step is not None or proven.key is not None)
    return shown >= licence.sessions.recovery_factors_min


def refusal(
    attempt: LoginTry,
    player: Player,
    state: LoginState,
    licence: Jurisdiction,
    *,
    guarded: bool,
    proven: Proven,
    now: datetime,
) -> Refusal | None:
    """Return why somebody is not let in, if so; `guarded`: they have a second factor."""
    if state.is_locked(now) and not recovers(attempt, proven, licence):
        return Refusal.LOGIN_LOCKED
    if not attempt.right:
        return Refusal.WRONG_PASSWORD
    if player.status is PlayerStatus.CLOSED and not attempt.owed:
        return Refusal.ACCOUNT_CLOSED
    return unproven(attempt.proof, proven) if guarded else None


def unproven(proof: Proof, proven: Proven) -> Refusal | None:
    """Return why what was shown is not enough, if so."""
    if proven.holds:
        return None
    return Refusal.SECOND_FACTOR_NEEDED if proof.is_empty else Refusal.WRONG_SECOND_FACTOR


def must_stay(licence: Jurisdiction, factors: Factors) -> bool:
    """Say whether the last factor that counts may not be removed."""
    left = sum(factor.active for factor in factors.values())
    return licence.sessions.second_factor is SecondFactor.REQUIRED and left == 1


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


def stretch_of(session: Session, others: Iterable[Session]) -> Stretch:
    """Return the play that a session goes on with: its own, if the player had paused before it."""
    opened_at = session.opened_at
    before: list[SessionId] = []
    earlier = [item for item in others if (item.opened_at, item.id) < (opened_at, session.id)]
    began = ended = None
    for item in sorted(earlier, key=lambda one: (one.opened_at, one.id)):
        if ended is None or item.opened_at >= ended:
            began, before = item.opened_at, []
        over = item.over_at(opened_at) + AWAY_MIN
        ended = over if ended is None else max(ended, over)
        before.append(item.id)
    if began is None or ended is None or ended <= opened_at:
        return Stretch(since=opened_at)
    return Stretch(since=began, before=tuple(before))


def keeps_out(licence: Jurisdiction) -> bool:
    """Say whether a second login is refused while a session lives."""
    rules = licence.sessions
    return rules.one_at_a_time and rules.second_session is SecondSession.IS_REFUSED


def kept_out(live: Iterable[Session], licence: Jurisdiction, now: datetime) -> Refusal | None:
    """Return why a login is refused because of these sessions, where the licence says so."""
    here = any(item.is_live(now, device=item.device) for item in live)
    return Refusal.SESSION_ELSEWHERE if here and keeps_out(licence) else None


def ends_others(licence: Jurisdiction) -> bool:
    """Say whether a second login ends the sessions before it.  Source: N.J.A.C. 13:69O-1.4(e)."""
    rules = licence.sessions
    return rules.one_at_a_time and rules.second_session is SecondSession.ENDS_THE_FIRST


def address_digest(keys: PersonalKeys, address: str) -> bytes:
    """Return by what a network address is counted without being kept.

    Of IPv6 the first 64 bits: whoever is given a network has all addresses of it, and such a one is
    the least that anybody is given.  Source: RFC 4291, section 2.5.4; RFC 6177.
    """
    return keys.digest("login.address", _network(address).encode())


def _network(address: str) -> str:
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address
    if read.version == 4:
        return str(read)
    return str(ipaddress.ip_network((read, 64), strict=False))
