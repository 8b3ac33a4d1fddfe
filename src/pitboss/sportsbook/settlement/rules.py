"""What a bet pays once its legs have results, and how markets end.

Pure: no database, no clock, no randomness.  Prices stay exact fractions until the last step, so
a twenty-fold loses nothing to rounding on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.money import round_micros
from pitboss.sportsbook.catalog.model import Event, MarketKind
from pitboss.sportsbook.settlement.model import (
    HALF_LOST,
    HALF_WON,
    LOST,
    VOID,
    WON,
    Result,
    Score,
    ScoreReport,
    SelectionResult,
    Settled,
    Terms,
    Unsettled,
)

_HALF_POINT = Fraction(1, 4)


def settle(terms: Terms, results: Mapping[SelectionId, Result]) -> Settled | Unsettled:
    """Return what a bet pays, or the selections it still waits for.

    One lost leg loses the bet, even while others are open.  A void leg passes its stake on, as if
    it had won at a price of one; when every leg is void the stake comes back whole.  Returns are
    rounded once, by the rule that was recorded with the bet.
    """
    top, bottom = terms.stake_micros, 1
    voided = True
    waiting = False
    for leg in terms.legs:
        result = results.get(leg.selection_id)
        if result is None:
            waiting, voided = True, False
            continue
        factor = leg_factor(leg.price, result)
        if not factor:
            return Settled(bet_id=terms.bet_id, returns_micros=0, voided=False)
        voided = voided and result.void_share == 1
        # Products of whole numbers: reducing a fraction at each leg costs more than the rest.
        top *= factor.numerator
        bottom *= factor.denominator
    if waiting:
        open_ids = [leg.selection_id for leg in terms.legs if leg.selection_id not in results]
        return Unsettled(bet_id=terms.bet_id, waiting_for=tuple(open_ids))

    if voided:
        returns = terms.stake_micros
    else:
        returns = round_micros(Fraction(top, bottom), terms.minor_unit_micros, terms.rounding)
    return Settled(bet_id=terms.bet_id, returns_micros=returns, voided=voided)


def leg_factor(price: Fraction, result: Result) -> Fraction:
    """Return what one leg multiplies the stake by."""
    if result.void_share == 1:
        return result.void_share
    if not result.won:
        return result.void_share
    return result.void_share + (1 - result.void_share) * price * result.dead_heat


def result_of(kind: MarketKind, line: Fraction | None, code: str, score: Score) -> Result:
    """Return how a selection ended, from the score.

    `line` is the market's: for an Asian handicap the home side's.  A quarter line is half a bet
    on each of its neighbours, so a difference of a quarter is half won or half lost.

    Raises:
        Malformed: the kind of market has no such selection, or its line is missing.
    """
    if code not in kind.codes:
        raise Malformed("code", f"a market of kind {kind} has no selection {code[:40]!r}")
    if kind is MarketKind.MATCH_RESULT:
        return WON if code == _winner(score) else LOST
    if line is None:
        raise Malformed("line", f"a market of kind {kind} needs a line")
    if kind is MarketKind.TOTAL_GOALS:
        over = score.home + score.away - line
        return _by_difference(over if code == "over" else -over)
    ahead = score.home - score.away + line
    return _by_difference(ahead if code == "home" else -ahead)


def market_results(
    event: Event, report: ScoreReport
) -> dict[MarketId, tuple[SelectionResult, ...]]:
    """Return how every selection of an event ended; an abandoned event voids them all."""
    return {
        market.id: tuple(
            (
                VOID
                if report.score is None
                else result_of(market.kind, market.line, selection.code, report.score)
            ).told_of(selection.id)
            for selection in market.selections
        )
        for market in event.markets
    }


def _winner(score: Score) -> str:
    if score.home == score.away:
        return "draw"
    return "home" if score.home > score.away else "away"


def _by_difference(difference: Fraction) -> Result:
    if difference == 0:
        return VOID
    if abs(difference) == _HALF_POINT:
        return HALF_WON if difference > 0 else HALF_LOST
    ensure(abs(difference) > _HALF_POINT, "lines are whole numbers of quarters")
    return WON if difference > 0 else LOST
