"""Laws of settlement: what holds for every bet, market and score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import structs

from pitboss.kernel.ids import BetId, SelectionId
from pitboss.kernel.money import Rounding
from pitboss.sportsbook.catalog.model import LINE_STEP, MarketKind
from pitboss.sportsbook.settlement.model import (
    HALF_LOST,
    HALF_WON,
    LOST,
    VOID,
    WON,
    Leg,
    Result,
    Score,
    Settled,
    Terms,
    Unsettled,
)
from pitboss.sportsbook.settlement.rules import leg_factor, result_of, results_of, settle

NOTHING, STAKE_BACK, HALF = Fraction(0), Fraction(1), Fraction(1, 2)

# Drawn in one: made of two numbers, each would take as long as all the rest of a leg.
shares = st.sampled_from(
    sorted({Fraction(part, parts) for parts in range(1, 61) for part in range(parts + 1)})
)
prices = st.one_of(
    st.integers(101, 100_000).map(lambda cents: Fraction(cents, 100)),
    st.builds(Fraction, st.integers(2, 10**6), st.integers(1, 10**4)).filter(
        lambda price: price > 1
    ),
)
usual_results = st.sampled_from([WON, LOST, VOID, HALF_WON, HALF_LOST])
odd_results = st.builds(
    Result, won=st.booleans(), void_share=shares, dead_heat=shares.filter(lambda share: share > 0)
)
results = usual_results | odd_results
goals = st.integers(0, 12)
scores = st.builds(Score, home=goals, away=goals)
lines = st.integers(-40, 40).map(lambda quarters: quarters * LINE_STEP)
line_kinds = st.sampled_from([MarketKind.TOTAL_GOALS, MarketKind.ASIAN_HANDICAP])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A bet and how its selections ended, in the order of its legs."""

    terms: Terms
    endings: tuple[Result | None, ...]

    @property
    def results(self) -> dict[SelectionId, Result]:
        """The results that are known."""
        return {
            leg.selection_id: result
            for leg, result in zip(self.terms.legs, self.endings, strict=True)
            if result is not None
        }

    def settled(self) -> Settled | Unsettled:
        """Return what the bet pays."""
        return settle(self.terms, self.results)

    def exact_micros(self) -> Fraction:
        """Return the product as the published formula has it: `v + (1 - v) * won * p * d`."""
        return self.terms.stake_micros * prod(
            (
                result.void_share
                + (1 - result.void_share) * int(result.won) * leg.price * result.dead_heat
                for leg, result in zip(self.terms.legs, self.endings, strict=True)
                if result is not None
            ),
            start=STAKE_BACK,
        )

    def picking(self, places: list[int]) -> Ended:
        """Return the bet with only the legs at these places, in this order."""
        return Ended(
            terms=structs.replace(
                self.terms, legs=tuple(self.terms.legs[place] for place in places)
            ),
            endings=tuple(self.endings[place] for place in places),
        )


@st.composite
def ended_bets(
    draw: st.DrawFn,
    endings: st.SearchStrategy[Result] | st.SearchStrategy[Result | None] = results,
    *,
    rounding: Rounding | None = None,
) -> Ended:
    """Draw a bet of up to twenty legs; stakes need not be whole minor units."""
    ends = draw(st.lists(endings, min_size=1, max_size=20))
    legs = tuple(
        Leg(selection_id=SelectionId(f"selection {place}"), price=draw(prices))
        for place in range(len(ends))
    )
    terms = Terms(
        bet_id=BetId("bet"),
        stake_micros=draw(st.integers(1, 10**13)),
        minor_unit_micros=draw(st.sampled_from([1_000, 10_000, 1_000_000])),
        rounding=rounding or draw(st.sampled_from(Rounding)),
        legs=legs,
    )
    return Ended(terms=terms, endings=tuple(ends))


def returns_of(bet: Ended) -> int:
    """Return what a bet with all its results pays."""
    settled = bet.settled()
    assert isinstance(settled, Settled)
    return settled.returns_micros


@given(prices, results)
def test_a_leg_has_the_factor_of_the_published_formula(price: Fraction, result: Result) -> None:
    won = price * result.dead_heat if result.won else NOTHING

    factor = leg_factor(price, result)

    assert factor == result.void_share + (1 - result.void_share) * won


@given(ended_bets())
def test_returns_are_the_exact_product_rounded_once(bet: Ended) -> None:
    unit, exact = bet.terms.minor_unit_micros, bet.exact_micros()
    assume(any(result.void_share != 1 for result in bet.results.values()))

    returns = returns_of(bet)

    units = exact / unit
    below = units.numerator // units.denominator * unit
    assert returns % unit == 0
    match bet.terms.rounding:
        case Rounding.DOWN_V1:
            assert returns == below
        case Rounding.HALF_UP_V1:
            assert returns == (below if exact - below < Fraction(unit, 2) else below + unit)
        case Rounding.HALF_EVEN_V1:
            assert returns == round(units) * unit


@given(ended_bets())
def test_rounding_is_off_by_less_than_a_minor_unit(bet: Ended) -> None:
    exact, unit = bet.exact_micros(), bet.terms.minor_unit_micros

    returns = returns_of(bet)

    assert abs(returns - exact) < unit


@given(ended_bets(rounding=Rounding.DOWN_V1))
def test_rounded_down_returns_never_exceed_the_exact_product(bet: Ended) -> None:
    returns = returns_of(bet)

    assert 0 <= returns <= bet.exact_micros()


