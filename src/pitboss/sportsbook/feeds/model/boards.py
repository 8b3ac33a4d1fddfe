"""What messages meet and change: our events as a feed finds them, and what was heard last."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

import msgspec

from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.sportsbook.catalog.model import NEW_STATE, EventChange, EventState
from pitboss.sportsbook.feeds.model.messages import (
    FeedName,
    ForeignEvent,
    ProducerId,
    Quoted,
)
from pitboss.sportsbook.feeds.model.parking import Note
from pitboss.sportsbook.registry.model import OWN_LINE

_OWN = "line="

# A market by the supplier's event and the name that it has in marks.
ToldMarket = tuple[ForeignEvent, str]


class Scope(StrEnum):
    """What overtakes what: a newer message of a scope makes an older one of no use."""

    QUOTES = "quotes"


class Verdict(StrEnum):
    """Whether a message is news."""

    FRESH = "fresh"
    REPEATED = "repeated"
    LATE = "late"
    CONTRADICTS = "contradicts"


class Hold(StrEnum):
    """Who keeps a market suspended that a feed has suspended: that feed alone, or people too.

    What has no hold and is suspended, people have suspended.
    """

    FEED = "feed"
    BOTH = "both"


class Mark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The newest that was heard of something: when it was generated, and what it was, digested."""

    generated_ms: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A supplier's event, and ours that it is."""

    feed: FeedName
    foreign: ForeignEvent
    event_id: EventId


@dataclass(slots=True, kw_only=True)
class BoardMarket:
    """A market of ours as a feed finds it, with who holds it if a feed has suspended it.

    `specifiers` has the line too, of kinds that have one (`line=5/2`).  `ended` are the
    selections of which a result counts while the others are still sold.
    """

    id: MarketId
    kind: str
    specifiers: str
    producer: ProducerId | None
    status: str
    selections: dict[str, SelectionId]
    inactive: set[str] = field(default_factory=set)
    ended: frozenset[str] = frozenset()
    hold: Hold | None = None

    @property
    def key(self) -> str:
        """What it is called in marks, and found by."""
        return market_key(self.kind, self.specifiers)


@dataclass(slots=True, kw_only=True)
class Board:
    """An event of ours as a feed finds it, with its markets by kind and specifiers."""

    event_id: EventId
    sport: str
    starts_at: datetime
    state: EventState = NEW_STATE
    markets: dict[str, BoardMarket] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A market to open, with the first price of each of its selections."""

    event_id: EventId
    market_id: MarketId
    kind: str
    specifiers: str
    producer: ProducerId
    selections: tuple[tuple[SelectionId, str, Fraction], ...]


@dataclass(slots=True, kw_only=True)
class Plan:
    """What a batch of messages changes, in their order, each thing as often as it changed.

    Of prices the last of a selection is enough; of suspensions each one counts, because a bet that
    was on its way through one is not taken.
    """

    openings: list[Opening] = field(default_factory=list)
    prices: dict[SelectionId, Fraction] = field(default_factory=dict)
    statuses: list[tuple[MarketId, bool]] = field(default_factory=list)
    actives: list[tuple[SelectionId, bool]] = field(default_factory=list)
    holds: dict[MarketId, Hold | None] = field(default_factory=dict)
    taken_over: dict[MarketId, ProducerId] = field(default_factory=dict)
    events: list[EventChange] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_of_events_on_sale(self) -> bool:
        """Whether it changes only prices, and what is on sale, of markets that are there."""
        return not (self.openings or self.taken_over or self.events or self.notes)


def market_key(kind: str, specifiers: str) -> str:
    """Return what a market of an event is called, by its kind and specifiers."""
    return f"{kind}?{specifiers}" if specifiers else kind


def split_line(kind: str, specifiers: str) -> tuple[str | None, str]:
    """Return a market's own line, if its kind is one that keeps it so, and its other specifiers."""
    if kind not in OWN_LINE:
        return None, specifiers
    return specifiers.removeprefix(_OWN), ""


def join_line(line: str | None, specifiers: str) -> str:
    """Return specifiers as a feed's market has them, the line of its own among them."""
    return specifiers if line is None else f"{_OWN}{line}"


def told_markets(said: Quoted) -> frozenset[ToldMarket]:
    """Return the markets that a message with prices tells of, by the supplier's event."""
    return frozenset(
        (said.event, market_key(item.ref.kind, item.ref.specifiers))
        for item in said.markets
        if item.ref.kind is not None
    )
