"""What identity publishes.

Names, addresses and dates of birth leave the room as salted commitments only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pitboss.kernel.facts import Fact, Upcaster
from pitboss.kernel.ids import PlayerId


def _without_commitments(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 said nothing of personal data, not even by a commitment."""
    return {**data, "pd": {}}


class PlayerRegistered(Fact, frozen=True, kw_only=True, tag="player.registered"):
    """Somebody became a player.

    `pd` commits to what is known of them: by path, `SHA-256(salt || canonical value)` in
    hexadecimal.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_commitments,)

    player_id: PlayerId
    jurisdiction: str
    currency: str
    status: str
    pd: Mapping[str, str]


class PlayerFlagged(Fact, frozen=True, kw_only=True, tag="player.flagged"):
    """Somebody became a player who looks like another one: a person must look at both.

    Source: N.J.A.C. 13:69O-1.3(c); PT Regulamento 903-B/2015, 5.2.2(1).
    """

    player_id: PlayerId
    like: PlayerId


class RegistrationRefused(Fact, frozen=True, kw_only=True, tag="player.registration_refused"):
    """Somebody did not become a player; `player_id` was proposed and belongs to nobody.

    `jurisdiction` is left out if there is none of that name: it may be any text from outside.
    """

    player_id: PlayerId
    reason: str
    jurisdiction: str | None = None


class PlayerStatusChanged(Fact, frozen=True, kw_only=True, tag="player.status_changed"):
    """A player's status changed; the fact's actor is who did it."""

    player_id: PlayerId
    before: str
    after: str
    reason: str


def _as_it_was(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 said less; what it did not say has no value."""
    return data


class SessionOpened(Fact, frozen=True, kw_only=True, tag="session.opened"):
    """A player logged in, or was logged in by registering.

    `session_id` is new every time; `ends_at` and `idle_seconds` are the licence's of that moment.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_as_it_was,)

    player_id: PlayerId
    session_id: str = ""
    ends_at: str | None = None
    idle_seconds: int | None = None


class SessionRefused(Fact, frozen=True, kw_only=True, tag="session.refused"):
    """Somebody tried to log in as a player and was not let in.

    `counted`: it adds to the failures in a row that lock the login.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_as_it_was,)

    player_id: PlayerId
    reason: str
    counted: bool = False


class PlayerStatusKept(Fact, frozen=True, kw_only=True, tag="player.status_kept"):
    """Somebody wanted to change a player's status, and it stayed as it was.

    `status` is what was wanted.  It is refused for the `refusal`; without one it was so already.
    """

    player_id: PlayerId
    status: str
    reason: str
    refusal: str | None = None


class ErasureRefused(Fact, frozen=True, kw_only=True, tag="player.erasure_refused"):
    """Somebody wanted a player's data erased, and it may not be yet."""

    player_id: PlayerId
    basis: str
    reason: str


# Every type of this room, for who reads facts.
FACTS = (
    PlayerRegistered,
    PlayerFlagged,
    RegistrationRefused,
    PlayerStatusChanged,
    SessionOpened,
    SessionRefused,
    PlayerStatusKept,
    ErasureRefused,
)
