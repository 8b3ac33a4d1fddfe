"""Races of a season: fields, prices and how they ended, drawn from the seed.  Pure.

No file of football has any, so these never were.  One or two runners of each are withdrawn after
bets were taken, and two of the others come in together.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.sim.season.picks import NO_EVENT, Pick

# There is racing on every third match day, two races each time.
BETWEEN_MEETINGS = 3
RACES_A_DAY = 2
RACE_WINNER = "race_winner"
FIELD = range(8, 17)
# So long after the day has opened runners are withdrawn; it is an hour before the start.
WITHDRAWN_AFTER = timedelta(hours=1)
STARTS_AFTER = timedelta(hours=2)

# Each-way terms of the licence for eight runners and more, when the bets are struck.
# Source: Betfair Sportsbook, each-way terms for horse racing in Great Britain.
PLACES = 3
PLACE_FRACTION = Fraction(1, 5)

_BOOK = 1.16
_PRICE_CENTS = (140, 3_400)
# A longer price takes nothing from the others.
_WITHDRAWN_PRICE_MAX = Fraction(15)
_NAMES = (
    *("Amberley", "Bellman", "Corncrake", "Dowser", "Early", "Fiddler", "Glowworm", "Harrow"),
    *("Inkwell", "Jackdaw", "Kettledrum", "Lantern", "Mistral", "Nettlebed", "Ostler", "Pepperpot"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """A race of a match day.

    `order` is how those who ran came in, who came in together in one group; `withdrawn` ran not.
    """

    id: EventId
    market_id: MarketId
    day: int
    name: str
    opens_at: datetime
    runners: tuple[Pick, ...]
    withdrawn: tuple[Pick, ...]
    order: tuple[tuple[Pick, ...], ...]

    @property
    def starts_at(self) -> datetime:
        """When it is run."""
        return self.opens_at + STARTS_AFTER

    @property
    def withdrawn_at(self) -> datetime:
        """When it is told who does not run."""
        return self.opens_at + WITHDRAWN_AFTER


def make_races(opens_at: Sequence[datetime], *, seed: int, run: str) -> Iterator[Race]:
    """Return the races of match days that open then; the ids follow from `run`, nothing else."""
    for day in range(0, len(opens_at), BETWEEN_MEETINGS):
        for number in range(1, RACES_A_DAY + 1):
            yield _race(day, number, opens_at[day], seed=seed, run=run)


def _race(day: int, number: int, opens_at: datetime, *, seed: int, run: str) -> Race:
    chance = random.Random(f"{seed}:race:{day}:{number}")  # noqa: S311 - reproducible on purpose
    place = (run, str(day), str(number))
    runners = tuple(
        Pick(
            event_no=NO_EVENT,
            kind=RACE_WINNER,
            code=name,
            selection_id=SelectionId(derived_id("season runner", *place, name)),
            price=price,
        )
        for name, price in _field(chance)
    )
    withdrawn = _withdraw(chance, runners)
    return Race(
        id=EventId(derived_id("season race", *place)),
        market_id=MarketId(derived_id("season race market", *place)),
        day=day,
        name=f"Race {number}",
        opens_at=opens_at,
        runners=runners,
        withdrawn=withdrawn,
        order=_run(chance, [item for item in runners if item not in withdrawn]),
    )


def _field(chance: random.Random) -> Iterator[tuple[str, Fraction]]:
    names = chance.sample(_NAMES, chance.choice(FIELD))
    strengths = [0.2 + chance.expovariate(1.0) for _ in names]
    least, most = _PRICE_CENTS
    for name, strength in zip(names, strengths, strict=True):
        cents = int(100 * sum(strengths) / strength / _BOOK)
        yield name, Fraction(min(max(cents, least), most), 100)


def _withdraw(chance: random.Random, runners: Sequence[Pick]) -> tuple[Pick, ...]:
    short = [item for item in runners if item.price <= _WITHDRAWN_PRICE_MAX]
    return tuple(chance.sample(short, chance.choice((1, 1, 2))))


def _run(chance: random.Random, runners: Sequence[Pick]) -> tuple[tuple[Pick, ...], ...]:
    """Draw the order, the better ones mostly in front; two of the first come in together."""
    order = sorted(runners, key=lambda item: chance.expovariate(1.0 / float(item.price)))
    heat = chance.randrange(PLACES + 1)
    return (
        *((item,) for item in order[:heat]),
        tuple(order[heat : heat + 2]),
        *((item,) for item in order[heat + 2 :]),
    )
