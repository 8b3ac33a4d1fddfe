"""Nouns of trading: how much may be won, what open bets would win, and which limit says no.

Amounts are in micros of one currency.  `winnings` are what a bet pays beyond its stake.  Each
currency is a book of its own: nothing is converted.

Those of which there is one for every bet are Structs, because a dataclass takes six times as long
to make; and they are not tracked by the collector, because they can be in no ring.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

import msgspec

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId, SelectionId
from pitboss.kernel.shards import Partition, Shard

# What nobody has limited; far above all money, and small enough to be added up in the database.
UNLIMITED = 2**60
# More than anybody is trusted with; a factor is a share of what everybody may win, or a multiple.
FACTOR_MAX = Fraction(1_000)
EVERYBODY = Fraction(1)
# The target of a limit that is for all selections.
EVERYTHING = ""

_FACTOR = re.compile(r"[0-9]{1,6}(?:[./][0-9]{1,6})?")


class Scope(StrEnum):
    """What a limit is for, from the widest to the narrowest."""

    ALL = "all"
    KIND = "kind"
    MARKET = "market"
    SELECTION = "selection"


class Bound(StrEnum):
    """Which limit a bet is above."""

    BET = "bet_limit"
    SELECTION = "selection_limit"


class Refusal(StrEnum):
    """Why a limit is not set."""

    UNKNOWN_TARGET = "unknown_target"


class LegLike(Protocol):
    """A selection at its struck price (`"19/8"`), as an accepted bet has it."""

    @property
    def selection_id(self) -> SelectionId:
        """Which selection."""

    @property
    def market_id(self) -> MarketId:
        """Its market."""

    @property
    def event_id(self) -> EventId:
        """Its event."""

    @property
    def price(self) -> str:
        """Decimal, stake included, exact."""


class Taking(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A bet as its liability follows from it.

    `lines` says for each leg on how many of the bet's `lines_all` equal lines it is; without it
    each leg is on the only one.  With `stake_micros_min`, a stake that is too much may be reduced,
    down to that; without, it may not.  `waits`: its player waits for a trader, if one is asked.
    """

    key: BetId
    shard: Shard
    player_id: PlayerId
    currency: str
    stake_micros: int
    legs: Sequence[LegLike]
    lines: tuple[int, ...] | None = None
    lines_all: int = 1
    stake_micros_min: int | None = None
    waits: bool = False


