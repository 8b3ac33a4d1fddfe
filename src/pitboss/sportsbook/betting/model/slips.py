"""What a player wants: the legs of a slip, the lines over them, and the command in the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

import msgspec
from msgspec.structs import replace

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import BetId, PlayerId, SelectionId
from pitboss.kernel.money import Rounding
from pitboss.kernel.price import parse_price
from pitboss.sportsbook import returns
from pitboss.sportsbook.returns.model import (
    NOTHING,
    Bundle,
    Combo,
    ComboPolicy,
    Parts,
    StakeKind,
    Ticket,
    parse_share,
)
from pitboss.sportsbook.returns.model import Leg as PricedLeg

LEGS_MAX = 20
# Beyond the largest named bet (255) by far; who spreads a stake wider stakes next to nothing.
LINES_MAX = 10_000
# Union jacks have eight or nine bundles; nobody needs four times as many.
BUNDLES_MAX = 32
# Longer than a finger needs to press twice and a client to ask again under another key; shorter
# than somebody needs who wants the same bet once more and has seen the first one accepted.
DUPLICATE_WINDOW = timedelta(seconds=5)


class PricePolicy(StrEnum):
    """Which price the player takes where it is not the one that was shown any more.

    `none`: no other; `better`: one that pays as much or more; `any`: whichever is current.  It is
    the player's own choice for each slip, and never wider than they said.  Source: UKGC, Remote
    gambling and software technical standards (RTS) 2C.
    """

    NONE = "none"
    BETTER = "better"
    ANY = "any"

    @property
    def told(self) -> str | None:
        """How facts and tables say it: nearly every slip takes the shown price only."""
        return None if self is PricePolicy.NONE else self.value


class OnLimit(StrEnum):
    """What a player wants done with a stake that is above a limit.

    Where a trader may take it, the bet waits for one, unless it is wanted at once or not at all.
    """

    REFUSE = "refuse"
    REDUCE = "reduce"
    REFUSE_AT_ONCE = "refuse_at_once"
    REDUCE_AT_ONCE = "reduce_at_once"

    @property
    def reduces(self) -> bool:
        """Whether less is welcome."""
        return self in (OnLimit.REDUCE, OnLimit.REDUCE_AT_ONCE)

    @property
    def waits(self) -> bool:
        """Whether the player waits for a trader."""
        return self in (OnLimit.REFUSE, OnLimit.REDUCE)


class SlipLeg(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A selection as the player saw it: `tick` names the price that was shown.

    `price` is that price (`"19/8"`), or the least that the player takes; without it there is no
    saying what would be better.
    """

    selection_id: SelectionId
    tick: int
    price: str | None = None

    def takes(self, price: Fraction, tick: int, policy: PricePolicy) -> bool:
        """Say whether the player takes the selection at this price, which is current.

        Raises:
            Malformed: the price on the slip is none.
        """
        if tick == self.tick or policy is PricePolicy.ANY:
            return True
        return (
            policy is PricePolicy.BETTER
            and self.price is not None
            and price >= parse_price(self.price)
        )


