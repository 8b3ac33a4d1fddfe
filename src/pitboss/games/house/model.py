"""Nouns of the house's own games: wagers, draws, and rounds that can be stored at any moment.

Amounts are micros.  `minor_micros` is the currency's smallest coin (10,000 for a cent): every stake
is a whole number of them, and so is everything that is paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

import msgspec

# Far above any licence's stake, and far below what 64 bits hold of the greatest win.
STAKE_MICROS_MAX = 10**12


class House(StrEnum):
    """The games of the house."""

    ROULETTE = "roulette"
    SLOT = "slot"
    BLACKJACK = "blackjack"


class Action(StrEnum):
    """What moves a round on: `SPIN` a wheel or the reels, the others at a table of cards."""

    SPIN = "spin"
    DEAL = "deal"
    HIT = "hit"
    STAND = "stand"
    DOUBLE = "double"
    SPLIT = "split"


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """What the generator was asked for (`rng.mapping`), and the values that it gave."""

    mapping: dict[str, Any]
    values: tuple[int, ...]


class RouletteBet(msgspec.Struct, frozen=True, kw_only=True):
    """A stake on the numbers of one place of the table, in ascending order."""

    kind: str
    numbers: tuple[int, ...]
    stake_micros: int


class RouletteRound(msgspec.Struct, frozen=True, kw_only=True, tag="roulette"):
    """Bets on one spin; `number` is where the ball lies, none before that."""

    version: str
    bets: tuple[RouletteBet, ...]
    number: int | None = None
    win_micros: int = 0

    @property
    def staked_micros(self) -> int:
        """What was staked so far."""
        return sum(bet.stake_micros for bet in self.bets)

    @property
    def over(self) -> bool:
        """Whether nothing more can happen."""
        return self.number is not None


class SlotRound(msgspec.Struct, frozen=True, kw_only=True, tag="slot"):
    """A spin and the free spins that it won; `spins` are the stops of the reels, in order."""

    version: str
    stake_micros: int
    spins: tuple[tuple[int, ...], ...] = ()
    free_left: int = 0
    win_micros: int = 0

    @property
    def staked_micros(self) -> int:
        """What was staked so far."""
        return self.stake_micros

    @property
    def over(self) -> bool:
        """Whether nothing more can happen."""
        return bool(self.spins) and not self.free_left


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotSpin:
    """What a player sees of a spin: three rows on each reel, from the top, and what it pays."""

    reels: tuple[str, ...]
    win_micros: int
    free: bool


class Hand(msgspec.Struct, frozen=True, kw_only=True):
    """A player's hand; `stakes` is 2 once it was doubled."""

    cards: tuple[int, ...]
    stakes: int = 1
    done: bool = False


class BlackjackRound(msgspec.Struct, frozen=True, kw_only=True, tag="blackjack"):
    """A round of cards; what of `shoe` lies beyond `dealt` nobody has seen.

    A card is a number below 312: its remainder by 13 is the rank, from the ace at 0 to the king.
    The dealer's second card is face down until the round is over: show a player
    `blackjack_view`, never this.
    """

    version: str
    stake_micros: int
    shoe: tuple[int, ...] = ()
    dealt: int = 0
    dealer: tuple[int, ...] = ()
    hands: tuple[Hand, ...] = ()
    finished: bool = False
    win_micros: int = 0

    @property
    def staked_micros(self) -> int:
        """What was staked so far: doubles and splits add to it."""
        return self.stake_micros * max(1, sum(hand.stakes for hand in self.hands))

    @property
    def over(self) -> bool:
        """Whether nothing more can happen."""
        return self.finished


Round = RouletteRound | SlotRound | BlackjackRound


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a player may see of a round of cards; `hole` says that one card lies face down."""

    dealer: tuple[int, ...]
    hole: bool
    hands: tuple[Hand, ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Par:
    """What a game, or a bet of it, does in the long run; every number is exact.

    `rtp` is what comes back of what is staked; `mean` and `variance` are of what a round returns
    less what was staked after its first stake, in first stakes.  `hits` is how often anything is
    returned.  `win_max` is the most that is returned, in first stakes, and `win_max_chance` how
    often.  `parts` sum up to `rtp`.  `basis` says how it was worked out.
    """

    game: House
    version: str
    name: str
    basis: str
    rtp: Fraction
    mean: Fraction
    variance: Fraction
    hits: Fraction
    win_max: Fraction
    win_max_chance: Fraction
    parts: dict[str, Fraction]
    notes: dict[str, Fraction | int | str]
