"""Same-event combinations: priced as one selection, whose outcome follows from its legs'.

Where a leg is won, void or lost in part only (a quarter line, a dead heat), the stake is divided
among all the ways in which its parts can end, each in proportion.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import prod

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook.returns.model import NOTHING, ONE, Combo, ComboPolicy, Outcome


def factor(combo: Combo, outcomes: Sequence[Outcome]) -> Fraction:
    """Return what a combination multiplies its stake by once all its legs have ended.

    Raises:
        Malformed: the price of the remaining legs was not kept, under the policy that wants it.
    """
    won = prod((outcome.won for outcome in outcomes), start=ONE)
    if combo.policy is ComboPolicy.REDUCE:
        return won * combo.price + _reduced(combo, outcomes)
    return won * combo.price + void_share(combo, outcomes)


def void_share(combo: Combo, outcomes: Sequence[Outcome]) -> Fraction:
    """Return the share of the stake that comes back by voids alone."""
    match combo.policy:
        case ComboPolicy.REFUND_ALL:
            return ONE - prod((ONE - outcome.void for outcome in outcomes), start=ONE)
        case ComboPolicy.REFUND_UNLESS_LOST:
            not_lost = prod((outcome.won + outcome.void for outcome in outcomes), start=ONE)
            return not_lost - prod((outcome.won for outcome in outcomes), start=ONE)
        case ComboPolicy.REDUCE:
            return prod((outcome.void for outcome in outcomes), start=ONE)


def _reduced(combo: Combo, outcomes: Sequence[Outcome]) -> Fraction:
    """Return what is paid for all the ways in which some legs are void and the others won."""
    total = void_share(combo, outcomes)
    places = range(len(outcomes))
    for left in range(1, len(outcomes)):
        for rest in combinations(places, left):
            share = prod(
                (one.won if place in rest else one.void for place, one in enumerate(outcomes)),
                start=ONE,
            )
            if share == NOTHING:
                continue
            if rest not in combo.rest:
                raise Malformed("rest", "the price of the remaining legs was not kept")
            total += share * combo.rest[rest]
    return total
