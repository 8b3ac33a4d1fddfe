"""What identity publishes.  Names, addresses and dates of birth never leave the room in a fact."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class PlayerRegistered(Fact, frozen=True, kw_only=True, tag="player.registered"):
    """Somebody became a player."""

    player_id: PlayerId
    jurisdiction: str
    currency: str
    status: str


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


# Every type of this room, for who reads facts.
FACTS = (PlayerRegistered, RegistrationRefused, PlayerStatusChanged)
