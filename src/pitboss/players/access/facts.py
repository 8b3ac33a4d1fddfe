"""What is told of logins and sessions, beside `session.opened` and `session.refused`."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class SessionEnded(Fact, frozen=True, kw_only=True, tag="session.ended"):
    """A session ended: whoever holds its token is nobody from now on."""

    player_id: PlayerId
    session_id: str
    reason: str


class LoginLocked(Fact, frozen=True, kw_only=True, tag="login.locked"):
    """A login was locked after too many failures; without `until`, until it is recovered."""

    player_id: PlayerId
    failures: int
    until: str | None = None


class LoginUnlocked(Fact, frozen=True, kw_only=True, tag="login.unlocked"):
    """A login was opened again."""

    player_id: PlayerId
    how: str


class StrangerRefused(Fact, frozen=True, kw_only=True, tag="login.stranger_refused"):
    """Somebody tried an address that no player has; it is not said which."""

    reason: str


class PasswordChanged(Fact, frozen=True, kw_only=True, tag="password.changed"):
    """A player chose another password; every other session ended with it."""

    player_id: PlayerId


# Every type of this room, for who reads facts.
FACTS = (
    SessionEnded,
    LoginLocked,
    LoginUnlocked,
    StrangerRefused,
    PasswordChanged,
)
