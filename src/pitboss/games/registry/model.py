"""Nouns of the registry: games, their versions, their certificates, and what stops them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec

from pitboss.kernel.errors import Malformed

# What a provider is called here: in addresses, in accounts, in facts.
PROVIDER_PATTERN = r"^[a-z0-9_-]{1,20}(?![\s\S])"
# A game as its provider names it on the wire.
CODE_PATTERN = r"^[!-~]{1,80}(?![\s\S])"
VERSION_PATTERN = r"^[!-~]{1,40}(?![\s\S])"
# A return to player, in percent.
RTP_PATTERN = r"^\d{1,3}(\.\d{1,4})?(?![\s\S])"
# More is asked for in several imports.
GAMES_AT_ONCE_MAX = 200
CYCLE_MS_MAX = 3_600_000
PPM = 1_000_000


class GameKind(StrEnum):
    """What sort of game it is; the licence's least cycle of slots is one of its own."""

    SLOT = "slot"
    TABLE = "table"
    LIVE = "live"
    CRASH = "crash"
    INSTANT = "instant"
    OTHER = "other"


class Refusal(StrEnum):
    """Why a game is not played, not taken into the registry, or not asked for."""

    UNKNOWN_GAME = "unknown_game"
    GAME_SUSPENDED = "game_suspended"
    PROVIDER_SUSPENDED = "provider_suspended"
    GAME_NOT_CERTIFIED = "game_not_certified"
    CERTIFICATE_EXPIRED = "game_certificate_expired"
    CERTIFICATE_WITHDRAWN = "game_certificate_withdrawn"
    GAME_TOO_FAST = "game_too_fast"
    GAME_PLAYS_BY_ITSELF = "game_plays_by_itself"
    GAME_ODDS_NOT_TOLD = "game_odds_not_told"
    STAKE_NOT_OF_GAME = "stake_not_of_game"
    UNKNOWN_PROVIDER = "unknown_provider"
    ANOTHER_UNDER_THIS_VERSION = "another_under_this_version"
    ANOTHER_CERTIFICATE = "another_certificate"
    UNKNOWN_CERTIFICATE = "unknown_certificate"
    GAME_LIST_NOT_OFFERED = "game_list_not_offered"


class Why(StrEnum):
    """Why a game or a provider was stopped or let go: closed, because facts are for ever."""

    PROVIDER_ASKED = "provider_asked"
    REGULATOR_ORDER = "regulator_order"
    CERTIFICATE_IN_DOUBT = "certificate_in_doubt"
    FAULT_SUSPECTED = "fault_suspected"
    CONTRACT = "contract"
    CLEARED = "cleared"


class WhyWithdrawn(StrEnum):
    """Why a certificate was withdrawn: closed, because facts are for ever."""

    LABORATORY_WITHDREW = "laboratory_withdrew"
    REGULATOR_ORDER = "regulator_order"
    CERTIFICATE_IN_DOUBT = "certificate_in_doubt"
    FAULT_SUSPECTED = "fault_suspected"
    PROVIDER_ASKED = "provider_asked"
    REPLACED = "replaced"
    IMPORTED_BY_MISTAKE = "imported_by_mistake"


