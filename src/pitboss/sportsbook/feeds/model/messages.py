"""What suppliers say, in our words.

A *feed* is a supplier's connection (`uof`); a *producer* is a part of the supplier that lives and
falls silent by itself (`uof:1` for live, `uof:3` for prematch).  Adapters read a supplier's
messages into these nouns; nothing below them knows a supplier's words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NewType

import msgspec

FeedName = NewType("FeedName", str)
ProducerId = NewType("ProducerId", str)
# A supplier's own names of things: they are compared, and never taken apart.
ForeignEvent = NewType("ForeignEvent", str)
ForeignMarket = NewType("ForeignMarket", str)
# Seconds and milliseconds are told apart by their size: both are of the years 2001 to 2286.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = range(10**9, 10**10)
_MILLISECONDS = range(10**12, 10**13)


class MarketRef(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A market as a supplier names it, and the kind that it is with us.

    `foreign` is the supplier's id and specifiers, in one order.  `kind` is None for a market that
    we have no kind for; `specifiers` are ours (`""`, or sorted `k=v|k=v`).
    """

    foreign: ForeignMarket
    kind: str | None = None
    specifiers: str = ""

    @property
    def family(self) -> str:
        """What the supplier calls this kind of market: its id, and the names of its specifiers."""
        market_id, _, rest = self.foreign.partition("?")
        names = "|".join(part.partition("=")[0] for part in rest.split("|") if part)
        return f"{market_id}?{names}" if names else market_id


class Quote(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a supplier would sell a selection at.

    `code` is None for a selection that we do not know.  `price` is as it was written, None if
    there was none; nothing has judged it.
    """

    foreign: str
    code: str | None
    price: str | None
    active: bool


class Offered(StrEnum):
    """What a supplier says of a market as a whole."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    # Nobody sells it now; it may come back.
    INACTIVE = "inactive"
    # The prematch producer has let go of it, and what it says from now on counts for nothing.
    HANDED_OVER = "handed_over"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class QuotedMarket(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A market with all its selections, as a supplier would have it now."""

    ref: MarketRef
    offered: Offered
    quotes: tuple[Quote, ...] = ()


class LiveState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How an event stands.  What a supplier did not say, or said unreadably, is None."""

    status: str | None = None
    score: str | None = None
    period: str | None = None
    clock_seconds: int | None = None
    red_cards: str | None = None


class SelectionEnd(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a selection ended, exactly: `won` is None while that is undecided.

    The shares are texts such as `"1/2"`.  Source: Sportradar UOF, bet settlement (`result`,
    `void_factor`, `dead_heat_factor`).
    """

    foreign: str
    code: str | None
    won: bool | None
    void_share: str = "0"
    dead_heat: str = "1"


class EndedMarket(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A market with how all its selections ended."""

    ref: MarketRef
    ends: tuple[SelectionEnd, ...] = ()


class UndoneMarket(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A market of which these selections, or all if none is named, have not ended after all.

    A code is None for a selection that we do not know.
    """

    ref: MarketRef
    codes: tuple[str | None, ...] = ()


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="says", gc=False):
    """Something that a producer said at `generated_ms`, by its own clock: ms since 1970."""

    producer: ProducerId
    generated_ms: int


class EventMessage(Message, frozen=True, kw_only=True, gc=False):
    """Something about one event; with a `request_no` it was sent for that recovery."""

    event: ForeignEvent
    request_no: int | None = None


class Quoted(EventMessage, frozen=True, kw_only=True, tag="quoted", gc=False):
    """Prices: the markets listed are as said here, all others stay as they are.

    `early` says that the supplier sells again before all is clear (after a goal, in a dangerous
    attack); who is careful waits.
    """

    markets: tuple[QuotedMarket, ...] = ()
    state: LiveState | None = None
    early: bool = False


class Stopped(EventMessage, frozen=True, kw_only=True, tag="stopped", gc=False):
    """Take no bets on these kinds of markets of the event; None is all of them."""

    kinds: tuple[str, ...] | None = None


class Ended(EventMessage, frozen=True, kw_only=True, tag="ended", gc=False):
    """How markets ended; `confirmed` if the supplier is sure and does not only watch the game."""

    confirmed: bool
    markets: tuple[EndedMarket, ...] = ()


class EndUndone(EventMessage, frozen=True, kw_only=True, tag="end_undone", gc=False):
    """How these markets ended was wrong: nothing is known of it again."""

    markets: tuple[UndoneMarket, ...] = ()


class Cancelled(EventMessage, frozen=True, kw_only=True, tag="cancelled", gc=False):
    """Bets that were struck in this time on these markets are void; an open side has no end."""

    markets: tuple[MarketRef, ...] = ()
    from_ms: int | None = None
    until_ms: int | None = None
    superseded_by: ForeignEvent | None = None


class CancelUndone(EventMessage, frozen=True, kw_only=True, tag="cancel_undone", gc=False):
    """That bets of this time on these markets were void was wrong."""

    markets: tuple[MarketRef, ...] = ()
    from_ms: int | None = None
    until_ms: int | None = None


class FixtureChanged(EventMessage, frozen=True, kw_only=True, tag="fixture_changed", gc=False):
    """What is known of the event has changed and is to be fetched again; `change` says what."""

    change: str


class Alive(Message, frozen=True, kw_only=True, tag="alive", gc=False):
    """The producer lives; without a subscription it does not serve us."""

    subscribed: bool


class RecoveryDone(Message, frozen=True, kw_only=True, tag="recovery_done", gc=False):
    """Everything that was asked for under this number has been sent."""

    request_no: int


AnyMessage = (
    Quoted
    | Stopped
    | Ended
    | EndUndone
    | Cancelled
    | CancelUndone
    | FixtureChanged
    | Alive
    | RecoveryDone
)
AboutEvent = Quoted | Stopped | Ended | EndUndone | Cancelled | CancelUndone | FixtureChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """What a supplier knows of an event before it starts."""

    event: ForeignEvent
    sport: str
    competition: str
    home: str
    away: str
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message as it came, and what reading it gave: what it says, or what is wrong with it.

    Of what cannot be read, `said` is a stop of the event, if so much could be read: whatever it
    was, the prices from before it are not to be trusted.  `subject` is what it is called then, and
    `owed` whether money may hang on it.  `retry_of` names the parked message that this is tried
    again for.
    """

    feed: FeedName
    body: bytes
    said: AnyMessage | None = None
    problem: str | None = None
    subject: str = ""
    detail: str = ""
    owed: bool = False
    retry_of: str | None = None


def feed_of(producer: str) -> FeedName:
    """Return the feed that a producer belongs to."""
    return FeedName(producer.partition(":")[0])


def read_time(stamp: int) -> int | None:
    """Return milliseconds since 1970 of a stamp in seconds or milliseconds; None if it is neither.

    Documentation of UOF says seconds where its messages have milliseconds, so the size decides.
    """
    if stamp in _MILLISECONDS:
        return stamp
    if stamp in _SECONDS:
        return stamp * 1_000
    return None


def instant_of(ms: int) -> datetime:
    """Return the instant so many milliseconds after the beginning of 1970."""
    return _EPOCH + timedelta(milliseconds=ms)


def millis(at: datetime) -> int:
    """Return the whole milliseconds since 1970."""
    return (at - _EPOCH) // timedelta(milliseconds=1)
