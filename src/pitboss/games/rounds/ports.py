"""What protocols are to the core: they hear calls, and word answers; they decide nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from pitboss.games.rounds.model import (
    Answer,
    Bearer,
    Booking,
    Request,
    Round,
    Session,
    Standing,
)
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What came over HTTP: the path behind the provider's name, headers in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back; it is JSON."""

    status: int
    body: bytes


class Trouble(StrEnum):
    """Why a call is not done that is none of the player's fault, or of the game's."""

    TOO_LARGE = "too_large"
    TOO_OFTEN = "too_often"
    FROM_ELSEWHERE = "from_elsewhere"
    AWAY = "away"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How does the player stand, who is named or follows from a token?"""

    player_id: PlayerId | None
    bearer: Bearer | None
    shard: Shard | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Give a session another token for this one."""

    digest: bytes
    shard: Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class OfToken:
    """A request that does not name its player: it is about whose token its bearer shows."""

    request: Request
    shard: Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was asked for under an id, or about a stake, or in a round?"""

    player_id: PlayerId
    bearer: Bearer
    external_id: str | None = None
    stake_id: str | None = None
    round_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapped:
    """The session with its new token."""

    session: Session
    token: str
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How the player stands, and what was found."""

    standing: Standing
    bookings: tuple[Booking, ...] = ()
    round: Round | None = None


Wish = Request | OfToken | Look | Swap | Search
Outcome = Answer | Standing | Swapped | Found | None | Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a call wants, and what the protocol needs to word the answer."""

    wish: Wish
    context: Any = None


class Talk(Protocol):
    """One provider's protocol, with its keys."""

    def hear(self, call: Call) -> Heard | Reply:
        """Verify a call on its raw bytes, then read it; or say at once what is wrong."""
        ...

    def answer(self, heard: Heard, outcome: Outcome) -> Reply:
        """Word what came of it."""
        ...

    def fail(self, trouble: Trouble) -> Reply:
        """Word that a call was not looked at."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Launching:
    """A game to open; without a player it is a demonstration, which asks no wallet."""

    game: str
    locale: str
    ip: str
    mobile: bool
    return_url: str
    currency: str
    jurisdiction: str
    player_id: PlayerId | None = None
    session_id: str | None = None
    token: str | None = None


class Launcher(Protocol):
    """Where a provider's games are opened."""

    async def launch(self, wish: Launching) -> str:
        """Return where a browser is sent.

        Raises:
            GameNotLaunched: the provider did not open it.
        """
        ...


class RoundPages(Protocol):
    """Where a provider shows how a round was played."""

    async def find_page(self, ref: str, player_id: PlayerId) -> str | None:
        """Return the address of a round's page; None if the provider knows no such round.

        Raises:
            ProviderAway: it does not say, or names no address.
        """
        ...