class Lines(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """All lines of some sizes over some legs, each of them with every banker.

    Legs are named by their place on the slip, from 0.  A size counts the legs besides the bankers,
    as in `returns.model.Bundle`.
    """

    legs: tuple[int, ...]
    sizes: tuple[int, ...]
    bankers: tuple[int, ...] = ()

    @property
    def bundle(self) -> Bundle:
        """The same for the arithmetic.

        Raises:
            Malformed: a leg is named twice, or a size is none.
        """
        return Bundle(legs=self.legs, sizes=self.sizes, bankers=self.bankers)

    @classmethod
    def of(cls, bundle: Bundle) -> Lines:
        """Write a bundle of the arithmetic down."""
        return cls(legs=bundle.legs, sizes=bundle.sizes, bankers=bundle.bankers)


class Combined(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The combination that the legs of a bet are, at its one price.

    A slip says its id and the tick that the player saw.  `price` and `policy`, which is a
    `returns.model.ComboPolicy`, are struck: the platform's to say.
    """

    id: str
    tick: int
    price: str | None = None
    policy: str | None = None

    def combo(self, legs: tuple[PricedLeg, ...]) -> Combo:
        """Return the same for the arithmetic.

        Of two legs the one that is left has its own price; more are not sold where it matters.

        Raises:
            Malformed: it is not struck.
        """
        if self.price is None or self.policy is None:
            raise Malformed("combination", "it has no price yet")
        return Combo(
            price=parse_price(self.price),
            policy=ComboPolicy(self.policy),
            rest={(place,): leg.price for place, leg in enumerate(legs)} if len(legs) == 2 else {},
        )


class Shape(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What a bet is besides one line over all its legs.  Most bets have none.

    `lines`: none, and all legs are one line.  `bet_type` is the name of these lines, if they have
    one; they count, and the name is for people.  `parts` is a `returns.model.Parts`: whether each
    line is on the win, on a place, or one bet on each.  `free_bet` is the one that is the stake, if
    that is not the player's own money.  `boost` is the one that raises what is won, by the share
    `boosted`, which is the platform's to say.  With a `combination` the legs are of one event, and
    have the one price of it.
    """

    lines: tuple[Lines, ...] = ()
    bet_type: str | None = None
    parts: str = Parts.WIN.value
    free_bet: str | None = None
    boost: str | None = None
    boosted: str | None = None
    combination: Combined | None = None

    @property
    def is_free(self) -> bool:
        """Whether the stake is a free bet, which moves no money and does not come back."""
        return self.free_bet is not None

    @property
    def boost_share(self) -> Fraction:
        """By which share what is won is raised.

        Raises:
            Malformed: it is no share.
        """
        return NOTHING if self.boosted is None else parse_share(self.boosted, field="boosted")

    @property
    def is_one_line(self) -> bool:
        """Whether all legs are one line, on the win; what is combined is never anything else."""
        return not self.lines and self.parts == Parts.WIN

    @property
    def may_be_boosted(self) -> bool:
        """Whether a boost goes with the rest: one line on the win, in the player's own money."""
        return self.is_one_line and not self.is_free

    def bundles(self, legs: int) -> tuple[Bundle, ...]:
        """Return the lines over so many legs for the arithmetic."""
        if not self.lines:
            return (Bundle(legs=tuple(range(legs)), sizes=(legs,)),)
        return tuple([lines.bundle for lines in self.lines])

    def stakes(self, legs: int) -> int:
        """Return how many equal stakes a bet on so many legs is: one on each line and part."""
        return returns.count_lines(self.bundles(legs)) * Parts(self.parts).bets

    def ticket(
        self,
        legs: tuple[PricedLeg, ...],
        *,
        stake_micros: int,
        minor_unit_micros: int,
        rounding: Rounding,
    ) -> Ticket:
        """Return what the returns of a bet follow from; the stake is that on all its lines.

        Raises:
            Malformed: the lines do not fit the legs, or a place part has no terms.
        """
        bundles, parts = self.bundles(len(legs)), Parts(self.parts)
        return Ticket(
            legs=legs,
            bundles=bundles,
            unit_micros=Fraction(stake_micros, returns.count_lines(bundles) * parts.bets),
            minor_unit_micros=minor_unit_micros,
            rounding=rounding,
            parts=parts,
            stake=StakeKind.FREE_NOT_RETURNED if self.is_free else StakeKind.CASH,
            boost=self.boost_share,
            combo=None if self.combination is None else self.combination.combo(legs),
        )


# The shape of a single and of an accumulator.
ONE_LINE = Shape()


class PlaceBet(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="bet.place"
):
    """The command in the log: a player wants this bet.

    `stake_micros` is that on all lines together.  `trace` is the `traceparent` of a request that is
    followed through the processes.  `session_id` and `network` say from where it was asked; the
    latter is a tag, see `location`.  `again`: the player knows that this is the same as a slip of a
    moment ago.
    """

    bet_id: BetId
    player_id: PlayerId
    currency: str
    stake_micros: int
    legs: tuple[SlipLeg, ...]
    trace: str | None = None
    session_id: str | None = None
    network: str | None = None
    shape: Shape | None = None
    price_policy: PricePolicy = PricePolicy.NONE
    again: bool = False
    on_limit: OnLimit = OnLimit.REFUSE


# What makes two slips the same, but for the prices on them: whose, in what, how much, on which.
Likeness = tuple[object, ...]


class Taken(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A slip that was taken: what it is like, and when it was acknowledged."""

    likeness: Likeness
    placed_at: datetime


def likeness(
    player_id: PlayerId,
    currency: str,
    stake_micros: int,
    selections: Sequence[SelectionId],
    shape: Shape | None,
) -> Likeness:
    """Return what makes a slip the same as another one.

    The order of the legs says nothing, unless lines are drawn over them, which name their places.
    """
    if len(selections) > 1 and (shape is None or not shape.lines):
        selections = sorted(selections)
    if shape is not None and shape.combination is not None:
        # Its price says no more of the slip than those of the legs do.
        combination = Combined(id=shape.combination.id, tick=0)
        shape = replace(shape, combination=combination)
    return (player_id, currency, stake_micros, shape, *selections)
