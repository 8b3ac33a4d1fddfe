"""Nouns of races at limits, and the races that there are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pitboss.jurisdictions.model import LimitKind, OpenStakes, Period

UNIT = 1_000_000
RACERS = 200
# What racers ask for, in whole units, one after the other.
UNITS = (1, 2, 3)
# Of what all ask for together: small enough that most are refused.
EDGE = 75 * UNIT
MINUTES = 10


class What(StrEnum):
    """What is asked for in a race."""

    BETS = "bets"
    DEPOSITS = "deposits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """A limit that a racer has; in micros, or minutes of play."""

    kind: LimitKind
    period: Period | None
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Who races for what, against which limits.

    `funds_micros` is what each of them has before.  `lowered`: a limit that a racer sets in the
    middle of the race.  `open_stakes` is how the licence counts them towards a limit of losses.
    With `clock_moves` the platform's clock passes the end of a limit of time in the middle.
    """

    name: str
    what: What
    limits: tuple[Set, ...]
    jurisdiction: str = "demo"
    open_stakes: OpenStakes = OpenStakes.IGNORED
    players: int = 1
    funds_micros: int = 10_000 * UNIT
    lowered: Set | None = None
    clock_moves: bool = False


def _of(kind: LimitKind, value: int = EDGE, period: Period | None = Period.DAY) -> Set:
    return Set(kind=kind, period=period, value=value)


RACES = (
    Race(name="stakes", what=What.BETS, limits=(_of(LimitKind.STAKE),)),
    Race(
        name="losses",
        what=What.BETS,
        limits=(_of(LimitKind.LOSS),),
        # Under this licence open stakes count as lost, which the demonstration leaves out.
        jurisdiction="MT",
        open_stakes=OpenStakes.COUNTED,
    ),
    Race(
        name="single stakes",
        what=What.BETS,
        limits=(_of(LimitKind.SINGLE_STAKE, 2 * UNIT, None),),
    ),
    Race(
        name="time of play",
        what=What.BETS,
        limits=(_of(LimitKind.SESSION_TIME, MINUTES),),
        clock_moves=True,
    ),
    Race(
        name="several at once",
        what=What.BETS,
        limits=(
            _of(LimitKind.STAKE),
            _of(LimitKind.STAKE, 60 * UNIT, Period.WEEK),
            _of(LimitKind.SINGLE_STAKE, 2 * UNIT, None),
            _of(LimitKind.LOSS, 40 * UNIT),
        ),
    ),
    Race(
        name="lowered in the middle",
        what=What.BETS,
        limits=(_of(LimitKind.STAKE, 4 * EDGE),),
        lowered=_of(LimitKind.STAKE),
    ),
    Race(name="two players", what=What.BETS, limits=(_of(LimitKind.STAKE),), players=2),
    Race(
        name="deposits",
        what=What.DEPOSITS,
        limits=(_of(LimitKind.DEPOSIT),),
        funds_micros=0,
    ),
    Race(
        name="net deposits",
        what=What.DEPOSITS,
        limits=(_of(LimitKind.NET_DEPOSIT), _of(LimitKind.NET_DEPOSIT, 90 * UNIT, Period.MONTH)),
        funds_micros=0,
    ),
    Race(
        name="balance",
        what=What.DEPOSITS,
        limits=(_of(LimitKind.BALANCE, EDGE, None),),
        funds_micros=0,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How often all races are run; `seed` orders what is asked for."""

    rounds: int
    seed: int = 1
    racers: int = RACERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a race: how many were asked, taken and refused, and what is wrong with that."""

    race: str
    asked: int
    taken: int
    refused: int
    taken_micros: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """All races once."""

    number: int
    seconds: float
    results: tuple[Result, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """What went wrong, with the race it went wrong in."""
        return tuple(f"{each.race}: {fault}" for each in self.results for fault in each.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All rounds that were run: up to the first in which something went wrong."""

    config: Config
    rounds: tuple[Round, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """What went wrong, with round and race."""
        return tuple(
            f"round {each.number}, {fault}" for each in self.rounds for fault in each.faults
        )

    @property
    def ok(self) -> bool:
        """Whether all rounds were run and nothing went wrong."""
        return len(self.rounds) == self.config.rounds and not self.faults
