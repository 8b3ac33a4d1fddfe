"""Nouns of settlement: how selections ended, what a bet was for, what it pays.

Those of which there is one for every bet are Structs, because a dataclass takes six times as long
to make; and they are not tracked by the collector, because they can be in no ring.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property, lru_cache

import msgspec

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import BetId, EventId, MarketId, SelectionId
from pitboss.kernel.money import Rounding
from pitboss.kernel.shards import Partition
from pitboss.sportsbook.betting.model import OpenBet
from pitboss.sportsbook.catalog.model import Event
from pitboss.sportsbook.settlement.errors import RulesUnknown

GOALS_MAX = 999

# Not whatever `Fraction` reads: `1e-99999999` would keep a processor busy for minutes.
_SHARE = re.compile(r"[0-9]{1,12}(?:[./][0-9]{1,12})?")


class Refusal(StrEnum):
    """Why a report is refused."""

    UNKNOWN_EVENT = "unknown_event"
    ANOTHER_RESULT = "another_result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a selection ended.

    `void_share` (0 to 1) of the stake passes as if it had won at a price of one; of the rest,
    `dead_heat` (above 0, at most 1) wins if it `won`.  Source: Sportradar UOF, bet settlement
    (`void_factor`, `result`, `dead_heat_factor`).

    Raises:
        Malformed: a share is out of its range.
    """

    won: bool
    void_share: Fraction = Fraction(0)
    dead_heat: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if not 0 <= self.void_share <= 1:
            raise Malformed("void_share", f"{self.void_share} is not between 0 and 1")
        if not 0 < self.dead_heat <= 1:
            raise Malformed("dead_heat", f"{self.dead_heat} is not above 0 and at most 1")

    @classmethod
    def of(cls, item: SelectionResult) -> Result:
        """Read the result of a selection as it is stored and published."""
        return cls(
            won=item.won,
            void_share=parse_share(item.void_share, field="void_share"),
            dead_heat=parse_share(item.dead_heat, field="dead_heat"),
        )

    def told_of(self, selection_id: SelectionId) -> SelectionResult:
        """Return the result as it is stored and published."""
        return SelectionResult(
            selection_id=selection_id,
            won=self.won,
            void_share=str(self.void_share),
            dead_heat=str(self.dead_heat),
        )


WON = Result(won=True)
LOST = Result(won=False)
VOID = Result(won=False, void_share=Fraction(1))
HALF_WON = Result(won=True, void_share=Fraction(1, 2))
HALF_LOST = Result(won=False, void_share=Fraction(1, 2))


class SelectionResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a selection ended, as it is stored and published; the shares are exact (`"1/2"`)."""

    selection_id: SelectionId
    won: bool
    void_share: str
    dead_heat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The goals of both sides when the event ended."""

    home: int
    away: int

    def __post_init__(self) -> None:
        for side, goals in (("home", self.home), ("away", self.away)):
            if not 0 <= goals <= GOALS_MAX:
                raise Malformed(side, f"{goals} is not a number of goals")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreReport:
    """How an event ended; no score when it was abandoned, which voids its markets."""

    event_id: EventId
    score: Score | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The report is on record; `changed` is false when it was before."""

    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


Answer = Recorded | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketResult:
    """A market's results under their number in the order of all results."""

    no: int
    market_id: MarketId
    version: int
    event_id: EventId
    selections: tuple[SelectionResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A result that a partition is settling: the bets of its market up to `after` are done."""

    partition: Partition
    result_no: int
    market_id: MarketId
    after: OpenBet | None


class Leg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A selection in a bet, at its struck price."""

    selection_id: SelectionId
    price: Fraction


class Terms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that settling a bet needs to know of it."""

    bet_id: BetId
    stake_micros: int
    minor_unit_micros: int
    rounding: Rounding
    legs: tuple[Leg, ...]


class Settled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a bet pays back, stake included; `voided` when that is the stake, by voids alone."""

    bet_id: BetId
    returns_micros: int
    voided: bool


class Unsettled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A bet that still waits for these selections."""

    bet_id: BetId
    waiting_for: tuple[SelectionId, ...]


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
        """The version under which bets are settled now."""
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


@lru_cache(maxsize=1024)
def parse_share(text: str, *, field: str) -> Fraction:
    """Read an exact share between 0 and 1, such as `"1/2"` or `"0.5"`.

    Raises:
        Malformed: it is not one.
    """
    try:
        share = Fraction(text) if _SHARE.fullmatch(text) else None
    except ZeroDivisionError:
        share = None
    if share is None or share > 1:
        raise Malformed(field, f"{text[:40]!r} is not a share between 0 and 1")
    return share
