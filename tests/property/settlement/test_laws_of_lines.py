"""Laws of bets of several lines: each line pays by itself, and nobody waits for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product
from math import prod

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from pitboss.kernel.ids import BetId, SelectionId
from pitboss.kernel.money import Rounding, round_micros
from pitboss.sportsbook.betting.model import Lines, Shape
from pitboss.sportsbook.settlement.model import (
    HALF_LOST,
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
from pitboss.sportsbook.settlement.rules import finished_at, settle, settle_lines

CENT = 10_000
LEGS_MAX = 5

dead_heats = st.integers(2, 4).map(lambda tied: Result(won=True, dead_heat=Fraction(1, tied)))
results = st.sampled_from([WON, LOST, LOST, VOID, HALF_WON, HALF_LOST]) | dead_heats
prices = st.integers(101, 2_000).map(lambda cents: Fraction(cents, 100))


@st.composite
def shapes(draw: st.DrawFn, legs: int) -> Shape:
    """Draw bundles that cover so many legs, some of them bankers."""
    bundles = []
    for _ in range(draw(st.integers(1, 2))):
        order = draw(st.permutations(range(legs)))
        bankers = draw(st.integers(0, legs - 1))
        sizes = draw(st.sets(st.integers(0 if bankers else 1, legs - bankers), min_size=1))
        bundles.append(
            Lines(legs=tuple(order[bankers:]), sizes=tuple(sizes), bankers=tuple(order[:bankers]))
        )
    return Shape(lines=tuple(bundles))


@st.composite
def bets(draw: st.DrawFn) -> Terms:
    """Draw a bet of several lines."""
    count = draw(st.integers(1, LEGS_MAX))
    return Terms(
        bet_id=BetId("bet"),
        stake_micros=draw(st.integers(1, 100_000)) * CENT,
        minor_unit_micros=CENT,
        rounding=draw(st.sampled_from(Rounding)),
        legs=tuple(
            Leg(selection_id=SelectionId(f"selection {place}"), price=draw(prices))
            for place in range(count)
        ),
        shape=draw(shapes(count)),
    )


def lines_of(terms: Terms) -> list[tuple[int, ...]]:
    """Return the legs of each line, by their places."""
    assert terms.shape is not None
    return [
        (*line, *lines.bankers)
        for lines in terms.shape.lines
        for size in lines.sizes
        for line in combinations(lines.legs, size)
    ]


def exact_micros(terms: Terms, ended: dict[SelectionId, Result]) -> Fraction:
    """Return the returns line by line, as the published formula has them, unrounded."""
    factors = [
        result.void_share + (1 - result.void_share) * result.dead_heat * leg.price * result.won
        for leg in terms.legs
        for result in (ended[leg.selection_id],)
    ]
    lines = lines_of(terms)
    unit = Fraction(terms.stake_micros, len(lines))
    return unit * sum(prod((factors[leg] for leg in line), start=Fraction(1)) for line in lines)


def endings(terms: Terms, known: dict[SelectionId, Result]) -> Iterator[dict[SelectionId, Result]]:
    """Yield ways in which the rest could end: each leg won or lost."""
    rest = [leg.selection_id for leg in terms.legs if leg.selection_id not in known]
    for ends in product((WON, LOST), repeat=len(rest)):
        yield known | dict(zip(rest, ends, strict=True))


@given(bets(), st.data())
def test_a_bet_returns_what_its_lines_return_one_by_one(terms: Terms, data: st.DataObject) -> None:
    ended = {leg.selection_id: data.draw(results) for leg in terms.legs}

    settled = settle_lines(terms, ended)

    assert isinstance(settled, Settled)
    exact = exact_micros(terms, ended)
    assert settled.returns_micros == round_micros(exact, CENT, terms.rounding)
    assert settled.voided == all(result == VOID for result in ended.values())


@given(bets(), st.data())
def test_a_bet_waits_as_long_as_an_open_leg_can_change_what_it_returns_and_no_longer(
    terms: Terms, data: st.DataObject
) -> None:
    known = {
        leg.selection_id: result
        for leg in terms.legs
        if (result := data.draw(st.none() | results)) is not None
    }
    possible = {exact_micros(terms, ended) for ended in endings(terms, known)}

    answer = settle_lines(terms, known)

    if isinstance(answer, Unsettled):
        assert len(possible) > 1
        assert set(answer.waiting_for) == {leg.selection_id for leg in terms.legs} - known.keys()
    else:
        (exact,) = possible
        assert answer.returns_micros == round_micros(exact, CENT, terms.rounding)


@given(bets(), st.data())
def test_one_line_over_all_legs_returns_what_the_first_rules_return(
    terms: Terms, data: st.DataObject
) -> None:
    places = tuple(range(len(terms.legs)))
    known = {
        leg.selection_id: result
        for leg in terms.legs
        if (result := data.draw(st.none() | results)) is not None
    }
    plain = structs.replace(terms, shape=None)
    spelled = structs.replace(terms, shape=Shape(lines=(Lines(legs=places, sizes=(len(places),)),)))

    first, now, spelled_out = (
        settle(plain, known),
        settle_lines(plain, known),
        settle_lines(spelled, known),
    )

    assert first == now == spelled_out


@given(bets(), st.data())
def test_an_each_way_bet_returns_what_half_on_the_win_and_half_on_the_place_return(
    terms: Terms, data: st.DataObject
) -> None:
    fractions = st.sampled_from([Fraction(1, 4), Fraction(1, 5), Fraction(1)])
    legs = tuple(
        structs.replace(leg, place_fraction=data.draw(fractions), places=3) for leg in terms.legs
    )
    known = {
        leg.selection_id: finished_at(position, tied=data.draw(st.integers(1, 3)))
        for leg in legs
        if (position := data.draw(st.sampled_from([None, 1, 2, 3, 4]))) is not None
        or data.draw(st.booleans())
    }
    assert terms.shape is not None
    exact = structs.replace(
        terms, legs=legs, stake_micros=terms.stake_micros * 2, minor_unit_micros=1
    )
    half = structs.replace(exact, stake_micros=terms.stake_micros)

    whole, *halves = (
        settle_lines(structs.replace(one, shape=structs.replace(terms.shape, parts=parts)), known)
        for one, parts in ((exact, "each_way"), (half, "win"), (half, "place"))
    )

    if isinstance(whole, Settled) and all(isinstance(item, Settled) for item in halves):
        paid = sum(item.returns_micros for item in halves if isinstance(item, Settled))
        # Each of the three is rounded once, to a micro.
        assert abs(whole.returns_micros - paid) <= 2
    else:
        # Both parts are decided only when each is.
        assert any(isinstance(item, Unsettled) for item in halves) or not halves
