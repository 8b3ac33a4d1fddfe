"""What the registry publishes, in the catalogue's shard and the provider's stream."""

from __future__ import annotations

from typing import Any, ClassVar

from pitboss.games.registry.model import StakeRange
from pitboss.kernel.facts import Fact, Upcaster


def _without_odds(data: dict[str, Any]) -> dict[str, Any]:
    """Leave games that were listed before odds were asked for as they are: theirs are not told."""
    return data


def _without_end(data: dict[str, Any]) -> dict[str, Any]:
    """Leave certificates that were imported before an end was asked for as they are: without."""
    return data


class GameListed(Fact, frozen=True, kw_only=True, tag="game.listed"):
    """A version of a game is known, and is the one that is played from now on.

    `kind` is the sort of game; the other fields are as `Version` has them.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_odds,)

    provider: str
    code: str
    version: str
    title: str
    kind: str
    rtp_ppm: int
    cycle_ms_min: int
    autoplay: bool
    stakes: tuple[StakeRange, ...] = ()
    top_win_chance: str | None = None


class GameOddsTold(Fact, frozen=True, kw_only=True, tag="game.odds_told"):
    """A version that was listed without it has told how often its highest win comes."""

    provider: str
    code: str
    version: str
    top_win_chance: str


class GameVersionChosen(Fact, frozen=True, kw_only=True, tag="game.version_chosen"):
    """A version that was known before is the one that is played from now on."""

    provider: str
    code: str
    version: str


class GameCertified(Fact, frozen=True, kw_only=True, tag="game.certified"):
    """A laboratory has certified a version for a licence; `hashes` are of the files it saw.

    It counts to the end of `expires_on`, if that is told.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_end,)

    provider: str
    code: str
    version: str
    licence: str
    laboratory: str
    number: str
    issued_on: str
    hashes: tuple[str, ...]
    expires_on: str | None = None


class GameCertificateExpiryTold(
    Fact, frozen=True, kw_only=True, tag="game.certificate_expiry_told"
):
    """A certificate that was imported without it has told on which day it counts last."""

    provider: str
    code: str
    version: str
    licence: str
    number: str
    issued_on: str
    expires_on: str


class GameCertificateWithdrawn(Fact, frozen=True, kw_only=True, tag="game.certificate_withdrawn"):
    """A certificate counts no more; and why."""

    provider: str
    code: str
    version: str
    licence: str
    number: str
    issued_on: str
    why: str


class GameSuspensionChanged(Fact, frozen=True, kw_only=True, tag="game.suspension_changed"):
    """A game, or without a `code` everything of a provider, was stopped or let go; and why."""

    provider: str
    suspended: bool
    why: str
    code: str | None = None


# Every type of this room, for who reads facts.
FACTS = (
    GameListed,
    GameOddsTold,
    GameVersionChosen,
    GameCertified,
    GameCertificateExpiryTold,
    GameCertificateWithdrawn,
    GameSuspensionChanged,
)
