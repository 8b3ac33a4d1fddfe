"""What somebody wants of the catalogue, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.sportsbook.catalog.model.words import EventStatus, MarketStatus, ProducerState
from pitboss.sportsbook.registry.model import Ended


class Refusal(StrEnum):
    """Why a change to the catalogue is refused."""

    UNKNOWN_EVENT = "unknown_event"
    UNKNOWN_MARKET = "unknown_market"
    UNKNOWN_SELECTION = "unknown_selection"
    MARKET_CLOSED = "market_closed"
    STATUS_GOES_BACK = "status_goes_back"
    ENDED_OTHERWISE = "ended_otherwise"
    OTHER_TERMS = "other_terms"
    ANOTHER_UNDER_THIS_ID = "another_under_this_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSelection:
    """A possible answer and its first price; `name` is shown where the code says too little."""

    id: SelectionId
    code: str
    price: Fraction
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMarket:
    """A question to open.  `line` is exact, in quarters; a handicap's is the home side's.

    `specifiers` are those of kinds that have some, as `write_specifiers` writes them.  Whoever is
    named as `producer` vouches for the prices: while they are down, nobody bets here.
    """

    id: MarketId
    kind: str
    line: Fraction | None
    selections: tuple[NewSelection, ...]
    specifiers: str = ""
    producer: str | None = None
    status: MarketStatus = MarketStatus.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """A sporting event to open, with its markets.

    It has two sides, or a `name` where it has none, as a race has.  `bet_delay_seconds` (0 to 60)
    is how long a bet in play waits before it is decided.
    """

    id: EventId
    sport: str
    competition: str
    home: str
    away: str
    starts_at: datetime
    markets: tuple[NewMarket, ...]
    name: str | None = None
    in_play_open: bool = False
    bet_delay_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreMarkets:
    """Markets to open in an event that is open already."""

    event_id: EventId
    markets: tuple[NewMarket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """A new price for a selection."""

    selection_id: SelectionId
    price: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionChange:
    """A selection to take bets on again, or no longer, as its market goes on."""

    selection_id: SelectionId
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """A market to open, suspend, close, settle or cancel.

    `takes_back`: whoever said before that it was closed, settled or cancelled takes that back.
    """

    market_id: MarketId
    status: MarketStatus
    takes_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """A market whose prices come from another producer from now on."""

    market_id: MarketId
    producer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChange:
    """What an event has come to; what is None stays as it is.

    `score` and `red_cards` are those of home and away (`"2-1"`), `clock_seconds` counts up from
    the start of the event.  `takes_back`: a status may go back, because its feed was wrong.
    """

    event_id: EventId
    status: EventStatus | None = None
    score: str | None = None
    period: str | None = None
    clock_seconds: int | None = None
    red_cards: str | None = None
    bet_delay_seconds: int | None = None
    in_play_open: bool | None = None
    starts_at: datetime | None = None
    takes_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEnd:
    """How an event ended, as far as whoever says so knows.

    `unlisted` are runners that no market of the event has, and that are named all the same: they
    take places.
    """

    event_id: EventId
    ended: Ended
    unlisted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerChange:
    """A producer that can be believed from now on, or no longer, and why.

    What is None stays as it is: its feed says the `state`, and staff whether it is `held`.
    """

    producer: str
    why: str
    state: ProducerState | None = None
    held: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Yes; `changed` says whether anything had to change."""

    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


Answer = Done | Refused
