"""What the catalogue publishes."""

from __future__ import annotations

import msgspec

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import EventId, MarketId, SelectionId


class OpenedSelection(msgspec.Struct, frozen=True, kw_only=True):
    """A selection as it was opened."""

    selection_id: SelectionId
    code: str
    price: str


class OpenedMarket(msgspec.Struct, frozen=True, kw_only=True):
    """A market as it was opened."""

    market_id: MarketId
    kind: str
    line: str | None
    selections: tuple[OpenedSelection, ...]


class EventOpened(Fact, frozen=True, kw_only=True, tag="event.opened"):
    """A sporting event was opened with its markets; every selection starts at tick 1."""

    event_id: EventId
    sport: str
    competition: str
    home: str
    away: str
    starts_at: str
    markets: tuple[OpenedMarket, ...]


class PriceChanged(Fact, frozen=True, kw_only=True, tag="price.changed"):
    """A selection has a new price and the next tick."""

    selection_id: SelectionId
    price: str
    tick: int


class MarketStatusChanged(Fact, frozen=True, kw_only=True, tag="market.status_changed"):
    """A market was opened, suspended or closed."""

    market_id: MarketId
    status: str


class EventRefused(Fact, frozen=True, kw_only=True, tag="event.refused"):
    """Somebody wanted to open an event as another one than it is; nothing changed."""

    event_id: EventId
    reason: str


class PriceRefused(Fact, frozen=True, kw_only=True, tag="price.refused"):
    """Somebody wanted a price where none can be set any more, or ever could; nothing changed."""

    selection_id: SelectionId
    price: str
    reason: str


class MarketStatusRefused(Fact, frozen=True, kw_only=True, tag="market.status_refused"):
    """Somebody wanted a market to be what it cannot be; nothing changed."""

    market_id: MarketId
    status: str
    reason: str


# Every type of this room, for who reads facts.
FACTS = (
    EventOpened,
    PriceChanged,
    MarketStatusChanged,
    EventRefused,
    PriceRefused,
    MarketStatusRefused,
)
