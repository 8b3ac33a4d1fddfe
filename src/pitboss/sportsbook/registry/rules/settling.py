"""How every selection of a market ended, from how its event ended.  Pure.

A rule is given what both sides came to, or who finished where, and says it of one selection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import permutations
from math import perm

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook import returns
from pitboss.sportsbook.registry.model import (
    Asked,
    Ended,
    OrderCodes,
    Pair,
    Rule,
    Source,
    Sport,
    Void,
    parse_pair,
)
from pitboss.sportsbook.registry.rules import ending, naming
from pitboss.sportsbook.registry.rules.ending import Missing
from pitboss.sportsbook.returns.model import LOST, VOID, WON, Outcome

Outcomes = dict[str, Outcome]


def settle(asked: Asked, ended: Ended, sport: Sport | None) -> Outcomes | None:
    """Return how each selection ended, by code; None as long as that is not known.

    Raises:
        Malformed: a market of this kind cannot have such a selection, or the kind no such answer.
    """
    if asked.key in ended.named:
        # Whoever says the answer knows better than whoever works it out.
        if ended.retired and _gave_up_at_once(asked, ended):
            return _all(asked, VOID)
        return _named(asked, ended, ended.named[asked.key])
    match asked.kind.rule:
        case Rule.NAMED:
            return _all(asked, VOID) if ended.abandoned else None
        case Rule.FINISH | Rule.FORECAST:
            return _race(asked, ended)
        case Rule.GOAL | Rule.LAST_GOAL:
            return _scorer(asked, ended)
        case Rule.HALF_TIME_FULL_TIME:
            return _both_halves(asked, ended, sport)
        case _:
            count = ending.count_of(asked, ended, sport)
            if isinstance(count, Missing):
                return _without(asked, ended, count)
            say = _OF_COUNTS[asked.kind.rule]
            return {code: say(asked, count, code) for code in asked.codes}


def _result(asked: Asked, count: Pair, code: str) -> Outcome:
    return _settled(code == _ahead(_since(asked, count)))


def _double_chance(asked: Asked, count: Pair, code: str) -> Outcome:
    sign = {"home": "1", "draw": "X", "away": "2"}[_ahead(count)]
    return _settled(sign in code)


def _winner(asked: Asked, count: Pair, code: str) -> Outcome:
    return VOID if count[0] == count[1] else _settled(code == _ahead(count))


def _total(asked: Asked, count: Pair, code: str) -> Outcome:
    over = sum(count) - asked.line
    return returns.by_difference(over if code == "over" else -over)


def _team_total(asked: Asked, count: Pair, code: str) -> Outcome:
    over = _of_side(asked, count) - asked.line
    return returns.by_difference(over if code == "over" else -over)


def _exact_total(asked: Asked, count: Pair, code: str) -> Outcome:
    span = naming.number_of(code)
    return _settled(span is not None and span[0] <= sum(count) <= span[1])


def _handicap(asked: Asked, count: Pair, code: str) -> Outcome:
    home, away = _since(asked, count)
    ahead = home - away + asked.line
    return returns.by_difference(ahead if code == "home" else -ahead)


def _european_handicap(asked: Asked, count: Pair, code: str) -> Outcome:
    start = parse_pair(asked.values["start"])
    return _settled(code == _ahead((count[0] + start[0], count[1] + start[1])))


def _both_score(asked: Asked, count: Pair, code: str) -> Outcome:
    return _settled((min(count) > 0) == (code == "yes"))


def _correct_score(asked: Asked, count: Pair, code: str) -> Outcome:
    if naming.is_score(code):
        return _settled(parse_pair(code) == count)
    if "{}-{}".format(*count) in asked.codes:
        return LOST
    own = f"other_{_ahead(count)}"
    # A side that has a word of its own is not in the word for all.
    return _settled(code == (own if own in asked.codes else "other"))


def _odd_even(asked: Asked, count: Pair, code: str) -> Outcome:
    return _settled((sum(count) % 2 == 1) == (code == "odd"))


def _clean_sheet(asked: Asked, count: Pair, code: str) -> Outcome:
    conceded = count[1] if asked.values["side"] == "home" else count[0]
    return _settled((conceded == 0) == (code == "yes"))


def _margin(asked: Asked, count: Pair, code: str) -> Outcome:
    span = naming.margin_of(code)
    if span is None:
        return _settled(count[0] == count[1])
    side, least, most = span
    return _settled(side == _ahead(count) and least <= abs(count[0] - count[1]) <= most)


_OF_COUNTS: Mapping[Rule, Callable[[Asked, Pair, str], Outcome]] = {
    Rule.RESULT: _result,
    Rule.DOUBLE_CHANCE: _double_chance,
    Rule.WINNER: _winner,
    Rule.TOTAL: _total,
    Rule.TEAM_TOTAL: _team_total,
    Rule.EXACT_TOTAL: _exact_total,
    Rule.HANDICAP: _handicap,
    Rule.EUROPEAN_HANDICAP: _european_handicap,
    Rule.BOTH_SCORE: _both_score,
    Rule.CORRECT_SCORE: _correct_score,
    Rule.ODD_EVEN: _odd_even,
    Rule.CLEAN_SHEET: _clean_sheet,
    Rule.MARGIN: _margin,
}


def _both_halves(asked: Asked, ended: Ended, sport: Sport | None) -> Outcomes | None:
    first, whole = ending.first_half(asked, ended, sport), ending.count_of(asked, ended, sport)
    if isinstance(whole, Missing):
        return _without(asked, ended, whole)
    if isinstance(first, Missing):
        return _without(asked, ended, first)
    won = f"{_ahead(first)}/{_ahead(whole)}"
    return {code: _settled(code == won) for code in asked.codes}


def _scorer(asked: Asked, ended: Ended) -> Outcomes | None:
    scorers = ending.scorers_of(ended)
    if isinstance(scorers, Missing):
        return _without(asked, ended, scorers)
    number = len(scorers) if asked.kind.rule is Rule.LAST_GOAL else int(asked.values.get("goal", 1))
    if number > len(scorers) and ended.abandoned:
        return _all(asked, VOID)
    # Of an event that was abandoned the last goal is not known, the others were scored.
    if asked.kind.rule is Rule.LAST_GOAL and ended.abandoned:
        return _all(asked, VOID)
    won = scorers[number - 1] if 0 < number <= len(scorers) else "none"
    return {code: _settled(code == won) for code in asked.codes}


def _race(asked: Asked, ended: Ended) -> Outcomes | None:
    if ended.abandoned:
        return _all(asked, VOID)
    if ended.order is None:
        return None
    if asked.kind.rule is Rule.FORECAST:
        return {code: _forecast(asked, ended, code) for code in asked.codes}
    places = int(asked.values.get("places", 1))
    came = ending.finishes(ended)
    outcomes: Outcomes = {}
    for code in asked.codes:
        if code in ended.non_runners and Void.NON_RUNNER in asked.kind.void:
            outcomes[code] = VOID
        elif code in came:
            position, tied = came[code]
            outcomes[code] = returns.finished(position, tied=tied, places=places)
        else:
            outcomes[code] = LOST
    return outcomes


def _forecast(asked: Asked, ended: Ended, code: str) -> Outcome:
    """Return how an order of the first runners ended.

    Those who tie came in in every order at once, and the stake is divided by the orders that were
    right.  Source: Betfair, Rules and Regulations, dead heats.
    """
    orders = asked.kind.selections
    called = naming.runners_of(code, orders) if isinstance(orders, OrderCodes) else None
    if not isinstance(orders, OrderCodes) or called is None:
        raise Malformed("code", f"{code[:40]!r} is no order of runners")
    if not set(called).isdisjoint(ended.non_runners) and Void.NON_RUNNER in asked.kind.void:
        return VOID
    every, left = 1, orders.size
    for together in ended.order or ():
        here = min(left, len(together))
        every *= perm(len(together), here)
        left -= here
        if not left:
            break
    # In any order it is as many orders as its runners have.
    wanted = [called] if orders.ordered else permutations(called)
    right = sum(_came_in(ended.order or (), order) for order in wanted)
    return Outcome(won=Fraction(right, every))


def _came_in(order: tuple[tuple[str, ...], ...], called: tuple[str, ...]) -> bool:
    """Say whether these came in first, in this order, those who tied in whatever order."""
    left = list(called)
    for together in order:
        mine = left[: len(together)]
        if not set(mine) <= set(together):
            return False
        left = left[len(together) :]
        if not left:
            return True
    return False


def _named(asked: Asked, ended: Ended, won: tuple[str, ...]) -> Outcomes:
    """Return how selections ended where somebody said which won; several share as if they tied."""
    strange = [code for code in won if code not in asked.codes]
    if strange and "other" not in asked.codes:
        raise Malformed(
            "named", f"{strange[0][:40]!r} is no selection of market {asked.key[:60]!r}"
        )
    places = int(asked.values.get("places", 1)) if asked.kind.rule is Rule.NAMED else 1
    share = Outcome(won=min(Fraction(places, len(won)), Fraction(1)))
    outcomes: Outcomes = {}
    for code in asked.codes:
        if code in ended.non_runners and Void.NON_RUNNER in asked.kind.void:
            outcomes[code] = VOID
        elif code in won or (code == "other" and strange):
            outcomes[code] = share
        else:
            outcomes[code] = LOST
    return outcomes


def _without(asked: Asked, ended: Ended, missing: Missing) -> Outcomes | None:
    """Return how a market ended whose part of the event has no count."""
    void = set(asked.kind.void)
    match missing:
        case Missing.UNTOLD:
            return None
        case Missing.ABANDONED:
            return _all(asked, VOID)
        case Missing.NOT_PLAYED:
            return _all(asked, VOID if Void.NOT_PLAYED in void else LOST)
        case Missing.RETIRED:
            if Void.RETIRED in void or _gave_up_at_once(asked, ended):
                return _all(asked, VOID)
            # Who went on has won, which somebody has to say: it is told under the key.
            return None


def _gave_up_at_once(asked: Asked, ended: Ended) -> bool:
    parts = ending.counted(Source.GAMES, ended) or ending.counted(Source.SCORE, ended)
    return Void.RETIRED_AT_ONCE in asked.kind.void and not ending.completed(parts)


def _all(asked: Asked, outcome: Outcome) -> Outcomes:
    return dict.fromkeys(asked.codes, outcome)


def _since(asked: Asked, count: Pair) -> Pair:
    """Return the count since the score that a market was opened at, if it was at one."""
    at = asked.values.get("score")
    if at is None:
        return count
    before = parse_pair(at)
    rest = count[0] - before[0], count[1] - before[1]
    if min(rest) < 0:
        raise Malformed("score", "more was scored before than in all")
    return rest


def _of_side(asked: Asked, count: Pair) -> int:
    return count[0] if asked.values["side"] == "home" else count[1]


def _ahead(count: Pair) -> str:
    if count[0] == count[1]:
        return "draw"
    return "home" if count[0] > count[1] else "away"


def _settled(won: bool) -> Outcome:
    return WON if won else LOST