class Rise(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A bet that waits, as it was taken into the books, and as it would be accepted now."""

    before: Taking
    after: Taking


class Risk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a bet adds to one selection: the stake that rides on it, and what that would win."""

    selection_id: SelectionId
    market_id: MarketId
    event_id: EventId
    stake_micros: int
    winnings_micros: int


class Taken(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The bet is within every limit; with `stake_micros` only if its stake is reduced to that."""

    stake_micros: int | None = None


class TooMuch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The bet is above a limit; `stake_micros_max` is what would not be, and may be nothing."""

    bound: Bound
    stake_micros_max: int


class Referred(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Only a trader may take the bet, and room is taken for it until one has decided.

    `stake_micros_max` is what would have passed without one.  On the selection that is furthest
    above its limit the bet wins `winnings_micros`, and `winnings_micros_max` are allowed to one bet
    of this player.
    """

    stake_micros_max: int
    winnings_micros: int
    winnings_micros_max: int


Answer = Taken | TooMuch | Referred
TAKEN = Taken()


class Ceiling(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a selection is limited to: one bet's winnings, and those of all open bets.

    `referral_max` is what one bet may win that a trader takes; nothing, unless somebody says so.
    """

    bet_max: int = UNLIMITED
    total_max: int = UNLIMITED
    referral_max: int = 0

    @property
    def ever_max(self) -> int:
        """What one bet may win, with a trader or without."""
        return max(self.bet_max, self.referral_max)


class Limit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What staff allow; an amount that is None is left to the next wider scope.

    `bet_winnings_max` is for one bet, before the player's factor; `winnings_max` for all open bets
    on one selection.  `referral_winnings_max` is for one bet that a trader takes, before the factor
    too.  `target` is the kind of market, or the id, that it is for.
    """

    no: int
    scope: Scope
    target: str
    currency: str
    bet_winnings_max: int | None
    winnings_max: int | None
    set_at: datetime
    set_by: str
    referral_winnings_max: int | None = None


class Wish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A limit that staff want, as `Limit` says."""

    scope: Scope
    target: str
    currency: str
    bet_winnings_max: int | None
    winnings_max: int | None
    referral_winnings_max: int | None = None


class SetAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Yes: this is the limit; `changed` says whether it was another one before."""

    limit: Limit
    changed: bool


class Refused(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """No, and why; nothing changed."""

    reason: Refusal


class Factor(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """By what a player's limits for one bet are multiplied; `number` counts the player's."""

    shard: Shard
    player_id: PlayerId
    number: int
    factor: Fraction
    set_at: datetime | None
    set_by: str


def no_factor(shard: Shard, player_id: PlayerId) -> Factor:
    """Return what holds for a player of whom nobody has said anything."""
    return Factor(
        shard=shard, player_id=player_id, number=0, factor=EVERYBODY, set_at=None, set_by=""
    )


class Stand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a partition has taken on a selection, and what of the limit was moved to it."""

    partition: Partition
    winnings_micros: int
    moved_micros: int


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a selection belongs."""

    market_id: MarketId
    event_id: EventId


class Book(msgspec.Struct, kw_only=True, gc=False):
    """A selection in one partition, as a desk remembers it: a hint; the row has the last word.

    `room` is what of the winnings is still to be had without asking the other partitions.
    """

    place: Place
    ceiling: Ceiling
    share: int
    room: int


class Page(msgspec.Struct, kw_only=True, gc=False):
    """What one batch adds to a book; `elsewhere` is what others could give of their room."""

    book: Book
    room: int
    elsewhere: int = 0
    bets: int = 0
    stake_micros: int = 0
    winnings_micros: int = 0

    @classmethod
    def of(cls, book: Book) -> Page:
        """Return an empty page of a book."""
        return cls(book=book, room=book.room)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What came of weighing bets: an answer to each, and the pages that are to be written.

    `takings` are as they are taken, some with a smaller stake.

    `ledgers` are those of each bet; see `rules.decide`.
    """

    takings: Sequence[Taking]
    answers: Sequence[Answer]
    ledgers: Sequence[dict[SelectionId, Page]]


class OnBook(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What all partitions together have taken on a selection, in one currency."""

    market_id: MarketId
    selection_id: SelectionId
    currency: str
    bets: int
    stake_micros: int
    winnings_micros: int


class Scenario(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the house would keep of an event's open bets, if it ended with this score (`"2-1"`)."""

    score: str
    currency: str
    net_micros: int


class SheetLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A selection on the field sheet of its market.

    `net_micros` is what the house keeps of the market's stakes if this selection alone wins; less
    than nothing is a loss.  `ceiling` is what is allowed.
    """

    taken: OnBook
    net_micros: int
    ceiling: Ceiling


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is added to a row, or taken from it."""

    selection_id: SelectionId
    currency: str
    partition: Partition
    place: Place
    bets: int
    stake_micros: int
    winnings_micros: int
    share_micros: int | None = None


def parse_factor(text: str, *, field: str = "factor") -> Fraction:
    """Read a factor such as `"1/10"` or `"0.25"`, exactly.

    Raises:
        Malformed: it is none, or above 1,000.
    """
    try:
        factor = Fraction(text) if _FACTOR.fullmatch(text) else None
    except ZeroDivisionError:
        factor = None
    if factor is None or factor > FACTOR_MAX:
        raise Malformed(field, f"{text[:40]!r} is not a factor from 0 to {FACTOR_MAX}")
    return factor


def write_factor(factor: Fraction) -> str:
    """Write a factor exactly, as `parse_factor` reads it."""
    return f"{factor.numerator}/{factor.denominator}"
