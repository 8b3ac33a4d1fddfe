"""What betting publishes."""

from __future__ import annotations

from typing import Any, ClassVar

from pitboss.kernel.facts import Fact, Play, Upcaster
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.sportsbook.betting.model import RULES_FIRST, Leg, Referral, Seen, Shape, SlipLeg


def _without_whence(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 did not say from which session, nor on which check of location, a bet was taken."""
    return data


def _one_line(data: dict[str, Any]) -> dict[str, Any]:
    """Say nothing of lines and of rules: all legs were one line, settled under the first rules."""
    return data


def _without_policy(data: dict[str, Any]) -> dict[str, Any]:
    """Nobody had said which other price they would take, so only the shown one was taken."""
    return data


def _as_asked(data: dict[str, Any]) -> dict[str, Any]:
    """Say nothing of other stakes: until then none was reduced, and none offered."""
    return data


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    """Say nothing of places and free bets: all was on the win, in the player's own money."""
    return data


def _unreferred(data: dict[str, Any]) -> dict[str, Any]:
    """Say nothing of traders: until then no bet waited for one."""
    return data


def _unboosted(data: dict[str, Any]) -> dict[str, Any]:
    """Say nothing of boosts: until then nobody had one."""
    return data


def _uncombined(data: dict[str, Any]) -> dict[str, Any]:
    """Say nothing of combinations: until then none was sold."""
    return data


class FreeBetGiven(Fact, frozen=True, kw_only=True, tag="free_bet.given"):
    """A player has a stake for one bet, which is good until it expires."""

    free_bet: str
    player_id: PlayerId
    stake_micros: int
    currency: str
    expires_at: str


class BoostGiven(Fact, frozen=True, kw_only=True, tag="boost.given"):
    """A player has a boost for one bet, which is good until it expires.

    What that bet wins beyond its stake, of `stake_micros_max` at most, is raised by `share`.
    """

    boost: str
    player_id: PlayerId
    share: str
    stake_micros_max: int
    currency: str
    expires_at: str


class BoostRefused(Fact, frozen=True, kw_only=True, tag="boost.refused"):
    """Somebody wanted to give a boost that cannot be; nobody has it."""

    boost: str
    player_id: PlayerId
    share: str
    stake_micros_max: int
    currency: str
    reason: str


class FreeBetRefused(Fact, frozen=True, kw_only=True, tag="free_bet.refused"):
    """Somebody wanted to give a free bet that cannot be; nobody has it."""

    free_bet: str
    player_id: PlayerId
    stake_micros: int
    currency: str
    reason: str


class BetAccepted(Fact, frozen=True, kw_only=True, tag="bet.accepted"):
    """A bet became a contract: its stake is held, its prices are struck.

    `rounding` names the rule for its returns, `jurisdiction` the rulebook it was taken under.
    `session_id` is the player's session, and `check_id` the check of location that it rests on, if
    the licence wants one.  `shape` says which lines it is, if not one over all its legs, and
    `rules` the version of settlement that it is settled under, whatever comes later.
    `price_policy`: which other price than the shown one the player takes, if any.  `delayed`: its
    stake was held before, as `bet.delayed` tells.  `stake_asked_micros` is what the player wanted
    to stake, if a limit left less.  `referred`: a trader took it, and if for less, what was held
    too much is released.
    """

    schema_version: ClassVar[int] = 9
    upcasters: ClassVar[tuple[Upcaster, ...]] = (
        _without_whence,
        _one_line,
        _without_policy,
        _as_asked,
        _plain,
        _unreferred,
        _unboosted,
        _uncombined,
    )

    bet_id: BetId
    player_id: PlayerId
    stake_micros: int
    currency: str
    rounding: str
    jurisdiction: str
    legs: tuple[Leg, ...]
    placed_at: str
    session_id: str | None = None
    check_id: str | None = None
    shape: Shape | None = None
    rules: str = RULES_FIRST
    delayed: bool = False
    price_policy: str | None = None
    stake_asked_micros: int | None = None
    referred: bool = False

    @property
    def plays(self) -> tuple[Play, ...]:
        """The stake, if it is the player's own money."""
        if self.shape is not None and self.shape.is_free:
            return ()
        return (Play(player_id=self.player_id, staked=self.stake_micros),)


class BetDelayed(Fact, frozen=True, kw_only=True, tag="bet.delayed"):
    """A bet passed and its stake is held; it is decided once more when its delay is over.

    It waits because it is in play, or because only a trader may take it: then `referral` says why,
    and it is decided sooner if one has answered.  It is no contract before that.  `legs` are at the
    prices that would have been struck, `seen` is how they stood.  `stake_asked_micros` is as on
    `bet.accepted`.
    """

    schema_version: ClassVar[int] = 6
    upcasters: ClassVar[tuple[Upcaster, ...]] = (
        _as_asked,
        _plain,
        _unreferred,
        _unboosted,
        _uncombined,
    )

    bet_id: BetId
    player_id: PlayerId
    stake_micros: int
    currency: str
    rounding: str
    legs: tuple[Leg, ...]
    seen: tuple[Seen, ...]
    placed_at: str
    decide_at: str
    price_policy: str | None = None
    shape: Shape | None = None
    stake_asked_micros: int | None = None
    referral: Referral | None = None


class ReferralAnswered(Fact, frozen=True, kw_only=True, tag="bet.referral_answered"):
    """A trader has said what becomes of a bet that waits: `word` is one of `model.Word`.

    `stake_micros` is what they take instead, if less.  It is decided at `decide_at`, on this and on
    all else that counts then.
    """

    bet_id: BetId
    player_id: PlayerId
    word: str
    stake_micros: int | None
    decide_at: str
    by: str


class BetRefused(Fact, frozen=True, kw_only=True, tag="bet.refused"):
    """A bet was not accepted, and why; no money moved, but that what was held is released.

    `stake_micros_max` is what would have passed, if a limit of trading was in the way, or what the
    licence lets a bet return.
    """

    schema_version: ClassVar[int] = 7
    upcasters: ClassVar[tuple[Upcaster, ...]] = (
        _one_line,
        _without_policy,
        _as_asked,
        _plain,
        _unboosted,
        _uncombined,
    )

    bet_id: BetId
    player_id: PlayerId
    reason: str
    stake_micros: int
    currency: str
    legs: tuple[SlipLeg, ...]
    placed_at: str
    shape: Shape | None = None
    price_policy: str | None = None
    stake_micros_max: int | None = None


class CommandSetAside(Fact, frozen=True, kw_only=True, tag="command.set_aside"):
    """A command could not be processed at all and waits for a person; nothing came of it."""

    command_id: str
    partition: int
    offset: int
    why: str


# Every type of this room, for who reads facts.
FACTS = (
    BetAccepted,
    BetDelayed,
    ReferralAnswered,
    BetRefused,
    FreeBetGiven,
    FreeBetRefused,
    BoostGiven,
    BoostRefused,
    CommandSetAside,
)
