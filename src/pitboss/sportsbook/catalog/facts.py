"""What the catalogue publishes."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from pitboss.kernel.facts import Fact, Upcaster
from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.sportsbook.registry.model import Ended


def _undated(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 was recorded when nobody kept the instant that a price is from."""
    return {**data, "undated": True}


def _not_counted(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 was recorded when changes of a market's status were not counted."""
    return data


def _held_by_nobody(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 was recorded when staff's stop of a producer was no more than its state."""
    return data


def _none_withdrawn(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 was recorded when nobody said which runners were withdrawn, and at what price."""
    return data


class OpenedSelection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A selection as it was opened."""

    selection_id: SelectionId
    code: str
    price: str
    name: str | None = None


class OpenedMarket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A market as it was opened."""

    market_id: MarketId
    kind: str
    line: str | None
    selections: tuple[OpenedSelection, ...]
    specifiers: str = ""
    producer: str | None = None
    status: str = "open"


class EventOpened(Fact, frozen=True, kw_only=True, tag="event.opened"):
    """A sporting event was opened with its markets; every selection starts at tick 1.

    It has two sides, or a `name`.  `undated` is true of facts of version 1 alone.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_undated,)

    event_id: EventId
    sport: str
    competition: str
    home: str
    away: str
    starts_at: str
    markets: tuple[OpenedMarket, ...]
    name: str | None = None
    in_play_open: bool = False
    bet_delay_seconds: int = 0
    undated: bool = False


class MarketsOpened(Fact, frozen=True, kw_only=True, tag="markets.opened"):
    """More markets of an event were opened; every selection starts at tick 1."""

    event_id: EventId
    markets: tuple[OpenedMarket, ...]


class EventChanged(Fact, frozen=True, kw_only=True, tag="event.changed"):
    """An event has come to this: all of it is said, whatever of it changed."""

    event_id: EventId
    starts_at: str
    status: str
    status_no: int
    live_no: int
    score: str | None = None
    period: str | None = None
    clock_seconds: int | None = None
    red_cards: str | None = None
    bet_delay_seconds: int = 0
    in_play_open: bool = False


class EventEnded(Fact, frozen=True, kw_only=True, tag="event.ended"):
    """This is known of how an event ended: all of it is said, with what was known before."""

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_none_withdrawn,)

    event_id: EventId
    ended: Ended


class PriceChanged(Fact, frozen=True, kw_only=True, tag="price.changed"):
    """A selection has a new price and the next tick.

    `undated` is true of facts of version 1 alone.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_undated,)

    selection_id: SelectionId
    price: str
    tick: int
    undated: bool = False


class PricesConfirmed(Fact, frozen=True, kw_only=True, tag="prices.confirmed"):
    """These selections of an event have the prices that they had, as was said again now."""

    event_id: EventId
    selection_ids: tuple[SelectionId, ...]


class SelectionStatusChanged(Fact, frozen=True, kw_only=True, tag="selection.status_changed"):
    """A selection takes bets again or no longer, which counts as a change of its market."""

    selection_id: SelectionId
    market_id: MarketId
    active: bool
    status_no: int


class MarketStatusChanged(Fact, frozen=True, kw_only=True, tag="market.status_changed"):
    """A market was opened, suspended, closed, settled or cancelled.

    `status_no` is the number of this change; 0 when nobody counted, in version 1.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_not_counted,)

    market_id: MarketId
    status: str
    status_no: int = 0


class PlaceTermsSet(Fact, frozen=True, kw_only=True, tag="market.place_terms_set"):
    """Bets may be on a place in this market: so many, at this fraction of the winnings."""

    market_id: MarketId
    places: int
    fraction: str


class PlaceTermsRefused(Fact, frozen=True, kw_only=True, tag="market.place_terms_refused"):
    """Somebody wanted terms for a market that is not there, or has others; nothing changed."""

    market_id: MarketId
    places: int
    fraction: str
    reason: str


class MarketHandedOver(Fact, frozen=True, kw_only=True, tag="market.handed_over"):
    """A market's prices come from another producer, which counts as a change of its status."""

    market_id: MarketId
    producer: str | None
    status_no: int


class ProducerStatusChanged(Fact, frozen=True, kw_only=True, tag="producer.status_changed"):
    """Who makes prices can be believed, or no longer; `change_no` counts these changes.

    One that is `held` was stopped by staff, and takes no bets in whatever state.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_held_by_nobody,)

    producer: str
    state: str
    why: str
    change_no: int
    held: bool = False


class EventRefused(Fact, frozen=True, kw_only=True, tag="event.refused"):
    """Somebody wanted to open an event as another one than it is; nothing changed."""

    event_id: EventId
    reason: str


class EventChangeRefused(Fact, frozen=True, kw_only=True, tag="event.change_refused"):
    """Somebody wanted an event to come to what it cannot; nothing of it changed."""

    event_id: EventId
    status: str | None
    reason: str


class EventEndRefused(Fact, frozen=True, kw_only=True, tag="event.end_refused"):
    """Somebody said of how an event ended what it cannot, or did not; nothing changed."""

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_none_withdrawn,)

    event_id: EventId
    ended: Ended
    reason: str


class MarketsRefused(Fact, frozen=True, kw_only=True, tag="markets.refused"):
    """Somebody wanted to open markets as others than they are, or nowhere; nothing changed."""

    event_id: EventId
    market_ids: tuple[MarketId, ...]
    reason: str


class PriceRefused(Fact, frozen=True, kw_only=True, tag="price.refused"):
    """Somebody wanted a price where none can be set any more, or ever could; nothing changed."""

    selection_id: SelectionId
    price: str
    reason: str


class SelectionRefused(Fact, frozen=True, kw_only=True, tag="selection.refused"):
    """Somebody wanted to open or stop a selection that is not there; nothing changed."""

    selection_id: SelectionId
    active: bool
    reason: str


class HandOverRefused(Fact, frozen=True, kw_only=True, tag="market.hand_over_refused"):
    """Somebody wanted to hand a market over that is not there, or closed; nothing changed."""

    market_id: MarketId
    producer: str | None
    reason: str


class MarketStatusRefused(Fact, frozen=True, kw_only=True, tag="market.status_refused"):
    """Somebody wanted a market to be what it cannot be; nothing changed."""

    market_id: MarketId
    status: str
    reason: str


# Every type of this room, for who reads facts.
FACTS = (
    EventOpened,
    EventChanged,
    EventEnded,
    MarketsOpened,
    PriceChanged,
    PricesConfirmed,
    SelectionStatusChanged,
    MarketStatusChanged,
    PlaceTermsSet,
    PlaceTermsRefused,
    MarketHandedOver,
    ProducerStatusChanged,
    EventRefused,
    EventChangeRefused,
    EventEndRefused,
    MarketsRefused,
    PriceRefused,
    SelectionRefused,
    HandOverRefused,
    MarketStatusRefused,
)
