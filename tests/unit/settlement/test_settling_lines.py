"""What bets of several lines pay, in examples: systems, full cover, bankers, early ends."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import BetId, SelectionId
from pitboss.kernel.money import Rounding
from pitboss.sportsbook import returns
from pitboss.sportsbook.betting.model import Lines, Shape
from pitboss.sportsbook.settlement.model import (
    HALF_WON,
    LOST,
    VOID,
    WON,
    Leg,
    Result,
    Settled,
    Terms,
    Unsettled,
)
from pitboss.sportsbook.settlement.rules import settle_lines

UNIT = 1_000_000
A, B, C, D = (SelectionId(name) for name in "ABCD")


def named(code: str) -> Shape:
    """Return the shape of a bet with a name."""
    kind = returns.bet_type(code)
    return Shape(lines=tuple(Lines.of(bundle) for bundle in kind.bundles), bet_type=code)


def terms(shape: Shape, *prices: str, units: int) -> Terms:
    """Return a bet of so many units on selections A, B, C ... at these prices."""
    return Terms(
        bet_id=BetId("bet"),
        stake_micros=units * UNIT,
        minor_unit_micros=10_000,
        rounding=Rounding.HALF_UP_V1,
        legs=tuple(
            Leg(selection_id=SelectionId(chr(ord("A") + place)), price=Fraction(price))
            for place, price in enumerate(prices)
        ),
        shape=shape,
    )


def paid(units: str, *, voided: bool = False) -> Settled:
    """Return a settlement that pays so many units."""
    return Settled(bet_id=BetId("bet"), returns_micros=int(Fraction(units) * UNIT), voided=voided)


@pytest.mark.parametrize(
    ("code", "units", "returned"),
    [
        # With everything won at 2, 3, 4 ...: docs/settlement.md, published check values.
        ("trixie", 4, "50"),
        ("patent", 7, "59"),
        ("lucky63", 63, "20159"),
        ("goliath", 247, "1814355"),
        ("alphabet", 26, "6255"),
        ("fido", 20, "735"),
        ("mix", 12, "465"),
        ("sundial", 18, "3056"),
        ("union_jack", 8, "1788"),
    ],
)
def test_a_named_bet_pays_the_published_returns(code: str, units: int, returned: str) -> None:
    selections = returns.bet_type(code).selections
    prices = [str(place + 2) for place in range(selections)]
    won = {SelectionId(chr(ord("A") + place)): WON for place in range(selections)}

    assert settle_lines(terms(named(code), *prices, units=units), won) == paid(returned)


def test_a_system_of_two_sizes_pays_both() -> None:
    shape = Shape(lines=(Lines(legs=(0, 1, 2, 3), sizes=(2, 3)),))
    bet = terms(shape, "2", "3", "4", "5", units=10)

    assert settle_lines(bet, dict.fromkeys((A, B, C, D), WON)) == paid("225")


def test_a_banker_is_in_every_line_and_loses_them_all() -> None:
    shape = Shape(lines=(Lines(legs=(1, 2), sizes=(1,), bankers=(0,)),))
    bet = terms(shape, "2", "3", "4", units=2)

    assert settle_lines(bet, {A: WON, B: WON, C: WON}) == paid("14")
    assert settle_lines(bet, {A: WON, B: LOST, C: WON}) == paid("8")
    assert settle_lines(bet, {A: LOST}) == paid("0")


def test_a_bet_is_settled_as_soon_as_no_line_can_change() -> None:
    trixie = terms(named("trixie"), "2", "3", "4", units=4)

    assert settle_lines(trixie, {A: WON, B: LOST}) == Unsettled(
        bet_id=BetId("bet"), waiting_for=(C,)
    )
    assert settle_lines(trixie, {A: LOST, B: LOST}) == paid("0")


def test_lines_that_are_void_give_their_stakes_back_and_only_all_of_them_void_the_bet() -> None:
    patent = terms(named("patent"), "2", "3", "4", units=7)
    ended: dict[SelectionId, Result] = {A: WON, B: VOID, C: LOST}

    # A, B, and A with B; the lines with C have lost.
    assert settle_lines(patent, ended) == paid("5")
    assert settle_lines(patent, dict.fromkeys((A, B, C), VOID)) == paid("7", voided=True)


def test_a_total_stake_need_not_divide_and_is_rounded_once() -> None:
    trixie = terms(named("trixie"), "1.9", "2.1", "2.2", units=10)
    ended = {A: WON, B: HALF_WON, C: WON}
    a, b, c = Fraction("1.9"), (Fraction("2.1") + 1) / 2, Fraction("2.2")
    exact = Fraction(10, 4) * (a * b + a * c + b * c + a * b * c)

    settled = settle_lines(trixie, ended)

    assert isinstance(settled, Settled)
    assert settled.returns_micros == round(exact * 100) * 10_000


def test_lines_that_do_not_fit_the_legs_are_malformed() -> None:
    with pytest.raises(Malformed):
        settle_lines(terms(named("trixie"), "2", "3", units=4), {A: WON, B: WON})


@pytest.mark.parametrize("code", ["trixie", "yankee", "canadian", "heinz", "super_heinz"])
def test_a_full_cover_bet_is_as_many_stakes_as_it_has_lines(code: str) -> None:
    count = returns.bet_type(code).selections

    assert named(code).stakes(count) == sum(comb(count, size) for size in range(2, count + 1))
