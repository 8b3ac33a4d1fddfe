"""European roulette: one zero, thirty-seven numbers, and no mercy for even chances on zero.

Every bet on `n` numbers returns 36 / n stakes, the stake included, so that each loses 1/37.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import Action, Draw, House, Par, RouletteBet, RouletteRound

from .drawing import check_stake, check_version, values_of

VERSION = "1.0.0"
# Whose rules are here; what once was dealt by some stays, and is shown by them.
EDITIONS = frozenset({VERSION})
NUMBERS = 37
BETS_MAX = 200
SPIN: dict[str, Any] = {"kind": "range", "low": 0, "high": NUMBERS - 1, "count": 1}
RED = frozenset({1, 3, 5, 7, 9, 12, 14, 16, 18, 19, 21, 23, 25, 27, 30, 32, 34, 36})

Place = tuple[int, ...]


@cache
def table() -> dict[str, tuple[Place, ...]]:
    """Return every place of the table by its kind of bet, each with its numbers ascending."""
    some = range(1, NUMBERS)
    streets = tuple((low, low + 1, low + 2) for low in range(1, 36, 3))
    beside = [(low, low + 1) for low in some if low % 3]
    above = [(low, low + 3) for low in range(1, 34)]
    return {
        "straight": tuple((number,) for number in range(NUMBERS)),
        "split": (*((0, number) for number in (1, 2, 3)), *sorted(beside + above)),
        "street": streets,
        "trio": ((0, 1, 2), (0, 2, 3)),
        "corner": tuple((n, n + 1, n + 3, n + 4) for n in range(1, 33) if n % 3),
        "first_four": ((0, 1, 2, 3),),
        "six_line": tuple((*one, *two) for one, two in pairwise(streets)),
        "column": tuple(tuple(range(first, NUMBERS, 3)) for first in (1, 2, 3)),
        "dozen": tuple(tuple(range(first, first + 12)) for first in (1, 13, 25)),
        "red": (tuple(sorted(RED)),),
        "black": (tuple(number for number in some if number not in RED),),
        "even": (tuple(range(2, NUMBERS, 2)),),
        "odd": (tuple(range(1, NUMBERS, 2)),),
        "low": (tuple(range(1, 19)),),
        "high": (tuple(range(19, NUMBERS)),),
    }


def begin(bets: Sequence[RouletteBet], *, minor_micros: int) -> RouletteRound:
    """Take the bets of a round.

    Raises:
        Unplayable: there are none or too many, a place is not on the table, a stake cannot be.
    """
    if not 1 <= len(bets) <= BETS_MAX:
        raise Unplayable(f"a round has 1 to {BETS_MAX} bets")
    for bet in bets:
        if bet.numbers not in table().get(bet.kind, ()):
            raise Unplayable(f"{bet.kind[:20]!r} has no such place")
        check_stake(bet.stake_micros, minor_micros)
    return RouletteRound(version=VERSION, bets=tuple(bets))


def ask(state: RouletteRound, action: Action) -> dict[str, Any]:
    """Return the draw that an action needs.

    Raises:
        Unplayable: the action is none of this moment, or the round is of another version.
    """
    check_version(state, EDITIONS)
    if state.over or action is not Action.SPIN:
        raise Unplayable("a round of roulette is spun once")
    return SPIN


def step(state: RouletteRound, action: Action, draw: Draw | None) -> RouletteRound:
    """Let the ball lie where the draw says, and pay.

    Raises:
        Unplayable: it is over, or the draw is none of a wheel.
    """
    (number,) = values_of(draw, ask(state, action))
    win = sum(returns(bet, number) for bet in state.bets)
    return RouletteRound(version=state.version, bets=state.bets, number=number, win_micros=win)


def returns(bet: RouletteBet, number: int) -> int:
    """Return what a bet gets back, in micros; 36 is a multiple of every number of numbers."""
    return bet.stake_micros * odds(bet.numbers) if number in bet.numbers else 0


def odds(place: Place) -> int:
    """Return how many stakes a place returns, the stake included."""
    factor, rest = divmod(NUMBERS - 1, len(place))
    assert rest == 0  # noqa: S101 - a place of the table has 1, 2, 3, 4, 6, 12 or 18 numbers
    return factor


def sheets() -> tuple[Par, ...]:
    """Return what each kind of bet does, counted over all thirty-seven numbers."""
    return tuple(_sheet(kind, places[0]) for kind, places in table().items())


def _sheet(kind: str, place: Place) -> Par:
    bet = RouletteBet(kind=kind, numbers=place, stake_micros=1)
    paid = [returns(bet, number) for number in range(NUMBERS)]
    mean = Fraction(sum(paid), NUMBERS)
    hits = Fraction(sum(1 for win in paid if win), NUMBERS)
    return Par(
        game=House.ROULETTE,
        version=VERSION,
        name=kind,
        basis="all 37 numbers",
        rtp=mean,
        mean=mean,
        variance=Fraction(sum(win * win for win in paid), NUMBERS) - mean**2,
        hits=hits,
        win_max=Fraction(max(paid)),
        win_max_chance=hits,
        parts={kind: mean},
        notes={"places": len(table()[kind]), "pays": f"{odds(place) - 1} to 1"},
    )
