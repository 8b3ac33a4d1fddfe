"""Systems: bets of several lines over the same picks, as the players of a season know them.  Pure.

The lines are listed here one by one and the long way, so that books which are worked out from them
share nothing with the platform's own arithmetic.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import accumulate, combinations

from pitboss.sportsbook.betting.model import LEGS_MAX

# The sizes of the lines of a bet with a name, by how many picks it is over.
NAMED = {
    "trixie": (3, (2, 3)),
    "patent": (3, (1, 2, 3)),
    "yankee": (4, (2, 3, 4)),
    "lucky15": (4, (1, 2, 3, 4)),
    "canadian": (5, (2, 3, 4, 5)),
    "lucky31": (5, (1, 2, 3, 4, 5)),
    "heinz": (6, (2, 3, 4, 5, 6)),
    "lucky63": (6, (1, 2, 3, 4, 5, 6)),
    "super_heinz": (7, (2, 3, 4, 5, 6, 7)),
    "goliath": (8, (2, 3, 4, 5, 6, 7, 8)),
    "lucky255": (8, (1, 2, 3, 4, 5, 6, 7, 8)),
}
PICKS_MIN = 3

_POPULAR = tuple(accumulate((20, 15, 20, 25, 6, 8, 4, 4, 2, 1, 1)))
_NAMED_SHARE = 0.6
_FREE_MAX = 7
_BANKERS = (0, 0, 1, 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """All lines of these sizes over the picks that are no bankers, each with every banker.

    The bankers are the first picks.  A `name` says all of it, if there is one.
    """

    picks: int
    sizes: tuple[int, ...]
    bankers: int = 0
    name: str | None = None

    @property
    def lines(self) -> tuple[tuple[int, ...], ...]:
        """Every line, as the places of its picks on the slip, from 0."""
        bankers = tuple(range(self.bankers))
        free = range(self.bankers, self.picks)
        return tuple(
            (*bankers, *places) for size in self.sizes for places in combinations(free, size)
        )

    @property
    def asked(self) -> dict[str, object]:
        """What a slip says of it, besides its legs."""
        if self.name is not None:
            return {"bet_type": self.name}
        bundle = {
            "bankers": list(range(self.bankers)),
            "legs": list(range(self.bankers, self.picks)),
            "sizes": list(self.sizes),
        }
        return {"lines": [bundle]}


def named(name: str) -> System:
    """Return the system of this name."""
    picks, sizes = NAMED[name]
    return System(picks=picks, sizes=sizes, name=name)


def draw_system(chance: random.Random, events: int) -> System:
    """Draw a system over picks of different events, of which there are so many: three at least."""
    if chance.random() < _NAMED_SHARE:
        (name,) = chance.choices(tuple(NAMED), cum_weights=_POPULAR)
        if NAMED[name][0] <= events:
            return named(name)
    most = min(events, LEGS_MAX)
    bankers = min(chance.choice(_BANKERS), most - 2)
    free = chance.randrange(2, min(most - bankers, _FREE_MAX) + 1)
    free = max(free, PICKS_MIN - bankers)
    return System(picks=bankers + free, sizes=(chance.randrange(1, free),), bankers=bankers)
