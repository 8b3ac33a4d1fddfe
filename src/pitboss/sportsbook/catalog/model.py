"""Nouns of the catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId, MarketId, SelectionId

LINE_STEP = Fraction(1, 4)
LINE_MAX = Fraction(1000)

# Not whatever `Fraction` reads: `1e99999999` would keep a processor busy for minutes.
_LINE = re.compile(r"[+-]?[0-9]{1,6}(?:[./][0-9]{1,6})?")


class MarketKind(StrEnum):
    """A question about an event, and with it how it settles from a score."""

    MATCH_RESULT = "1x2"
    TOTAL_GOALS = "total"
    ASIAN_HANDICAP = "asian_handicap"

    @property
    def codes(self) -> tuple[str, ...]:
        """The possible answers, in the order in which they are shown."""
        match self:
            case MarketKind.MATCH_RESULT:
                return ("home", "draw", "away")
            case MarketKind.TOTAL_GOALS:
                return ("over", "under")
            case MarketKind.ASIAN_HANDICAP:
                return ("home", "away")

    @property
    def has_line(self) -> bool:
        """Whether the question needs a line, such as a handicap or a total."""
        return self is not MarketKind.MATCH_RESULT


class MarketStatus(StrEnum):
    """Whether bets are taken; a closed market never opens again."""

    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Refusal(StrEnum):
    """Why a change to the catalogue is refused."""

    UNKNOWN_MARKET = "unknown_market"
    UNKNOWN_SELECTION = "unknown_selection"
    MARKET_CLOSED = "market_closed"
    ANOTHER_UNDER_THIS_ID = "another_under_this_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSelection:
    """A possible answer and its first price."""

    id: SelectionId
    code: str
    price: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMarket:
    """A question to open.  `line` is exact, in quarters; a handicap's is the home side's."""

    id: MarketId
    kind: MarketKind
    line: Fraction | None
    selections: tuple[NewSelection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """A sporting event to open, with its markets."""

    id: EventId
    sport: str
    competition: str
    home: str
    away: str
    starts_at: datetime
    markets: tuple[NewMarket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """A new price for a selection."""

    selection_id: SelectionId
    price: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """A market to open or suspend."""

    market_id: MarketId
    status: MarketStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Yes; `changed` says whether anything had to change."""

    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


Answer = Done | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A possible answer at its current price."""

    id: SelectionId
    code: str
    price: Fraction
    tick: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A question with its answers."""

    id: MarketId
    event_id: EventId
    kind: MarketKind
    line: Fraction | None
    status: MarketStatus
    selections: tuple[Selection, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """All that deciding on a leg needs to know of its selection."""

    selection_id: SelectionId
    market_id: MarketId
    event_id: EventId
    price: Fraction
    price_text: str
    tick: int
    market_open: bool
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A selection's price as it stands, and where it belongs."""

    selection_id: SelectionId
    event_id: EventId
    price: Fraction
    tick: int
    market_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A market's status, and where it belongs."""

    market_id: MarketId
    event_id: EventId
    status: MarketStatus


def parse_line(text: str | None, kind: MarketKind, *, field: str = "line") -> Fraction | None:
    """Read a line such as `"-0.75"` or `"-3/4"`.

    Raises:
        Malformed: it is not a whole number of quarters, or the kind of market has no line, or
            needs one.
    """
    if text is None:
        if kind.has_line:
            raise Malformed(field, f"a market of kind {kind} needs a line")
        return None
    if not kind.has_line:
        raise Malformed(field, f"a market of kind {kind} has no line")
    try:
        line = Fraction(text) if _LINE.fullmatch(text) else None
    except ZeroDivisionError:
        line = None
    if line is None or line % LINE_STEP or abs(line) > LINE_MAX:
        raise Malformed(field, f"{text[:40]!r} is not a whole number of quarters")
    return line


def write_line(line: Fraction | None) -> str | None:
    """Write a line exactly, as `parse_line` reads it."""
    return None if line is None else str(line)
