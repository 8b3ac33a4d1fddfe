"""The nouns of what a bet returns: outcomes, legs, lines, kinds of stake.

`returns` include the stake.  Every share, price and fraction is exact.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import MarketId
from pitboss.kernel.money import Rounding

ONE = Fraction(1)
NOTHING = Fraction(0)

# What one slip may have: enough for every named bet, and few enough to be counted at once.
LEGS_MAX = 30

# Not whatever `Fraction` reads: `1e-99999999` would keep a processor busy for minutes.
_SHARE = re.compile(r"[0-9]{1,12}(?:[./][0-9]{1,12})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a selection, or its place part, ended, as shares of the stake on it.

    `won` of it is paid at the price, `void` of it passes at a price of one, the rest is lost.
    Source: Sportradar UOF, bet settlement; a dead heat is a share of `won`.

    Raises:
        Malformed: a share is negative, or together they are above one.
    """

    won: Fraction
    void: Fraction = NOTHING

    def __post_init__(self) -> None:
        if self.won < 0 or self.void < 0 or self.won + self.void > 1:
            raise Malformed("outcome", f"{self.won} won and {self.void} void are not shares of one")


WON = Outcome(won=ONE)
LOST = Outcome(won=NOTHING)
VOID = Outcome(won=NOTHING, void=ONE)
HALF_WON = Outcome(won=Fraction(1, 2), void=Fraction(1, 2))
HALF_LOST = Outcome(won=NOTHING, void=Fraction(1, 2))


class Parts(StrEnum):
    """Which bets a line is: on the win, on a place, or one on each."""

    WIN = "win"
    PLACE = "place"
    EACH_WAY = "each_way"
    # Each leg's total is halved onto both parts of the next; a rule of some houses only.
    EACH_WAY_DIVIDED = "each_way_divided"

    @property
    def bets(self) -> int:
        """How many unit stakes a line costs."""
        return 2 if self in {Parts.EACH_WAY, Parts.EACH_WAY_DIVIDED} else 1

    @property
    def placed(self) -> bool:
        """Whether a place counts."""
        return self is not Parts.WIN


class StakeKind(StrEnum):
    """Whose money a stake is, and whether it comes back with what is won."""

    CASH = "cash"
    FREE_NOT_RETURNED = "free_not_returned"
    FREE_RETURNED = "free_returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A selection as it was struck; what it says is frozen on the bet.

    `price` is decimal, above 1; `place_fraction` (above 0, at most 1) of its winnings is the
    place part's, if the leg has one.

    Raises:
        Malformed: a number is out of its range.
    """

    price: Fraction
    place_fraction: Fraction | None = None

    def __post_init__(self) -> None:
        if self.price <= 1:
            raise Malformed("price", f"{self.price} is not above 1")
        if self.place_fraction is not None and not 0 < self.place_fraction <= 1:
            raise Malformed("place_fraction", f"{self.place_fraction} is not above 0, at most 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What became of a leg; `None` while a part of it is open.

    `deduction` (0 to 9/10) is what Rule 4 takes from the winnings.

    Raises:
        Malformed: the deduction is out of its range.
    """

    win: Outcome | None = None
    place: Outcome | None = None
    deduction: Fraction = NOTHING

    def __post_init__(self) -> None:
        if not 0 <= self.deduction <= Fraction(9, 10):
            raise Malformed("deduction", f"{self.deduction} is not between 0 and 9/10")


