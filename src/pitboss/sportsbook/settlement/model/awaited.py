"""Markets whose bets wait for a result, as staff see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pitboss.kernel.ids import EventId, MarketId, SelectionId


class Late(StrEnum):
    """Why a result of a market should be there; the first one that holds."""

    # What was said of it cannot all be true.
    TORN = "torn"
    EVENT_OVER = "event_over"
    MARKET_CLOSED = "market_closed"
    # Its event was to start so long ago that it should have ended.
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedSelection:
    """The open bets on a selection of which no result counts, in one currency.

    As in the books: a bet of several legs is on each of its selections.
    """

    selection_id: SelectionId
    code: str
    currency: str
    bets: int
    stake_micros: int
    torn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A market that has ended, or should have, and the open bets that wait for its results.

    Some of it may be void by when bets were accepted (`part_void`): then some of these bets are
    open for their other legs alone.
    """

    market_id: MarketId
    event_id: EventId
    sport: str
    home: str
    away: str
    event_name: str | None
    starts_at: datetime
    event_status: str
    kind: str
    line: str | None
    specifiers: str
    producer: str | None
    status: str
    late: Late
    part_void: bool
    selections: tuple[AwaitedSelection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedPage:
    """Some markets that wait, the oldest event first, and how many there are in all."""

    markets: tuple[Awaited, ...]
    count: int