@given(ended_bets(), st.data())
def test_the_order_of_the_legs_does_not_matter(bet: Ended, data: st.DataObject) -> None:
    places = data.draw(st.permutations(range(len(bet.endings))))

    assert bet.picking(places).settled() == bet.settled()


@given(ended_bets(), st.data())
def test_voiding_a_leg_equals_leaving_it_out(bet: Ended, data: st.DataObject) -> None:
    assume(len(bet.endings) > 1)
    gone = data.draw(st.integers(0, len(bet.endings) - 1))
    voided = replace(
        bet, endings=tuple(VOID if at == gone else end for at, end in enumerate(bet.endings))
    )

    without = bet.picking([place for place in range(len(bet.endings)) if place != gone])

    assert voided.settled() == without.settled()


@given(ended_bets(st.just(VOID)))
def test_a_bet_of_voids_gives_the_stake_back_whole(bet: Ended) -> None:
    assert bet.settled() == Settled(
        bet_id=bet.terms.bet_id, returns_micros=bet.terms.stake_micros, voided=True
    )


@given(ended_bets())
def test_only_a_bet_of_voids_is_voided(bet: Ended) -> None:
    settled = bet.settled()

    assert isinstance(settled, Settled)
    assert settled.voided is all(result.void_share == 1 for result in bet.results.values())


@given(ended_bets(results | st.none()))
def test_a_bet_waits_exactly_while_a_leg_is_open_and_none_is_lost(bet: Ended) -> None:
    open_ids = tuple(
        leg.selection_id
        for leg, ending in zip(bet.terms.legs, bet.endings, strict=True)
        if ending is None
    )
    lost = any(not leg_factor(Fraction(2), result) for result in bet.results.values())

    settled = bet.settled()

    if open_ids and not lost:
        assert settled == Unsettled(bet_id=bet.terms.bet_id, waiting_for=open_ids)
    else:
        assert isinstance(settled, Settled)


@given(ended_bets(results | st.none()), st.data())
def test_what_is_settled_early_stays_so_whatever_comes(bet: Ended, data: st.DataObject) -> None:
    early = bet.settled()
    assume(isinstance(early, Settled))

    late = replace(
        bet, endings=tuple(data.draw(results) if end is None else end for end in bet.endings)
    )

    assert late.settled() == early


@given(ended_bets(), st.data())
def test_a_higher_price_never_lowers_returns(bet: Ended, data: st.DataObject) -> None:
    raised = data.draw(st.integers(0, len(bet.endings) - 1))
    legs = tuple(
        structs.replace(leg, price=leg.price + data.draw(prices)) if place == raised else leg
        for place, leg in enumerate(bet.terms.legs)
    )

    assert returns_of(replace(bet, terms=structs.replace(bet.terms, legs=legs))) >= returns_of(bet)


@given(ended_bets(rounding=Rounding.DOWN_V1), st.integers(1, 10**12))
def test_a_divided_stake_rounded_down_never_pays_more(bet: Ended, part: int) -> None:
    assume(part < bet.terms.stake_micros)
    first = replace(bet, terms=structs.replace(bet.terms, stake_micros=part))
    second = replace(
        bet, terms=structs.replace(bet.terms, stake_micros=bet.terms.stake_micros - part)
    )

    assert returns_of(first) + returns_of(second) <= returns_of(bet)


@given(results)
def test_a_result_is_read_back_as_it_was_stored(result: Result) -> None:
    assert Result.of(result.told_of(SelectionId("selection"))) == result


@given(scores)
def test_exactly_one_of_three_wins_a_match(score: Score) -> None:
    endings = results_of(MarketKind.MATCH_RESULT, None, score)

    assert sorted(ending.won for ending in endings.values()) == [False, False, True]
    assert all(ending in (WON, LOST) for ending in endings.values())


@given(line_kinds, lines, scores)
def test_what_one_side_wins_the_other_loses(kind: MarketKind, line: Fraction, score: Score) -> None:
    complement = {WON: LOST, HALF_WON: HALF_LOST, VOID: VOID, HALF_LOST: HALF_WON, LOST: WON}

    first, second = results_of(kind, line, score).values()

    assert second == complement[first]


@given(lines, scores)
def test_a_handicap_looks_the_same_from_the_other_bench(line: Fraction, score: Score) -> None:
    swapped = Score(home=score.away, away=score.home)

    here = result_of(MarketKind.ASIAN_HANDICAP, line, "away", score)

    assert here == result_of(MarketKind.ASIAN_HANDICAP, -line, "home", swapped)


@given(line_kinds, lines, scores, prices)
def test_a_quarter_line_is_half_the_stake_on_each_neighbour(
    kind: MarketKind, line: Fraction, score: Score, price: Fraction
) -> None:
    quarter = line if (line / HALF).denominator > 1 else line + LINE_STEP

    for code in kind.codes:
        factor, below, above = (
            leg_factor(price, result_of(kind, at, code, score))
            for at in (quarter, quarter - LINE_STEP, quarter + LINE_STEP)
        )

        assert factor == (below + above) / 2


@given(lines, scores, st.integers(1, 8))
def test_a_kinder_handicap_never_pays_less(line: Fraction, score: Score, quarters: int) -> None:
    kinder = line + quarters * LINE_STEP
    price = Fraction(2)

    paid, paid_kinder = (
        leg_factor(price, result_of(MarketKind.ASIAN_HANDICAP, at, "home", score))
        for at in (line, kinder)
    )

    assert paid_kinder >= paid
