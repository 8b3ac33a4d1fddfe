"""Nouns of cash-out.

A part of a bet is sold by naming a stake: whoever sells 4.00 of a stake of 10.00 goes on with the
same bet at 6.00.  Returns are linear in the stake, so nothing else of the bet changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

import msgspec

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import BetId, MarketId, PlayerId, SelectionId
from pitboss.kernel.price import write_price
from pitboss.kernel.shards import Shard
from pitboss.sportsbook.catalog.model import Market, Offer
from pitboss.sportsbook.returns.model import Ending

DEFAULT_MARGIN = Fraction(1, 20)
DEFAULT_QUOTE_LIFE = timedelta(seconds=10)


class Refusal(StrEnum):
    """Why a bet is not bought back, or not now."""

    BET_NOT_OPEN = "bet_not_open"
    CASH_OUT_STAKE = "cash_out_stake"
    CASH_OUT_SUSPENDED = "cash_out_suspended"
    CASH_OUT_WORTHLESS = "cash_out_worthless"
    CASH_OUT_NOT_OFFERED = "cash_out_not_offered"
    QUOTE_EXPIRED = "quote_expired"
    QUOTE_STALE = "quote_stale"
    ANOTHER_REQUEST = "another_request"


class State(StrEnum):
    """Where a request stands; `delayed` is one that waits for the delay of its events."""

    DELAYED = "delayed"
    PAID = "paid"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The house's terms: `margin` (0 to below 1) is kept of a bet's value; a quote is good so long.

    Raises:
        Malformed: the margin is none, or a quote would never be good.
    """

    margin: Fraction = DEFAULT_MARGIN
    quote_life: timedelta = DEFAULT_QUOTE_LIFE

    def __post_init__(self) -> None:
        if not 0 <= self.margin < 1:
            raise Malformed("margin", f"{self.margin} is not from 0 to below 1")
        if self.quote_life <= timedelta(0):
            raise Malformed("quote_life", "a quote is good for a while")


class Mark(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What tells that nothing has changed for a leg meanwhile, not even for a moment."""

    selection_id: SelectionId
    tick: int = 0
    status_no: int = 0
    live_no: int = 0
    result_no: int | None = None


class Seen(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What the value of a leg rests on: its result, or its price and its chance to win.

    `tick`, `price`, `status_no` and `live_no` are those of the moment, `chance` is `"num/den"`
    without the margin of the market; `result_no` is the number of its result, if the leg is
    decided.
    """

    selection_id: SelectionId
    tick: int = 0
    status_no: int = 0
    live_no: int = 0
    price: str | None = None
    chance: str | None = None
    result_no: int | None = None

    @property
    def mark(self) -> Mark:
        """Where the leg stood."""
        return Mark(
            selection_id=self.selection_id,
            tick=self.tick,
            status_no=self.status_no,
            live_no=self.live_no,
            result_no=self.result_no,
        )


class Quote(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is offered for a stake of a bet, until when, and by what.

    `left_micros` is the stake that the bet still has, `stake_micros` what of it is sold.
    `margin` is `"num/den"`, `expires_at` an instant, `marks` what the legs stood at.
    """

    bet_id: BetId
    player_id: PlayerId
    currency: str
    left_micros: int
    stake_micros: int
    offer_micros: int
    margin: str
    marks: tuple[Mark, ...]
    expires_at: str


class Ask(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A player takes a quote.  `request_id` follows from the idempotency key."""

    shard: Shard
    request_id: str
    quote: Quote


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request as it stands: `reason` is why it was refused, `decide_at` when it is decided."""

    shard: Shard
    request_id: str
    quote: Quote
    state: State
    reason: str | None
    asked_at: datetime
    decide_at: datetime | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a bet's value rests on besides its terms: offers, their markets and endings.

    `stopped` are the selections that nobody may bet on now.
    """

    offers: Mapping[SelectionId, Offer]
    markets: Mapping[MarketId, Market]
    endings: Mapping[SelectionId, tuple[int, Ending]]
    stopped: Collection[SelectionId] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """What all that is left of a bet is worth in micros, exactly and before the house's margin."""

    value: Fraction
    seen: tuple[Seen, ...]
    delay: timedelta

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What the legs stood at."""
        return tuple(item.mark for item in self.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


def write_share(share: Fraction) -> str:
    """Write a share or an amount exactly, as `"num/den"`; `parse_share` reads it back."""
    return write_price(share)


def parse_share(text: str) -> Fraction:
    """Read what `write_share` wrote.  For what we wrote ourselves: strangers' text may be huge."""
    top, _, bottom = text.partition("/")
    return Fraction(int(top), int(bottom))
