"""Same-event combinations: priced as one selection, whose outcome follows from its legs'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook.returns.model import LOST, VOID, WON, ComboPolicy, Outcome


def combine(
    policy: ComboPolicy,
    price: Fraction,
    outcomes: Sequence[Outcome],
    prices_of_rest: Mapping[frozenset[int], Fraction],
) -> tuple[Outcome, Fraction]:
    """Return how a combination ended and the price it is paid at.

    `prices_of_rest` are the prices of smaller sets of its legs when the bet was accepted, by the
    places of the legs that they hold; only the policy `reduce` looks there.

    Raises:
        Malformed: such combinations are not sold, a leg is neither won, lost nor void, or the
            price of the rest was not kept.
    """
    if policy is ComboPolicy.NONE or not outcomes:
        raise Malformed("policy", "combinations are not sold under this policy")
    if not all(outcome in (WON, LOST, VOID) for outcome in outcomes):
        raise Malformed("outcomes", "a leg of a combination is won, lost or void; no part of it")
    some_void = VOID in outcomes
    if some_void and policy is ComboPolicy.REFUND_ALL:
        return VOID, price
    if LOST in outcomes:
        return LOST, price
    if not some_void:
        return WON, price
    rest = frozenset(place for place, outcome in enumerate(outcomes) if outcome == WON)
    if policy is ComboPolicy.REFUND_UNLESS_LOST or not rest:
        return VOID, price
    if rest not in prices_of_rest:
        raise Malformed("prices_of_rest", "the price of the remaining legs was not kept")
    return WON, prices_of_rest[rest]
