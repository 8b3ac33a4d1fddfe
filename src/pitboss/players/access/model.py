"""Nouns of access: login tries and sessions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

import msgspec

from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard
from pitboss.players.factors.model import Assertion, Proof
from pitboss.players.personal.model import PersonalKeys

SessionId = NewType("SessionId", str)

# From one network address, whoever is tried: a household's worth of slips, not a list of passwords.
ADDRESS_ATTEMPTS_MAX = 100
ADDRESS_WINDOW = timedelta(minutes=15)
ADDRESSES_FORGOTTEN_AT_ONCE = 8


class Refusal(StrEnum):
    """Why somebody was not let in, or nothing was changed."""

    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason
    ACCOUNT_CLOSED = "account_closed"
    LOGIN_LOCKED = "login_locked"
    SECOND_FACTOR_NEEDED = "second_factor_needed"
    WRONG_SECOND_FACTOR = "wrong_second_factor"
    SESSION_ELSEWHERE = "session_elsewhere"
    FACTOR_REQUIRED = "factor_required"
    UNKNOWN_PLAYER = "unknown_player"


# What an attacker may have guessed at; the others say nothing about the password.
COUNTED = frozenset({Refusal.WRONG_PASSWORD, Refusal.WRONG_SECOND_FACTOR})


class SessionEnd(StrEnum):
    """Why a session ended; what became too old or idle just is no more."""

    LOGGED_OUT = "logged_out"
    ENDED_BY_PLAYER = "ended_by_player"
    NEWER_SESSION = "newer_session"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    STATUS_CHANGED = "status_changed"
    ERASED = "erased"
    ENDED_BY_STAFF = "ended_by_staff"
    EXCLUDED = "excluded"
    LEFT_AT_CHECK = "left_at_check"
    LIMIT_USED_UP = "limit_used_up"


class Unlocked(StrEnum):
    """How a locked login was opened again."""

    RECOVERED = "recovered"
    BY_STAFF = "by_staff"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A player's stay, from login to its end.

    `ends_at` and `idle_seconds` are the licence's of when it began.  A `device` is a keyed digest
    of what the client called itself; a session that has one is good on that device alone.
    """

    shard: Shard
    id: SessionId
    player_id: PlayerId
    opened_at: datetime
    seen_at: datetime
    ends_at: datetime | None = None
    idle_seconds: int | None = None
    device: bytes | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None

    def over_at(self, now: datetime) -> datetime:
        """Return when somebody was in it last: now, if somebody may be in it."""
        ends = [now, *filter(None, (self.ended_at, self.ends_at))]
        if self.idle_seconds is not None:
            ends.append(self.seen_at + timedelta(seconds=self.idle_seconds))
        return max(self.opened_at, min(ends))

    def is_live(self, now: datetime, *, device: bytes | None = None) -> bool:
        """Say whether whoever asks in this session, from this device, is let in."""
        if self.ended_at is not None or (self.device is not None and self.device != device):
            return False
        idle = self.idle_seconds
        if idle is not None and now - self.seen_at >= timedelta(seconds=idle):
            return False
        return self.ends_at is None or now < self.ends_at


# Who is gone for less than this has not paused: whoever logs in again at once goes on.
AWAY_MIN = timedelta(minutes=5)
# What was over so long before a login has nothing to do with it.
STRETCH_BACK = timedelta(days=1)


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """The play that a login goes on with: its first moment, and its sessions before this one.

    It never changes: what was live at a login stays what was live then.
    """

    since: datetime
    before: tuple[SessionId, ...] = ()


# From its first moment to its last.
Stay = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginState:
    """How a player's login stands: failures in a row, and whether it is locked.

    `locked_until` is None for a lock that lasts until the login is recovered.
    """

    failures: int = 0
    locked_at: datetime | None = None
    locked_until: datetime | None = None
    previous_login_at: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        """Say whether nobody is let in now, whatever they know."""
        if self.locked_at is None:
            return False
        return self.locked_until is None or now < self.locked_until


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTry:
    """Somebody names a player; `right` says whether the password was the player's.

    `owed`: there is money of the player with us, for which even a closed account is entered.
    `session_id` is the one that is opened if they are let in: new every time.
    """

    player_id: PlayerId
    right: bool
    session_id: SessionId
    code: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    assertion: Assertion | None = None
    device: bytes | None = None
    owed: bool = False

    @property
    def proof(self) -> Proof:
        """What is shown beside the password."""
        return Proof(code=self.code, recovery_code=self.recovery_code, assertion=self.assertion)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChange:
    """Somebody who is logged in names the password and another one; `right`: it is the player's.

    `before` and `after` are hashes; `session_id` is the session that asks, which goes on.
    """

    player_id: PlayerId
    right: bool
    proof: Proof = field(repr=False)
    before: str = field(repr=False)
    after: str = field(repr=False)
    session_id: SessionId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetIn:
    """Yes; `previous_login_at` is when that happened before."""

    session: Session
    previous_login_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


LoginAnswer = LetIn | Refused


def device_digest(keys: PersonalKeys, device: str | None) -> bytes | None:
    """Return what is stored of the name that a device gives itself."""
    return None if device is None else keys.digest("player.device", device.encode())


def time_within(stays: Iterable[Stay], since: datetime) -> timedelta:
    """Return how much of stays that do not overlap was after a moment."""
    lengths = (end - max(start, since) for start, end in stays if end > since)
    return sum(lengths, timedelta())
