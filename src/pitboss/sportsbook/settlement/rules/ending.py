"""How markets end."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import MarketId
from pitboss.sportsbook import registry
from pitboss.sportsbook.catalog.model import (
    LINE_STEP,
    PLACES_MAX,
    RACES,
    Event,
    Market,
    MarketKind,
    parse_specifiers,
    write_line,
)
from pitboss.sportsbook.registry.model import Ended
from pitboss.sportsbook.returns.model import LOST as LOST_OUTCOME
from pitboss.sportsbook.settlement.model import (
    HALF_LOST,
    HALF_WON,
    LOST,
    VOID,
    WON,
    Finish,
    Result,
    Score,
    ScoreReport,
    SelectionResult,
    Withdrawn,
)

Ends = dict[MarketId, tuple[SelectionResult, ...]]


def finished_at(
    position: int | None, *, tied: int = 1, withdrawn: tuple[Withdrawn, ...] = ()
) -> Result:
    """Return how a runner ended that came in there, with `tied` runners in that position.

    Positions are counted from 1; `None` is one that did not run, and then both parts are void.
    `withdrawn` are the other runners that were taken out of its market.
    """
    if position is None:
        return VOID
    won = position == 1
    return Result(
        won=won,
        dead_heat=Fraction(1, tied) if won else Fraction(1),
        finish=Finish(position=position, tied=tied),
        withdrawn=withdrawn,
    )


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


def market_results(event: Event, report: ScoreReport) -> Ends:
    """Return how every selection of an event ended; an abandoned event voids them all."""
    return {market.id: _selection_results(market, report.score) for market in event.markets}


def results_by_kind(event: Event, report: ScoreReport) -> Ends:
    """Return how the selections of those markets ended that are decided; others stay open.

    From a score alone the first kinds end as by the first rules; the registry says the rest.
    """
    found: dict[MarketId, tuple[SelectionResult, ...]] = {}
    known = registry.with_score(event.ended, report.pair)
    for market in event.markets:
        if market.kind in set(MarketKind) and event.ended is None:
            found[market.id] = _selection_results(market, report.score)
            continue
        ended = registry.find_outcomes(
            market.kind,
            sport=event.sport,
            line=write_line(market.line),
            specifiers=parse_specifiers(market.specifiers),
            codes=[selection.code for selection in market.selections],
            ended=known,
        )
        if ended is not None:
            found[market.id] = tuple(
                Result.of_outcome(ended[selection.code]).told_of(selection.id)
                for selection in market.selections
            )
    return found


def results_with_places(event: Event, report: ScoreReport) -> Ends:
    """Return the same, but of a race where its runners came in, and who was withdrawn from it.

    From where a runner came in the place part of a bet ends by that bet's own terms.  A race is
    open until its order is told, whoever is said to have won: nobody is placed without one.
    """
    found = results_by_kind(event, report)
    known = registry.with_score(event.ended, report.pair)
    races = [market for market in event.markets if market.kind in RACES]
    for market in races if not known.abandoned else ():
        if known.order is None or market.id not in found:
            found.pop(market.id, None)
            continue
        codes = {selection.id: selection.code for selection in market.selections}
        found[market.id] = tuple(
            _of_a_runner(item, codes[item.selection_id], known) for item in found[market.id]
        )
    return found


def _of_a_runner(item: SelectionResult, code: str, known: Ended) -> SelectionResult:
    """Return the result of a runner with all that bets on it may depend on."""
    result = Result.of(item)
    if result.void_share == 1:
        return item
    came_in = registry.finishes(known).get(code)
    if came_in is None:
        return replace(result, place=LOST_OUTCOME).told_of(item.selection_id)
    position, tied = came_in
    # Nobody pays so many places, so whoever came in behind them has lost whatever was deducted.
    withdrawn = known.withdrawn if position <= PLACES_MAX else ()
    return replace(
        result,
        finish=Finish(position=position, tied=tied),
        withdrawn=tuple(
            Withdrawn(
                at=one.at, price=one.price, factor=one.factor, deduction_pence=one.deduction_pence
            )
            for one in withdrawn
        ),
    ).told_of(item.selection_id)


def _selection_results(market: Market, score: Score | None) -> tuple[SelectionResult, ...]:
    if score is None:
        return tuple(VOID.told_of(selection.id) for selection in market.selections)
    ended = results_of(MarketKind(market.kind), market.line, score)
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
