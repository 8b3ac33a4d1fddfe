"""How selections on goals end, from the score and their line; a quarter line splits the stake.

Goals may be those of a period, and for what was bet in play those since: `since` subtracts.
"""

from __future__ import annotations

from fractions import Fraction

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook.returns.model import HALF_LOST, HALF_WON, LOST, VOID, WON, Outcome

_QUARTER = Fraction(1, 4)
Score = tuple[int, int]


def since(score: Score, at_bet: Score) -> Score:
    """Return the goals after a bet was struck, which an Asian handicap in play counts.

    Raises:
        Malformed: there were more goals then than now.
    """
    rest = (score[0] - at_bet[0], score[1] - at_bet[1])
    if min(rest) < 0:
        raise Malformed("at_bet", "there were more goals when the bet was struck")
    return rest


def by_difference(difference: Fraction) -> Outcome:
    """Return the outcome of a selection that is ahead of its line by so much.

    Raises:
        Malformed: the difference is not a whole number of quarters.
    """
    if difference % _QUARTER:
        raise Malformed("line", "a line is a whole number of quarters")
    if difference == 0:
        return VOID
    if abs(difference) == _QUARTER:
        return HALF_WON if difference > 0 else HALF_LOST
    return WON if difference > 0 else LOST


def handicap(own: int, other: int, line: Fraction) -> Outcome:
    """Return the outcome of a side with a line of its own.  Raises as `by_difference` does."""
    return by_difference(own - other + line)


def total(goals: int, line: Fraction, *, over: bool) -> Outcome:
    """Return the outcome of over, or under, a line.  Raises as `by_difference` does."""
    return by_difference(goals - line if over else line - goals)


def draw_no_bet(own: int, other: int) -> Outcome:
    """Return the outcome of a side where a draw is void."""
    return handicap(own, other, Fraction(0))


def double_chance(score: Score, code: str) -> Outcome:
    """Return the outcome of two of home (`1`), draw (`X`) and away (`2`): `1X`, `12` or `X2`.

    Raises:
        Malformed: the code is none of the three.
    """
    if code not in {"1X", "12", "X2"}:
        raise Malformed("code", f"{code[:40]!r} is not a double chance")
    home, away = score
    ended = "X" if home == away else "1" if home > away else "2"
    return _settled(ended in code)


def both_score(score: Score, *, yes: bool) -> Outcome:
    """Return the outcome of both sides scoring, or not."""
    return _settled((min(score) > 0) == yes)


def odd_or_even(score: Score, *, odd: bool) -> Outcome:
    """Return the outcome of an odd, or even, number of goals; none is even."""
    return _settled((sum(score) % 2 == 1) == odd)


def correct_score(score: Score, called: Score) -> Outcome:
    """Return the outcome of a score that was called."""
    return _settled(score == called)


def _settled(won: bool) -> Outcome:
    return WON if won else LOST
