"""What bets on races pay, in the published examples: each way, dead heats, withdrawn runners."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import BetId, SelectionId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import Rounding
from pitboss.sportsbook.betting.model import Lines, Shape
from pitboss.sportsbook.returns.model import Outcome
from pitboss.sportsbook.settlement.model import (
    LOST,
    WON,
    Finish,
    Leg,
    PlaceResult,
    Result,
    SelectionResult,
    Settled,
    Terms,
    Unsettled,
    Withdrawn,
)
from pitboss.sportsbook.settlement.rules import finished_at, settle_lines

UNIT = 1_000_000
PLACED_AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
LATER, EARLIER = (write_instant(PLACED_AT + timedelta(minutes=by)) for by in (5, -5))
EACH_WAY = Shape(parts="each_way")
A, B = SelectionId("A"), SelectionId("B")


def bet(
    units: str,
    *prices: str,
    shape: Shape | None = EACH_WAY,
    fraction: str = "1/5",
    places: int = 3,
    rule4: str | None = "tattersalls.v1",
) -> Terms:
    """Return a bet on runners A, B ... at these decimal prices; the stake is on all of it."""
    return Terms(
        bet_id=BetId("bet"),
        stake_micros=int(Fraction(units) * UNIT),
        minor_unit_micros=10_000,
        rounding=Rounding.HALF_UP_V1,
        legs=tuple(
            Leg(
                selection_id=SelectionId(chr(ord("A") + place)),
                price=Fraction(price),
                place_fraction=Fraction(fraction),
                places=places,
                rule4=rule4,
            )
            for place, price in enumerate(prices)
        ),
        shape=shape,
        placed_at=PLACED_AT,
    )


def returned(terms: Terms, *ends: Result) -> Fraction:
    """Return what a bet pays, in units."""
    settled = settle_lines(
        terms, {leg.selection_id: end for leg, end in zip(terms.legs, ends, strict=True)}
    )
    assert isinstance(settled, Settled)
    return Fraction(settled.returns_micros, UNIT)


@pytest.mark.parametrize(
    ("units", "price", "fraction", "won", "placed"),
    [
        # Betfair Sportsbook, help, each-way bets: 10 each way at 7/4; 100 each way at 11/4.
        ("20", "2.75", "1/5", "41.00", "13.50"),
        ("20", "2.75", "1/4", "41.88", "14.38"),
        ("200", "3.75", "1/5", "530", "155"),
    ],
)
def test_an_each_way_bet_is_two_equal_bets(
    units: str, price: str, fraction: str, won: str, placed: str
) -> None:
    terms = bet(units, price, fraction=fraction)

    assert returned(terms, finished_at(1)) == Fraction(won)
    assert returned(terms, finished_at(3)) == Fraction(placed)
    assert returned(terms, finished_at(4)) == 0


def test_who_did_not_run_is_void_in_both_parts() -> None:
    settled = settle_lines(bet("20", "2.75"), {A: finished_at(None)})

    assert settled == Settled(bet_id=BetId("bet"), returns_micros=20 * UNIT, voided=True)


def test_a_bet_keeps_the_number_of_places_that_it_was_struck_at() -> None:
    fourth = finished_at(4)

    assert returned(bet("20", "6", places=3), fourth) == 0
    assert returned(bet("20", "6", places=4), fourth) == 20


@pytest.mark.parametrize(
    ("units", "price", "tied", "exact"),
    # Betfair, Betdaq, dead heats: 60 at 6.0, three first; 10 at 4/1, two first: never half odds.
    [("60", "6", 3, "120"), ("10", "5", 2, "25")],
)
def test_a_dead_heat_divides_the_stake_and_not_the_odds(
    units: str, price: str, tied: int, exact: str
) -> None:
    assert returned(bet(units, price, shape=None), finished_at(1, tied=tied)) == Fraction(exact)


def test_a_dead_heat_for_the_last_places_divides_the_place_part() -> None:
    # Two for one place that is left: half of 10 at 1 + 5/5.
    assert returned(bet("20", "6", places=3), finished_at(3, tied=2)) == 10


@pytest.mark.parametrize(
    ("withdrawn", "won"),
    [
        # Tattersalls Committee, Rule 4(c): 10 at 10/1; 2/5 takes 70p of each pound won.
        ([Withdrawn(at=LATER, price="7/5")], "40"),
        # Several add up, to 90p at most.
        ([Withdrawn(at=LATER, price="7/5"), Withdrawn(at=LATER, price="6/5")], "20"),
        # Who bet at a price that was made without the runner loses nothing by it.
        ([Withdrawn(at=EARLIER, price="7/5")], "110"),
        ([Withdrawn(at=EARLIER, price="6/5"), Withdrawn(at=LATER, price="7/5")], "40"),
        # Over 14/1 nothing is taken.
        ([Withdrawn(at=LATER, price="20/1")], "110"),
    ],
)
def test_a_runner_withdrawn_after_the_bet_takes_from_the_winnings(
    withdrawn: list[Withdrawn], won: str
) -> None:
    ended = finished_at(1, withdrawn=tuple(withdrawn))

    assert returned(bet("10", "11", shape=None), ended) == Fraction(won)
    assert returned(bet("10", "11", shape=None, rule4=None), ended) == 110


def test_rule_4_takes_from_both_parts_before_the_fraction() -> None:
    # 10 each way at 7/4, a fifth; 6/4 withdrawn takes 40p: 1 + 1.05, and 1 + 1.05 / 5.
    ended = finished_at(1, withdrawn=(Withdrawn(at=LATER, price="5/2"),))

    assert returned(bet("20", "2.75"), ended) == Fraction("20.50") + Fraction("12.10")


@pytest.mark.parametrize(
    ("price", "factors", "left"),
    # Betfair, reduction factors: 25 % of 8.0; 16.2 % of 8.6; below 2.5 % nothing; never below 1.01.
    [
        ("8", ["1/4"], "6"),
        ("8.6", ["0.162"], "7.21"),
        ("8", ["0.02"], "8"),
        ("1.2", ["0.9"], "1.01"),
        ("10", ["0.1", "0.5"], "4.5"),
    ],
)
def test_a_reduction_factor_takes_from_the_whole_price(
    price: str, factors: list[str], left: str
) -> None:
    ended = Result(won=True, withdrawn=tuple(Withdrawn(at=LATER, factor=one) for one in factors))

    assert returned(bet("100", price, shape=None), ended) == 100 * Fraction(left)


def test_a_place_part_waits_for_what_is_not_known_of_it() -> None:
    waits = Unsettled(bet_id=BetId("bet"), waiting_for=(A,))

    assert settle_lines(bet("20", "6"), {}) == waits
    assert settle_lines(bet("20", "6"), {A: WON}) == waits
    # A bet on a place alone does not ask who has won.
    placed = Result(won=False, place=Outcome(won=Fraction(1)))
    assert returned(bet("10", "6", shape=Shape(parts="place")), placed) == 20


def test_a_double_each_way_goes_win_to_win_and_place_to_place() -> None:
    shape = Shape(lines=(Lines(legs=(0, 1), sizes=(2,)),), parts="each_way")
    double = bet("20", "3", "6", shape=shape)

    assert returned(double, finished_at(1), finished_at(1)) == 180 + 10 * Fraction("1.4") * 2
    assert returned(double, finished_at(1), finished_at(2)) == 10 * Fraction("1.4") * 2
    assert returned(double, finished_at(1), finished_at(9)) == 0
    assert returned(double, finished_at(None), finished_at(1)) == 60 + 20


def test_a_result_is_told_and_read_alike() -> None:
    ended = Result(
        won=True,
        dead_heat=Fraction(1, 2),
        place=Outcome(won=Fraction(2, 3), void=Fraction(1, 3)),
        finish=Finish(position=1, tied=2),
        withdrawn=(Withdrawn(at=LATER, price="7/5"), Withdrawn(at=LATER, factor="0.162")),
    )

    assert Result.of(ended.told_of(A)) == ended
    assert LOST.told_of(A) == SelectionResult(
        selection_id=A, won=False, void_share="0", dead_heat="1"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Result(won=True, finish=Finish(position=0)),
        lambda: Result(won=True, finish=Finish(position=1, tied=0)),
        lambda: Result(won=True, withdrawn=(Withdrawn(at=LATER),)),
        lambda: Result(won=True, withdrawn=(Withdrawn(at=LATER, price="2", factor="1/2"),)),
        lambda: Result(won=True, withdrawn=(Withdrawn(at=LATER, price="1"),)),
        lambda: Result(won=True, withdrawn=(Withdrawn(at=LATER, factor="1"),)),
        lambda: Result(won=True, withdrawn=(Withdrawn(at="soon", price="2"),)),
        lambda: PlaceResult(won="1", void="1").outcome,
        lambda: PlaceResult(won="2").outcome,
    ],
)
def test_what_cannot_be_of_a_race_is_malformed(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(Malformed):
        wrong()