class StakeRange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The least and the greatest stake of a game in a currency, in micros."""

    currency: str
    micros_min: int
    micros_max: int


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a game, which never changes.

    `rtp_ppm` is what it returns in the long run, in millionths of the stakes; `cycle_ms_min` the
    least time from the start of a round to that of the next; `autoplay` says whether it can go on
    by itself.  Without `stakes` in a currency the licence alone says what may be staked.
    `top_win_chance` is how often its highest win comes, as a fraction of rounds in lowest terms
    (`"1/1250000"`), if that is told.
    """

    provider: str
    code: str
    version: str
    title: str
    kind: GameKind
    rtp_ppm: int
    cycle_ms_min: int
    autoplay: bool
    stakes: tuple[StakeRange, ...] = ()
    top_win_chance: str | None = None

    @property
    def key(self) -> VersionKey:
        """What it is known by: provider, code, version."""
        return self.provider, self.code, self.version

    @property
    def rtp_percent(self) -> str:
        """What it returns, as a percentage without needless noughts."""
        return percent_of(self.rtp_ppm)


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What a laboratory certified of a version, for a licence: the files with these hashes.

    Number and day make it one of its own: what is certified again has another day at least.  It
    counts to the end of `expires_on` by the licence's clock, or without an end.
    """

    licence: str
    laboratory: str
    number: str
    issued_on: str
    hashes: tuple[str, ...]
    expires_on: str | None = None

    @property
    def key(self) -> CertificateKey:
        """What it is known by among those of its version: licence, number, day."""
        return self.licence, self.number, self.issued_on


class CertificateState(StrEnum):
    """Whether a certificate counts; it expires soon if that is at most thirty days away."""

    IN_FORCE = "in_force"
    EXPIRES_SOON = "expires_soon"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate as the registry has it, and why it was withdrawn, if it was."""

    certificate: Certificate
    withdrawn: WhyWithdrawn | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a version's certificates for a licence come to.

    `withdrawn` says that all of them are.  Else the one that counts longest does to the end of
    `expires_on`, or without an end.
    """

    licence: str
    expires_on: date | None = None
    withdrawn: bool = False


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A version as it is imported, with the certificates that are known of it."""

    version: Version
    certificates: tuple[Certificate, ...] = ()


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A game as it is played now: its version, whether it is stopped, how it stands with each
    licence that it was ever certified for."""

    version: Version
    suspended: bool
    provider_suspended: bool
    standings: tuple[Standing, ...]


class Game(msgspec.Struct, frozen=True, kw_only=True):
    """A game: the version that is played, and whether somebody stopped it."""

    provider: str
    code: str
    version: str
    suspended: bool = False


class Advertised(msgspec.Struct, frozen=True, kw_only=True):
    """A game as its provider tells of it; `rtp_ppm` is as `Version` has it, if it is told.

    `countries_blocked` are where the provider does not offer it, whatever our licences say.
    """

    code: str
    title: str
    kind: GameKind
    enabled: bool = True
    rtp_ppm: int | None = None
    countries_blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GameList:
    """What a provider says it has; so many of its games could not be read."""

    games: tuple[Advertised, ...]
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """Games of a provider's list to take in under this version, without certificates.

    What the list does not say is said here, for all of them; `rtp_ppm` counts for those of which
    it tells no return.
    """

    provider: str
    codes: tuple[str, ...]
    version: str
    cycle_ms_min: int
    autoplay: bool
    rtp_ppm: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A provider's list of games beside the registry.

    `fresh` are enabled and not known here; `gone` are known here, and the provider has them no
    more; `differing` have another title or return than it says.
    """

    fresh: tuple[Advertised, ...]
    gone: tuple[Offer, ...]
    differing: tuple[tuple[Offer, Advertised], ...]
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """Stop a game, or without a `code` everything of a provider; or let it go again."""

    provider: str
    code: str | None
    suspended: bool
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Have no certificate of a version count for a licence any more, or with a `number` only
    those of this number."""

    provider: str
    code: str
    version: str
    licence: str
    why: WhyWithdrawn
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Done; `changed` is false when it was so before."""

    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not done, and why."""

    reason: Refusal


Answer = Changed | Refused
GameKey = tuple[str, str]
VersionKey = tuple[str, str, str]
CertificateKey = tuple[str, str, str]


def ppm_of(percent: str, *, field: str) -> int:
    """Return a percentage as millionths.

    Raises:
        Malformed: it is none, or nothing is returned.
    """
    if re.search(RTP_PATTERN, percent, re.ASCII) is None:
        raise Malformed(field, "a percentage with four decimals at most is needed, such as 96.5")
    whole, _, part = percent.partition(".")
    ppm = int(whole) * 10_000 + int(part.ljust(4, "0"))
    if ppm <= 0:
        raise Malformed(field, "a game returns something")
    return ppm


def percent_of(ppm: int) -> str:
    """Return millionths as a percentage without needless noughts."""
    whole, part = divmod(ppm, 10_000)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".")
