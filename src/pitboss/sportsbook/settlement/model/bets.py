"""What a bet was for, what it pays, and by which rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property

import msgspec

from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId, SelectionId
from pitboss.kernel.money import Rounding
from pitboss.sportsbook.betting.model import Leg as StruckLeg
from pitboss.sportsbook.betting.model import Shape
from pitboss.sportsbook.catalog.model import Event
from pitboss.sportsbook.settlement.errors import RulesUnknown
from pitboss.sportsbook.settlement.model.results import Result, Score, SelectionResult
from pitboss.sportsbook.settlement.model.saying import Said


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreReport:
    """How an event ended; no score when it was abandoned, which voids its markets."""

    event_id: EventId
    score: Score | None

    @property
    def pair(self) -> tuple[int, int] | None:
        """The score as two numbers, of home and away."""
        return None if self.score is None else (self.score.home, self.score.away)


class Leg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A selection in a bet, at its struck price, with its frozen terms as `betting` has them."""

    selection_id: SelectionId
    price: Fraction
    place_fraction: Fraction | None = None
    places: int | None = None
    rule4: str | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that settling a bet needs to know of it."""

    bet_id: BetId
    stake_micros: int
    minor_unit_micros: int
    rounding: Rounding
    legs: tuple[Leg, ...]
    shape: Shape | None = None
    placed_at: datetime | None = None
    struck_at: datetime | None = None


def legs_of(legs: Sequence[StruckLeg]) -> tuple[Leg, ...]:
    """Return the legs of a bet with what they were struck at, exactly."""
    return tuple(
        [
            Leg(
                selection_id=leg.selection_id,
                price=leg.price_exact,
                place_fraction=leg.fraction_exact,
                places=leg.places,
                rule4=leg.rule4,
            )
            for leg in legs
        ]
    )


class Settled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a bet pays back, stake included; `voided` when that is the stake, by voids alone."""

    bet_id: BetId
    returns_micros: int
    voided: bool


class Unsettled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A bet that still waits for these selections."""

    bet_id: BetId
    waiting_for: tuple[SelectionId, ...]


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a bet would return instead of what it does; None while it is open."""

    bet_id: BetId
    player_id: PlayerId
    currency: str
    was_micros: int | None
    returns_micros: int | None
    voided: bool

    @property
    def delta_micros(self) -> int:
        """What the player would get more; less than nothing if it would be taken back."""
        return (self.returns_micros or 0) - (self.was_micros or 0)


@dataclass(slots=True, kw_only=True)
class Sum:
    """What some changes come to, in micros of one currency."""

    bets: int = 0
    gained_micros: int = 0
    lost_micros: int = 0

    def add(self, delta_micros: int) -> None:
        """Count one more change."""
        self.bets += 1
        self.gained_micros += max(delta_micros, 0)
        self.lost_micros += max(-delta_micros, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Who would gain and lose if something were said of a market; nothing was written.

    `version` is how much was said of the market before, and `digest` stands for all of this: who
    says it names the digest, so that what is recorded is what was shown.  `sums` are by currency,
    `players` by player and currency, in order; `largest` are the greatest single differences.
    `opened` bets would be open again; `torn` are results that would not count, for they cannot all
    be true.
    """

    market_id: MarketId
    said: Said
    version: int
    digest: str
    bets: int
    opened: int
    torn: tuple[SelectionResult, ...] = ()
    sums: Mapping[str, Sum]
    largest: tuple[Change, ...]
    players: Mapping[tuple[PlayerId, str], Sum]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One version of the rules of settlement; its name is on everything that was done under it.

    `settle` says what a bet pays, `results` how the selections of an event ended.  A changed rule
    is another version beside this one, which stays as it is: what was settled under it is replayed
    under it.
    """

    version: str
    settle: Callable[[Terms, Mapping[SelectionId, Result]], Settled | Unsettled]
    results: Callable[[Event, ScoreReport], dict[MarketId, tuple[SelectionResult, ...]]]


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """Every version of the rules that anything may have been settled under, the oldest first."""

    versions: tuple[Rules, ...]

    @property
    def current(self) -> Rules:
        """The version under which bets are accepted now, and results follow from scores."""
        return self.versions[-1]

    @cached_property
    def by_name(self) -> Mapping[str, Rules]:
        """Every version under its name."""
        return {rules.version: rules for rules in self.versions}

    def get(self, version: str) -> Rules:
        """Return the rules of this version.

        Raises:
            RulesUnknown: there are none.
        """
        found = self.by_name.get(version)
        if found is None:
            raise RulesUnknown(
                f"settlement has the rules {', '.join(self.by_name)}, not {version!r}"
            )
        return found
