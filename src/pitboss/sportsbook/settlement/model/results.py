"""How selections ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import msgspec

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import SelectionId
from pitboss.kernel.instants import parse_instant
from pitboss.sportsbook import returns
from pitboss.sportsbook.returns.model import Outcome, parse_share

GOALS_MAX = 999


class Finish(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Where a runner came in, from 1, and how many came in there together, itself included."""

    position: int
    tied: int = 1


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A runner that was taken out of a market, at this instant.

    Bets that were struck before it suffer: by its decimal `price` then (`"7/5"`) under Rule 4, by
    the deduction that was announced for it (`deduction_pence` in the pound), or by the reduction
    `factor` (a share below 1) that an exchange gives.
    """

    at: str
    price: str | None = None
    factor: str | None = None
    deduction_pence: int | None = None

    def reaches(self, struck_at: datetime | None) -> bool:
        """Say whether a bet that was struck then suffers by it; of one without a time, yes."""
        return struck_at is None or struck_at < parse_instant(self.at, field="withdrawn.at")


class PlaceResult(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How the place part of a selection ended, as exact shares of its stake."""

    won: str
    void: str = "0"

    @property
    def outcome(self) -> Outcome:
        """The same for the arithmetic.

        Raises:
            Malformed: a share is none, or both together are above one.
        """
        won, void = (parse_share(share, field="place") for share in (self.won, self.void))
        return Outcome(won=won, void=void)

    @classmethod
    def of(cls, outcome: Outcome) -> PlaceResult:
        """Write an outcome down."""
        return cls(won=str(outcome.won), void=str(outcome.void))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a selection ended.

    `void_share` (0 to 1) of the stake passes as if it had won at a price of one; of the rest,
    `dead_heat` (above 0, at most 1) wins if it `won`.  Source: Sportradar UOF, bet settlement
    (`void_factor`, `result`, `dead_heat_factor`).

    Of a runner in a race, `finish` says where it came in, from which the place part of a bet ends
    by that bet's own terms; `place` says how that ended where only this is known.  `withdrawn` are
    the runners that were taken out of its market.

    Raises:
        Malformed: a share is out of its range.
    """

    won: bool
    void_share: Fraction = Fraction(0)
    dead_heat: Fraction = Fraction(1)
    place: Outcome | None = None
    finish: Finish | None = None
    withdrawn: tuple[Withdrawn, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.void_share <= 1:
            raise Malformed("void_share", f"{self.void_share} is not between 0 and 1")
        if not 0 < self.dead_heat <= 1:
            raise Malformed("dead_heat", f"{self.dead_heat} is not above 0 and at most 1")
        if self.finish is not None and min(self.finish.position, self.finish.tied) < 1:
            raise Malformed("finish", "positions and ties are counted from 1")
        for one in self.withdrawn:
            returns.check_withdrawal(
                price=one.price,
                deduction_pence=one.deduction_pence,
                factor=one.factor,
                field="withdrawn",
            )
            parse_instant(one.at, field="withdrawn.at")

    @classmethod
    def of(cls, item: SelectionResult) -> Result:
        """Read the result of a selection as it is stored and published."""
        return cls(
            won=item.won,
            void_share=parse_share(item.void_share, field="void_share"),
            dead_heat=parse_share(item.dead_heat, field="dead_heat"),
            place=None if item.place is None else item.place.outcome,
            finish=item.finish,
            withdrawn=item.withdrawn,
        )

    @classmethod
    def of_outcome(cls, outcome: Outcome) -> Result:
        """Return shares of the stake as a result."""
        if not outcome.won:
            return cls(won=False, void_share=outcome.void)
        return cls(won=True, void_share=outcome.void, dead_heat=outcome.won / (1 - outcome.void))

    def told_of(self, selection_id: SelectionId) -> SelectionResult:
        """Return the result as it is stored and published."""
        return SelectionResult(
            selection_id=selection_id,
            won=self.won,
            void_share=str(self.void_share),
            dead_heat=str(self.dead_heat),
            place=None if self.place is None else PlaceResult.of(self.place),
            finish=self.finish,
            withdrawn=self.withdrawn,
        )


WON = Result(won=True)
LOST = Result(won=False)
VOID = Result(won=False, void_share=Fraction(1))
HALF_WON = Result(won=True, void_share=Fraction(1, 2))
HALF_LOST = Result(won=False, void_share=Fraction(1, 2))


class SelectionResult(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How a selection ended, as it is stored and published; the shares are exact (`"1/2"`)."""

    selection_id: SelectionId
    won: bool
    void_share: str
    dead_heat: str
    place: PlaceResult | None = None
    finish: Finish | None = None
    withdrawn: tuple[Withdrawn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The goals of both sides when the event ended."""

    home: int
    away: int

    def __post_init__(self) -> None:
        for side, goals in (("home", self.home), ("away", self.away)):
            if not 0 <= goals <= GOALS_MAX:
                raise Malformed(side, f"{goals} is not a number of goals")
