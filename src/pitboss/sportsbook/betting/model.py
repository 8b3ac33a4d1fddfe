"""Nouns of betting.

Those of which there is one for every command are Structs, because a dataclass takes six times as
long to make; and they are not tracked by the collector, because they can be in no ring.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from fractions import Fraction

import msgspec

from pitboss.kernel.ids import AccountId, BetId, EventId, MarketId, PlayerId, SelectionId
from pitboss.kernel.money import Rounding
from pitboss.kernel.price import parse_price
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import house_account

LEGS_MAX = 20
HOUSE = "sportsbook"


class Refusal(StrEnum):
    """Why a bet is not accepted, by the sportsbook's own rules."""

    UNREADABLE = "unreadable"
    UNKNOWN_SELECTION = "unknown_selection"
    PRICE_CHANGED = "price_changed"
    MARKET_NOT_OPEN = "market_not_open"
    EVENT_STARTED = "event_started"
    RELATED_LEGS = "related_legs"
    WRONG_NUMBER_OF_LEGS = "wrong_number_of_legs"
    RETURNS_TOO_LARGE = "returns_too_large"
    STAKE_NOT_WHOLE = "stake_not_whole"


class BetState(StrEnum):
    """Where a bet stands; `pending` is a command that is not decided yet."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SETTLED = "settled"
    VOIDED = "voided"


class SlipLeg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A selection as the player saw it: `tick` names the price that was shown."""

    selection_id: SelectionId
    tick: int


class PlaceBet(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, tag="bet.place"
):
    """The command in the log: a player wants this bet.

    `trace` is the `traceparent` of a request that is followed through the processes.  `session_id`
    and `network` say from where it was asked; the latter is a tag, see `location`.
    """

    bet_id: BetId
    player_id: PlayerId
    currency: str
    stake_micros: int
    legs: tuple[SlipLeg, ...]
    trace: str | None = None
    session_id: str | None = None
    network: str | None = None


class Leg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A selection in an accepted bet, at its struck price (`"19/8"`)."""

    selection_id: SelectionId
    market_id: MarketId
    event_id: EventId
    price: str
    tick: int

    @property
    def price_exact(self) -> Fraction:
        """The struck price as a number."""
        return parse_price(self.price)


class Placing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A command with the place it comes from and the moment it was acknowledged."""

    shard: Shard
    command: PlaceBet
    placed_at: datetime


class Bet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A decided bet."""

    shard: Shard
    id: BetId
    player_id: PlayerId
    state: BetState
    refusal: str | None
    stake_micros: int
    currency: str
    rounding: Rounding
    legs: tuple[Leg, ...]
    placed_at: datetime
    decided_at: datetime
    returns_micros: int | None = None
    settled_at: datetime | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An accepted bet that is not settled yet: what settlement needs to know of it."""

    shard: Shard
    id: BetId
    player_id: PlayerId
    stake_micros: int
    currency: str
    rounding: Rounding
    legs: tuple[Leg, ...]


class Closing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What settlement found a bet to return; `voided` when the whole stake goes back."""

    bet: Waiting
    returns_micros: int
    voided: bool


class OpenBet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The place of a bet that waits for a market."""

    shard: Shard
    bet_id: BetId


def stake_account(shard: Shard, currency: str) -> AccountId:
    """Return the id of the shard's house account that stakes go to and returns come from."""
    return house_account(shard, HOUSE, currency)
