"""The laws of returns, for all bets: sums over lines, symmetry, voids, rounding, buying back."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise
from math import prod

from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.money import Rounding
from pitboss.sportsbook import returns
from pitboss.sportsbook.returns.model import (
    HALF_LOST,
    HALF_WON,
    LOST,
    OPEN,
    VOID,
    WON,
    Bundle,
    Ending,
    Leg,
    Outcome,
    Parts,
    StakeKind,
    Ticket,
)
from pitboss.sportsbook.returns.rules import bets, cash_out, goals, lines

CENT = 10_000
COMPLEMENT = {WON: LOST, LOST: WON, VOID: VOID, HALF_WON: HALF_LOST, HALF_LOST: HALF_WON}

shares = st.fractions(min_value=0, max_value=1, max_denominator=12)
factors = st.fractions(min_value=0, max_value=20, max_denominator=100)
prices = st.fractions(min_value="101/100", max_value=50, max_denominator=100)
outcomes = st.one_of(
    st.sampled_from(list(COMPLEMENT)), shares.map(lambda share: Outcome(won=share))
)
endings = st.one_of(
    st.just(OPEN),
    st.builds(Ending, win=outcomes, place=outcomes, deduction=st.just(Fraction(1, 4))),
    st.builds(Ending, win=outcomes, place=outcomes),
    st.builds(Ending, win=outcomes, place=st.none()),
)


@st.composite
def bundles(draw: st.DrawFn, legs: int) -> Bundle:
    """Draw lines that cover so many legs, some of them bankers."""
    order = draw(st.permutations(range(legs)))
    bankers = draw(st.integers(0, legs - 1))
    sizes = draw(st.sets(st.integers(1, legs - bankers), min_size=1))
    return Bundle(legs=tuple(order[bankers:]), sizes=tuple(sizes), bankers=tuple(order[:bankers]))


@st.composite
def bets_with_endings(draw: st.DrawFn) -> tuple[Ticket, list[Ending]]:
    """Draw a bet and what became of its legs."""
    count = draw(st.integers(1, 6))
    legs = st.builds(
        Leg, price=prices, place_fraction=st.sampled_from([Fraction(1, 4), Fraction(1, 5)])
    )
    ticket = Ticket(
        legs=tuple(draw(legs) for _ in range(count)),
        bundles=(draw(bundles(count)),),
        unit_micros=Fraction(draw(st.integers(1, 100_000_000)), draw(st.integers(1, 30))),
        minor_unit_micros=draw(st.sampled_from([1, CENT])),
        rounding=draw(st.sampled_from(Rounding)),
        parts=draw(st.sampled_from(Parts)),
        profit_max_micros=draw(st.none() | st.integers(0, 10**10)),
    )
    return ticket, [draw(endings) for _ in range(count)]


@given(st.data())
def test_the_sum_over_lines_is_that_of_the_lines_one_by_one(data: st.DataObject) -> None:
    values = data.draw(st.lists(factors, min_size=1, max_size=8))
    bundle = data.draw(bundles(len(values)))
    each = [
        prod((values[leg] for leg in (*line, *bundle.bankers)), start=Fraction(1))
        for size in bundle.sizes
        for line in combinations(bundle.legs, size)
    ]

    assert lines.total([bundle, bundle], values) == 2 * sum(each)
    assert lines.count([bundle]) == len(each)


@given(bets_with_endings(), st.randoms(use_true_random=False))
def test_the_order_of_the_legs_does_not_matter(
    drawn: tuple[Ticket, list[Ending]], chance: object
) -> None:
    ticket, ended = drawn
    order = list(range(len(ended)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    (bundle,) = ticket.bundles
    moved = Bundle(
        legs=tuple(order.index(leg) for leg in bundle.legs),
        sizes=bundle.sizes,
        bankers=tuple(order.index(leg) for leg in bundle.bankers),
    )
    other = with_(ticket, legs=tuple(ticket.legs[leg] for leg in order), bundles=(moved,))

    assert returns.work_out(ticket, ended) == returns.work_out(other, [ended[i] for i in order])


@given(st.integers(0, 9), st.integers(0, 9), st.integers(-20, 20))
def test_a_side_wins_what_the_other_loses(own: int, other: int, quarters: int) -> None:
    line = Fraction(quarters, 4)

    assert goals.handicap(other, own, -line) == COMPLEMENT[goals.handicap(own, other, line)]
    assert goals.total(own, line, over=False) == COMPLEMENT[goals.total(own, line, over=True)]


@given(st.lists(factors, min_size=1, max_size=7), st.data())
def test_a_void_leg_is_a_price_of_one(values: list[Fraction], data: st.DataObject) -> None:
    """All lines with a void leg: those without it, of its size less one, pay the same again."""
    size = data.draw(st.integers(1, len(values)))
    rest = tuple(range(len(values)))
    with_void = lines.total(
        [Bundle(legs=(*rest, len(values)), sizes=(size,))], [*values, Fraction(1)]
    )
    without = lines.total([Bundle(legs=rest, sizes=(size,))], values)
    shorter = lines.total([Bundle(legs=rest, sizes=(size - 1,))], values) if size > 1 else 1

    assert with_void == without + shorter


@given(bets_with_endings(), st.integers(0, 5), prices)
def test_a_better_price_never_pays_less(
    drawn: tuple[Ticket, list[Ending]], which: int, more: Fraction
) -> None:
    ticket, ended = drawn
    place = which % len(ended)
    leg = ticket.legs[place]
    better = Leg(price=leg.price + more, place_fraction=leg.place_fraction)
    raised = with_(ticket, legs=(*ticket.legs[:place], better, *ticket.legs[place + 1 :]))
    before, after = returns.work_out(ticket, ended), returns.work_out(raised, ended)

    assert before.current_micros <= after.current_micros
    assert before.max_micros <= after.max_micros


@given(bets_with_endings(), st.data())
def test_what_comes_later_stays_between_what_is_sure_and_what_is_possible(
    drawn: tuple[Ticket, list[Ending]], data: st.DataObject
) -> None:
    ticket, ended = drawn
    final = [
        Ending(
            win=end.win or data.draw(outcomes),
            place=end.place or data.draw(outcomes),
            deduction=end.deduction,
        )
        for end in ended
    ]
    early, late = returns.work_out(ticket, ended), returns.work_out(ticket, final)

    assert late.decided
    assert early.current_micros <= late.current_micros <= early.max_micros
    if early.decided:
        assert early.current_micros == late.current_micros


@given(bets_with_endings())
def test_returns_are_rounded_once_and_less_than_a_coin(
    drawn: tuple[Ticket, list[Ending]],
) -> None:
    ticket, ended = drawn
    coarse = returns.work_out(with_(ticket, minor_unit_micros=CENT), ended)
    fine = returns.work_out(with_(ticket, minor_unit_micros=1), ended)

    assert coarse.current_micros % CENT == 0
    assert abs(coarse.current_micros - fine.current_micros) <= CENT
    assert returns.work_out(ticket, ended) == returns.work_out(ticket, ended)


@given(
    value=st.fractions(min_value=0, max_value=10**9, max_denominator=1000),
    cuts=st.sets(shares, max_size=6),
)
def test_steps_of_buying_back_sum_to_the_whole_less_the_coins_rounded_off(
    value: Fraction, cuts: set[Fraction]
) -> None:
    stops = [Fraction(0), *sorted(cuts | {Fraction(1)})]
    steps = [
        cash_out.step(value, before=before, after=after, minor_unit_micros=1)
        for before, after in pairwise(stops)
    ]

    assert 0 <= value - sum(steps) < len(steps)


@given(st.integers(0, 10**12), st.integers(1, 8), st.sampled_from(Parts))
def test_a_total_stake_is_the_sum_of_its_lines(total: int, legs: int, parts: Parts) -> None:
    bundle = Bundle(legs=tuple(range(legs)), sizes=tuple(range(1, legs + 1)))
    unit = bets.unit_of_total(total, [bundle], parts)

    assert unit * lines.count([bundle]) * parts.bets == total


def with_(ticket: Ticket, **changes: object) -> Ticket:
    """Return a bet with some of its terms changed."""
    terms = {name: getattr(ticket, name) for name in Ticket.__slots__}
    return Ticket(**(terms | changes))


@given(bets_with_endings(), shares)
def test_a_boost_raises_what_is_won_by_its_share_and_nothing_else(
    bet: tuple[Ticket, list[Ending]], share: Fraction
) -> None:
    ticket, ended = replace(bet[0], profit_max_micros=None, stake=StakeKind.CASH), bet[1]
    plain = returns.work_out(ticket, ended)
    raised = returns.work_out(replace(ticket, boost=share), ended)

    won = max(Fraction(0), plain.current_micros - plain.stake_micros)
    more = raised.current_micros - plain.current_micros - won * share
    # Each is rounded to a coin, once.
    assert abs(more) <= 2 * ticket.minor_unit_micros
    assert raised.max_micros >= plain.max_micros
    assert (raised.decided, raised.voided) == (plain.decided, plain.voided)
