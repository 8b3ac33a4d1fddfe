"""What a bet pays once its legs have results, and how markets end.

Pure: no database, no clock, no randomness.  Products stay exact until the last step, so a
twenty-fold loses nothing to rounding on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.money import round_ratio
from pitboss.sportsbook.catalog.model import LINE_STEP, Event, Market, MarketKind
from pitboss.sportsbook.settlement.model import (
    HALF_LOST,
    HALF_WON,
    LOST,
    VOID,
    WON,
    Result,
    RuleBook,
    Rules,
    Score,
    ScoreReport,
    SelectionResult,
    Settled,
    Terms,
    Unsettled,
)


def settle(terms: Terms, results: Mapping[SelectionId, Result]) -> Settled | Unsettled:
    """Return what a bet pays, or the selections it still waits for.

    One lost leg loses the bet, even while others are open.  A void leg passes its stake on, as if
    it had won at a price of one; when every leg is void the stake comes back whole.  Returns are
    rounded once, by the rule that was recorded with the bet.
    """
    ensure(terms.legs, "a bet has a leg")
    top, bottom = terms.stake_micros, 1
    voided = True
    waiting = False
    for leg in terms.legs:
        result = results.get(leg.selection_id)
        if result is None:
            waiting = True
            continue
        gains, parts = _leg_ratio(leg.price, result)
        if not gains:
            return Settled(bet_id=terms.bet_id, returns_micros=0, voided=False)
        voided = voided and result.void_share == 1
        top *= gains
        bottom *= parts
    if waiting:
        open_ids = [leg.selection_id for leg in terms.legs if leg.selection_id not in results]
        return Unsettled(bet_id=terms.bet_id, waiting_for=tuple(open_ids))

    if voided:
        returns = terms.stake_micros
    else:
        returns = round_ratio(top, bottom, terms.minor_unit_micros, terms.rounding)
    return Settled(bet_id=terms.bet_id, returns_micros=returns, voided=voided)


def leg_factor(price: Fraction, result: Result) -> Fraction:
    """Return what one leg multiplies the stake by."""
    return Fraction(*_leg_ratio(price, result))


def _leg_ratio(price: Fraction, result: Result) -> tuple[int, int]:
    """Return `void + (1 - void) * won * price * dead_heat` as two whole numbers.

    Not in lowest terms: reducing at every leg costs more than all the rest.
    """
    # `fractions` computes its two properties in Python; the pair is one call.
    void, void_parts = result.void_share.as_integer_ratio()
    if not result.won or void == void_parts:
        return void, void_parts
    heat, heat_parts = result.dead_heat.as_integer_ratio()
    gains, gains_parts = price.as_integer_ratio()
    parts = heat_parts * gains_parts
    return void * parts + (void_parts - void) * heat * gains, void_parts * parts


def results_of(kind: MarketKind, line: Fraction | None, score: Score) -> dict[str, Result]:
    """Return how every selection of such a market ended, by code.  Raises as `result_of` does."""
    return {code: result_of(kind, line, code, score) for code in kind.codes}


def result_of(kind: MarketKind, line: Fraction | None, code: str, score: Score) -> Result:
    """Return how a selection ended, from the score.

    `line` is the market's: for an Asian handicap the home side's.  A quarter line is half a bet
    on each of its neighbours, so a difference of a quarter is half won or half lost.

    Raises:
        Malformed: the kind of market has no such selection, or no such line.
    """
    if code not in kind.codes:
        raise Malformed("code", f"a market of kind {kind} has no selection {code[:40]!r}")
    match kind:
        case MarketKind.MATCH_RESULT:
            if line is not None:
                raise Malformed("line", f"a market of kind {kind} has no line")
            return WON if code == _winner(score) else LOST
        case MarketKind.TOTAL_GOALS:
            over = score.home + score.away - _in_quarters(kind, line)
            return _by_difference(over if code == "over" else -over)
        case MarketKind.ASIAN_HANDICAP:
            ahead = score.home - score.away + _in_quarters(kind, line)
            return _by_difference(ahead if code == "home" else -ahead)


def market_results(
    event: Event, report: ScoreReport
) -> dict[MarketId, tuple[SelectionResult, ...]]:
    """Return how every selection of an event ended; an abandoned event voids them all."""
    return {market.id: _selection_results(market, report.score) for market in event.markets}


# A changed rule is a new function and a new version below; what is here is never edited.
V1 = Rules(version="settlement.v1", settle=settle, results=market_results)
RULE_BOOK = RuleBook(versions=(V1,))


def _selection_results(market: Market, score: Score | None) -> tuple[SelectionResult, ...]:
    if score is None:
        return tuple(VOID.told_of(selection.id) for selection in market.selections)
    ended = results_of(market.kind, market.line, score)
    return tuple(ended[selection.code].told_of(selection.id) for selection in market.selections)


def _in_quarters(kind: MarketKind, line: Fraction | None) -> Fraction:
    if line is None:
        raise Malformed("line", f"a market of kind {kind} needs a line")
    if line % LINE_STEP:
        raise Malformed("line", f"{line} is not a whole number of quarters")
    return line


def _winner(score: Score) -> str:
    if score.home == score.away:
        return "draw"
    return "home" if score.home > score.away else "away"


def _by_difference(difference: Fraction) -> Result:
    if difference == 0:
        return VOID
    if abs(difference) == LINE_STEP:
        return HALF_WON if difference > 0 else HALF_LOST
    return WON if difference > 0 else LOST