OPEN = Ending()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """All lines of some sizes over some legs, each of them with every banker.

    Legs are named by their place on the slip, from 0.  A size counts the legs besides the
    bankers: `sizes=(2,)` with one banker makes trebles.
    """

    legs: tuple[int, ...]
    sizes: tuple[int, ...]
    bankers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        named = (*self.legs, *self.bankers)
        if len(set(named)) != len(named) or min(named, default=0) < 0:
            raise Malformed("legs", "a leg is named twice in a bundle, or does not exist")
        if not self.sizes or len(set(self.sizes)) != len(self.sizes):
            raise Malformed("sizes", "a bundle has sizes, each of them once")
        smallest = 0 if self.bankers else 1
        if not all(smallest <= size <= len(self.legs) for size in self.sizes):
            raise Malformed("sizes", f"{self.sizes} are not sizes of lines over {len(self.legs)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BetType:
    """A kind of bet with a name: how many selections, and which lines over them."""

    code: str
    selections: int
    bundles: tuple[Bundle, ...]


class ComboPolicy(StrEnum):
    """What a void leg does to a same-event combination, which is priced as one selection."""

    REFUND_ALL = "refund_all"  # the whole bet is void, even if another leg lost
    REFUND_UNLESS_LOST = "refund_unless_lost"
    REDUCE = "reduce"  # the remaining legs win at their own price of the time of acceptance


@dataclass(frozen=True, slots=True, kw_only=True)
class Combo:
    """The one price of several legs of one event, and what happens to it when one is void.

    `rest` are the prices of smaller sets of the legs when the bet was struck, by their places in
    order; only the policy `reduce` looks there.

    Raises:
        Malformed: a price is not above 1.
    """

    price: Fraction
    policy: ComboPolicy
    rest: Mapping[tuple[int, ...], Fraction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if min((self.price, *self.rest.values())) <= 1:
            raise Malformed("price", "a combination's price is above 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """All that the returns of a bet follow from, but its results.

    `unit_micros` is the stake on each line and part: exact, as a total stake need not divide.
    `boost` is the share by which all that is won beyond the stake is raised; `profit_max_micros`
    limits what is paid beyond the stake, boosted or not.  With a `combo` the legs have one price
    together, and their own count for nothing.

    Raises:
        Malformed: there are no legs or lines, too many legs, a line names a leg that is not there,
            the stake is negative, or a place part has no terms.
    """

    legs: tuple[Leg, ...]
    bundles: tuple[Bundle, ...]
    unit_micros: Fraction
    minor_unit_micros: int
    rounding: Rounding = Rounding.HALF_UP_V1
    parts: Parts = Parts.WIN
    stake: StakeKind = StakeKind.CASH
    profit_max_micros: int | None = None
    boost: Fraction = NOTHING
    combo: Combo | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.legs) <= LEGS_MAX or not self.bundles:
            raise Malformed("legs", f"a bet has 1 to {LEGS_MAX} legs, and lines over them")
        named = {leg for bundle in self.bundles for leg in (*bundle.legs, *bundle.bankers)}
        if named != set(range(len(self.legs))):
            raise Malformed("bundles", "the lines do not cover exactly the legs of the bet")
        if self.unit_micros < 0 or (self.profit_max_micros or 0) < 0 or self.boost < 0:
            raise Malformed("unit_micros", "a stake, a cap and a boost are not negative")
        if self.parts.placed and any(leg.place_fraction is None for leg in self.legs):
            raise Malformed("place_fraction", "a place part needs terms on every leg")
        if self.combo is not None and (self.parts.placed or not _is_one_line(self.bundles)):
            raise Malformed("combo", "a combination is one line, on the win")


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns:
    """What a bet pays, in micros, stake included.

    `current_micros` by the lines that are decided, `max_micros` if everything open wins; they are
    the same when nothing is open.  `voided`: the stake came back by voids alone; a free stake
    then comes back as the token it was.
    """

    stake_micros: Fraction
    current_micros: int
    max_micros: int
    decided: bool
    voided: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """How likely the ends of a leg are, as a feed tells; what is missing to one is a loss.

    Source: Sportradar UOF, `probabilities` (win, half win, refund, half lose).

    Raises:
        Malformed: a chance is negative, or together they are above one.
    """

    won: Fraction
    half_won: Fraction = NOTHING
    void: Fraction = NOTHING
    half_lost: Fraction = NOTHING

    def __post_init__(self) -> None:
        all_of_them = (self.won, self.half_won, self.void, self.half_lost)
        if min(all_of_them) < 0 or sum(all_of_them) > 1:
            raise Malformed("chances", "chances are not negative and at most one together")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTerms:
    """How many places are paid, and the fraction of the winnings that they pay; 0 places: none."""

    places: int
    fraction: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsChange:
    """Places to pay on a market, and the fraction of the winnings that they pay; set once."""

    market_id: MarketId
    terms: PlaceTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class EachWayBand:
    """The terms of races with at least so many runners; the last that fits counts."""

    runners: int
    handicap: bool | None  # `None`: handicap or not
    terms: PlaceTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class EachWayTable:
    """A version of each-way terms, with where it is published."""

    version: str
    source: str
    bands: tuple[EachWayBand, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule4Table:
    """A version of Rule 4: bands of (decimal price up to, deduction), shortest first.

    A price between two published bands belongs to the longer one, which deducts less.
    Deductions that are `waived_up_to` this together are not made.
    """

    version: str
    source: str
    bands: tuple[tuple[Fraction, Fraction], ...]
    waived_up_to: Fraction = NOTHING


def _is_one_line(bundles: tuple[Bundle, ...]) -> bool:
    return len(bundles) == 1 and bundles[0].sizes == (len(bundles[0].legs),)


@lru_cache(maxsize=1024)
def parse_share(text: str, *, field: str) -> Fraction:
    """Read an exact share between 0 and 1, such as `"1/2"` or `"0.5"`.

    Raises:
        Malformed: it is not one.
    """
    try:
        share = Fraction(text) if _SHARE.fullmatch(text) else None
    except ZeroDivisionError:
        share = None
    if share is None or share > 1:
        raise Malformed(field, f"{text[:40]!r} is not a share between 0 and 1")
    return share
