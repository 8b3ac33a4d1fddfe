"""What is in the catalogue, as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import NamedTuple

import msgspec

from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.sportsbook.catalog.model.words import EventStatus, MarketStatus, ProducerState
from pitboss.sportsbook.registry.model import Ended
from pitboss.sportsbook.returns.model import PlaceTerms

# When a price is from, if it is from before prices were dated.
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEnd:
    """What is known of how an event ended, before somebody says more of it.

    `runners` are those of its markets that settle from an order; none if it has no such market.
    """

    sport: str
    ended: Ended | None
    runners: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A possible answer at its current price."""

    id: SelectionId
    code: str
    price: Fraction
    tick: int
    name: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A question with its answers; `shown_status` is what is true for who wants to bet."""

    id: MarketId
    event_id: EventId
    kind: str
    line: Fraction | None
    status: MarketStatus
    selections: tuple[Selection, ...]
    specifiers: str = ""
    producer: str | None = None
    producer_up: bool = True
    status_no: int = 0
    place_terms: PlaceTerms | None = None

    @property
    def shown_status(self) -> MarketStatus:
        """The status, but suspended while the producer of an open market is down."""
        if self.status is MarketStatus.OPEN and not self.producer_up:
            return MarketStatus.SUSPENDED
        return self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class EventState:
    """What an event has come to.

    `live_no` grows with each change of score, red cards or period, and `status_no` with each
    change of the status, of `in_play_open` or of the start.
    """

    status: EventStatus = EventStatus.PREMATCH
    status_no: int = 0
    score: str | None = None
    period: str | None = None
    clock_seconds: int | None = None
    red_cards: str | None = None
    live_no: int = 0
    bet_delay_seconds: int = 0
    in_play_open: bool = False

    @property
    def in_play(self) -> bool:
        """Whether it has begun, and bets are taken all the same."""
        return self.in_play_open and self.status is EventStatus.LIVE

    @property
    def takes_bets(self) -> bool:
        """Whether it is at a stage at which bets are taken; its start is another question."""
        return self.in_play or self.status is EventStatus.PREMATCH


NEW_STATE = EventState()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A sporting event with its markets."""

    id: EventId
    sport: str
    competition: str
    home: str
    away: str
    starts_at: datetime
    markets: tuple[Market, ...]
    name: str | None = None
    state: EventState = NEW_STATE
    ended: Ended | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """Who makes prices, and whether they can be believed; `change_no` counts the changes.

    One that is `held` takes no bets, whatever its state: staff has stopped it, and they alone let
    it go.
    """

    producer: str
    state: ProducerState
    why: str
    changed_at: datetime
    change_no: int
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """All that deciding on a leg needs to know of its selection.

    `market_open` says all at once: the market is open, its producer is up, the selection is
    active, and the event is before its start or may be bet on in play.  Whoever was refused may
    look at the parts.  `status_no` grows with every change of any of them: if it is the same at
    two moments, the market was open (or was not) all the time between.  `live_no` does so with
    score, red cards and period.  `in_play`: the event is under way and may be bet on, whenever it
    was to start.  `priced_at`: when the price was last changed or confirmed.  `book` is the sum of
    what the market's prices make of one (`1/price`), where one of its selections must win: one, and
    the margin on top; those that take no bets count at their last price.
    """

    selection_id: SelectionId
    market_id: MarketId
    event_id: EventId
    price: Fraction
    price_text: str
    tick: int
    market_open: bool
    starts_at: datetime
    status_no: int = 0
    live_no: int = 0
    in_play: bool = False
    bet_delay_seconds: int = 0
    producer: str | None = None
    producer_up: bool = True
    priced_at: datetime = UNDATED
    sport: str = ""
    competition: str = ""
    kind: str = ""
    line: str | None = None
    specifiers: str = ""
    code: str = ""
    event_status: EventStatus = EventStatus.PREMATCH
    score: str | None = None
    period: str | None = None
    red_cards: str | None = None
    book: Fraction | None = None
    place_terms: PlaceTerms | None = None
    runners: int | None = None


class Priced(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A selection's price as it stands, and where it belongs."""

    selection_id: SelectionId
    event_id: EventId
    market_id: MarketId
    price: Fraction
    tick: int
    active: bool
    market_closed: bool


class Named(NamedTuple):
    """A market, and what it is named by."""

    market_id: MarketId
    event_id: EventId
    kind: str
    line: str | None
    specifiers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A market's status, and where it belongs."""

    market_id: MarketId
    event_id: EventId
    status: MarketStatus
    status_no: int
    producer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """When an event starts, and what it has come to."""

    event_id: EventId
    starts_at: datetime
    state: EventState
