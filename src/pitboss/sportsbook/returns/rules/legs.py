"""What one leg multiplies its stake by: prices, deductions, dead heats, boosts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from pitboss.kernel.errors import Malformed
from pitboss.kernel.money import Rounding, round_ratio
from pitboss.sportsbook.returns.model import LOST, NOTHING, ONE, VOID, WON, Leg, Outcome

_REDUCED_MIN = Fraction(101, 100)
# Source: Betfair, rules on reduction factors, as flumine applies them.
_REDUCTION_MIN = Fraction(25, 1000)


def factor(outcome: Outcome, price: Fraction) -> Fraction:
    """Return what a part of a leg multiplies its stake by: `won * price + void`."""
    # Most legs are one of these, and need no arithmetic.
    if outcome is WON:
        return price
    if outcome is LOST:
        return NOTHING
    if outcome is VOID:
        return ONE
    return outcome.won * price + outcome.void


def deducted(price: Fraction, deduction: Fraction) -> Fraction:
    """Return a price after Rule 4, which takes from the winnings and never from the stake.

    Source: Tattersalls Committee, Rules on Betting, Rule 4(c).
    """
    return 1 + (price - 1) * (1 - deduction) if deduction else price


def place_price(leg: Leg, deduction: Fraction = NOTHING) -> Fraction:
    """Return the price of a leg's place part, after any deduction.

    Raises:
        Malformed: the leg has no place terms.
    """
    if leg.place_fraction is None:
        raise Malformed("place_fraction", "the leg has no place terms")
    return 1 + (deducted(leg.price, deduction) - 1) * leg.place_fraction


def finished(position: int | None, *, tied: int = 1, places: int = 1) -> Outcome:
    """Return the outcome of a runner that finished at `position`, with `tied` runners there.

    `places` are paid: 1 for the win.  The stake is divided by the number tied for the places
    that are left and paid at full odds.  `None` is a non-runner.  Source: Betfair, Rules and
    Regulations, dead heats; the other exchanges say the same.

    Raises:
        Malformed: a number is below 1.
    """
    if position is None:
        return VOID
    if min(position, tied, places) < 1:
        raise Malformed("position", "positions, ties and places are counted from 1")
    left = min(max(places - position + 1, 0), tied)
    return Outcome(won=Fraction(left, tied))


def reduced(price: Fraction, removals: Sequence[Fraction]) -> Fraction:
    """Return an exchange price after the reduction factors of removed runners (shares below 1).

    They apply to the whole price, one after the other; those below 2.5 % are not applied.  Rounded
    to two decimals at each, 1.01 at least: the only rounding here besides that of the returns.
    Source: Betfair, Rules and Regulations, reduction factors.

    Raises:
        Malformed: a factor is not a share below one.
    """
    for removal in removals:
        if not 0 <= removal < 1:
            raise Malformed("removal", f"{removal} is not a share below one")
        if removal >= _REDUCTION_MIN:
            left = price * (1 - removal)
            cents = round_ratio(left.numerator * 100, left.denominator, 1, Rounding.HALF_UP_V1)
            price = max(_REDUCED_MIN, Fraction(cents, 100))
    return price


def boosted(price: Fraction, boost: Fraction) -> Fraction:
    """Return a price whose winnings are raised by a share: 1/10 makes 2.0 into 2.1.

    Raises:
        Malformed: the boost is negative.
    """
    if boost < 0:
        raise Malformed("boost", f"{boost} is negative")
    return 1 + (price - 1) * (1 + boost)
