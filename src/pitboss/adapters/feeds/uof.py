"""Messages of a feed like Sportradar's Unified Odds Feed, read into our own words.

Source: Sportradar UOF, messages (docs.sportradar.com/uof).  What suppliers really send differs
from what they describe: a byte order mark, `NaN` for a probability, a misspelt
`extended_specifers`, a settlement without `certainty`, seconds for milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction

from pitboss.adapters.feeds import uof_markets
from pitboss.adapters.feeds.bounded_xml import Element, read_xml
from pitboss.adapters.feeds.uof_markets import Dictionary
from pitboss.sportsbook.catalog.model import PERIOD_LENGTH_MAX
from pitboss.sportsbook.feeds.errors import Unreadable
from pitboss.sportsbook.feeds.model import (
    Alive,
    AnyMessage,
    Cancelled,
    CancelUndone,
    Ended,
    EndedMarket,
    EndUndone,
    FeedName,
    FixtureChanged,
    ForeignEvent,
    LiveState,
    MarketRef,
    Offered,
    ProducerId,
    Quote,
    Quoted,
    QuotedMarket,
    Reason,
    RecoveryDone,
    SelectionEnd,
    Stopped,
    UndoneMarket,
    read_time,
)

_MARKET_STATUS = {
    "1": Offered.ACTIVE,
    "0": Offered.INACTIVE,
    "-1": Offered.SUSPENDED,
    "-2": Offered.HANDED_OVER,
    "-3": Offered.SETTLED,
    "-4": Offered.CANCELLED,
}
# In our words; a start that is delayed is still to come.
_EVENT_STATUS = {
    "0": "prematch",
    "1": "live",
    "2": "suspended",
    "3": "ended",
    "4": "ended",
    "5": "cancelled",
    "6": "prematch",
    "7": "suspended",
    "8": "postponed",
    "9": "abandoned",
}
_FIXTURE_CHANGES = {
    "1": "new",
    "2": "time",
    "3": "cancelled",
    "4": "format",
    "5": "coverage",
    "6": "pitcher",
}
_WON = {"1": True, "0": False, "-1": None}
_CONFIRMED = "2"
_RESULTS = frozenset(
    {"bet_settlement", "bet_cancel", "rollback_bet_settlement", "rollback_bet_cancel"}
)

_NUMBER = re.compile(r"[0-9]{1,18}")
_PRODUCT = re.compile(r"[0-9]{1,4}")
_NAME = re.compile(r"[!-~]{1,120}")
_PRICE_KEPT = 40
_GOALS = re.compile(r"[0-9]{1,3}")
_CLOCK = re.compile(r"([0-9]{1,3}):([0-5][0-9])")
_SHARE = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,12})?")


class UofReader:
    """Reads the messages of one feed."""

    def __init__(self, feed: FeedName, dictionary: Dictionary | None = None) -> None:
        self._feed = feed
        self._words = dictionary or uof_markets.load()
        self._takes: Mapping[str, Callable[[Element], AnyMessage]] = {
            "alive": self._alive,
            "bet_cancel": self._bet_cancel,
            "bet_settlement": self._bet_settlement,
            "bet_stop": self._bet_stop,
            "fixture_change": self._fixture_change,
            "odds_change": self._odds_change,
            "rollback_bet_cancel": self._rollback_bet_cancel,
            "rollback_bet_settlement": self._rollback_bet_settlement,
            "snapshot_complete": self._snapshot_complete,
        }

    @property
    def feed(self) -> FeedName:
        """The feed whose messages these are."""
        return self._feed

    def read(self, body: bytes) -> AnyMessage:
        """Return what a message says.

        Raises:
            Unreadable: it says nothing we understand; it names the producer and the event as far as
                it does.
        """
        root = read_xml(body)
        take = self._takes.get(root.name)
        if take is None:
            raise Unreadable(Reason.UNKNOWN_MESSAGE, f"<{root.name[:40]}>")
        try:
            return take(root)
        except Unreadable as problem:
            raise Unreadable(
                problem.reason,
                f"{root.name}: {problem.detail}",
                producer=self._find_producer(root),
                event=_find_name(root.get("event_id")),
                owed=root.name in _RESULTS,
            ) from None

    def _odds_change(self, root: Element) -> Quoted:
        odds = root.find("odds")
        markets = () if odds is None else tuple(map(self._quoted, odds.find_all("market")))
        status = root.find("sport_event_status")
        return Quoted(
            producer=self._producer(root),
            generated_ms=_time(root, "timestamp"),
            event=_event(root),
            request_no=_find_number(root, "request_id"),
            markets=markets,
            state=None if status is None else _state(status),
            early=odds is not None and odds.get("betting_status") is not None,
        )

    def _bet_stop(self, root: Element) -> Stopped:
        return Stopped(
            producer=self._producer(root),
            generated_ms=_time(root, "timestamp"),
            event=_event(root),
            request_no=_find_number(root, "request_id"),
            kinds=self._words.kinds_of((root.get("groups") or "").split("|")),
        )

    def _bet_settlement(self, root: Element) -> Ended:
        outcomes = root.find("outcomes")
        markets = () if outcomes is None else tuple(map(self._ended, outcomes.find_all("market")))
        return Ended(
            producer=self._producer(root),
            generated_ms=_time(root, "timestamp"),
            event=_event(root),
            request_no=_find_number(root, "request_id"),
            # Whoever does not say how sure they are is not.
            confirmed=root.get("certainty") == _CONFIRMED,
            markets=markets,
        )

    def _rollback_bet_settlement(self, root: Element) -> EndUndone:
        return EndUndone(
            producer=self._producer(root),
            generated_ms=_time(root, "timestamp"),
            event=_event(root),
            request_no=_find_number(root, "request_id"),
            markets=tuple(map(self._undone, root.find_all("market"))),
        )

    def _bet_cancel(self, root: Element) -> Cancelled:
        replaced_by = root.get("superceded_by") or root.get("superseded_by")
        return Cancelled(
            producer=self._producer(root),
            generated_ms=_time(root, "timestamp"),
            event=_event(root),
            request_no=_find_number(root, "request_id"),
            markets=self._refs(root),
            from_ms=_find_time(root, "start_time"),
            until_ms=_find_time(root, "end_time"),
            superseded_by=None if replaced_by is None else ForeignEvent(_name(replaced_by)),
        )

    def _rollback_bet_cancel(self, root: Element) -> CancelUndone:
        return CancelUndone(
            producer=self._producer(root),
            generated_ms=_time(root, "timestamp"),
            event=_event(root),
            request_no=_find_number(root, "request_id"),
            markets=self._refs(root),
            from_ms=_find_time(root, "start_time"),
            until_ms=_find_time(root, "end_time"),
        )

    def _fixture_change(self, root: Element) -> FixtureChanged:
        change = root.get("change_type")
        return FixtureChanged(
            producer=self._producer(root),
            generated_ms=_time(root, "timestamp"),
            event=_event(root),
            request_no=_find_number(root, "request_id"),
            change=_FIXTURE_CHANGES.get(change or "", "unsaid"),
        )

    def _alive(self, root: Element) -> Alive:
        return Alive(
            producer=self._producer(root),
            generated_ms=_time(root, "timestamp"),
            subscribed=root.get("subscribed") == "1",
        )

    def _snapshot_complete(self, root: Element) -> RecoveryDone:
        request_no = _find_number(root, "request_id")
        if request_no is None:
            raise Unreadable(Reason.MALFORMED, "request_id is missing")
        return RecoveryDone(
            producer=self._producer(root),
            generated_ms=_time(root, "timestamp"),
            request_no=request_no,
        )

    def _producer(self, root: Element) -> ProducerId:
        found = self._find_producer(root)
        if found is None:
            raise Unreadable(Reason.MALFORMED, "product is missing or no number")
        return found

    def _find_producer(self, root: Element) -> ProducerId | None:
        # Some messages of the feed are described without a product, and then no one has sent them.
        product = root.get("product") or ""
        return ProducerId(f"{self._feed}:{int(product)}") if _PRODUCT.fullmatch(product) else None

    def _market(self, element: Element) -> MarketRef:
        return self._words.read_market(element.get("id"), element.get("specifiers"))

    def _refs(self, root: Element) -> tuple[MarketRef, ...]:
        return tuple(map(self._market, root.find_all("market")))

    def _quoted(self, element: Element) -> QuotedMarket:
        ref = self._market(element)
        status = element.get("status")
        offered = Offered.ACTIVE if status is None else _MARKET_STATUS.get(status)
        if offered is None:
            raise Unreadable(Reason.MALFORMED, f"{status!r:.20} is no status of a market")
        return QuotedMarket(
            ref=ref,
            offered=offered,
            quotes=tuple([self._quote(ref, item) for item in element.find_all("outcome")]),
        )

    def _quote(self, ref: MarketRef, element: Element) -> Quote:
        outcome_id = _name(element.get("id") or "")
        price = element.get("odds")
        return Quote(
            foreign=outcome_id,
            code=self._words.find_code(ref, outcome_id),
            price=None if price is None else price[:_PRICE_KEPT],
            active=element.get("active") in (None, "1", "true"),
        )

    def _ended(self, element: Element) -> EndedMarket:
        ref = self._market(element)
        return EndedMarket(
            ref=ref, ends=tuple([self._end(ref, item) for item in element.find_all("outcome")])
        )

    def _undone(self, element: Element) -> UndoneMarket:
        ref = self._market(element)
        named = [_name(item.get("id") or "") for item in element.find_all("outcome")]
        codes = tuple([self._words.find_code(ref, outcome_id) for outcome_id in named])
        return UndoneMarket(ref=ref, codes=codes)

    def _end(self, ref: MarketRef, element: Element) -> SelectionEnd:
        outcome_id = _name(element.get("id") or "")
        result = element.get("result") or ""
        if result not in _WON:
            raise Unreadable(Reason.MALFORMED, f"{result[:20]!r} is no result")
        return SelectionEnd(
            foreign=outcome_id,
            code=self._words.find_code(ref, outcome_id),
            won=_WON[result],
            void_share=str(_share(element, "void_factor", Fraction(0))),
            dead_heat=str(_share(element, "dead_heat_factor", Fraction(1))),
        )


def _share(element: Element, name: str, otherwise: Fraction) -> Fraction:
    """Return a factor exactly as the feed gives it; whoever settles says whether it can be."""
    text = element.get(name)
    if not text:
        return otherwise
    if not _SHARE.fullmatch(text):
        raise Unreadable(Reason.MALFORMED, f"{name} is {text[:20]!r}")
    return Fraction(text)


def _state(element: Element) -> LiveState:
    """Return how an event stands; what is written unreadably counts as not said."""
    clock = element.find("clock")
    statistics = element.find("statistics")
    cards = None if statistics is None else statistics.find("red_cards")
    return LiveState(
        status=_EVENT_STATUS.get(element.get("status") or ""),
        score=_pair(element, "home_score", "away_score"),
        period=_period(element.get("match_status")),
        clock_seconds=None if clock is None else _clock(clock.get("match_time")),
        red_cards=None if cards is None else _pair(cards, "home", "away"),
    )


def _pair(element: Element, home: str, away: str) -> str | None:
    pair = element.get(home) or "", element.get(away) or ""
    if not all(_GOALS.fullmatch(side) for side in pair):
        return None
    return f"{int(pair[0])}-{int(pair[1])}"


def _period(text: str | None) -> str | None:
    found = _find_name(text)
    return None if found is None or len(found) > PERIOD_LENGTH_MAX else found


def _clock(text: str | None) -> int | None:
    found = _CLOCK.fullmatch(text or "")
    return None if found is None else int(found[1]) * 60 + int(found[2])


def _event(root: Element) -> ForeignEvent:
    return ForeignEvent(_name(root.get("event_id") or ""))


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise Unreadable(Reason.MALFORMED, f"{text[:20]!r} is no name of an event or an outcome")
    return text


def _find_name(text: str | None) -> str | None:
    return text if text is not None and _NAME.fullmatch(text) else None


def _find_number(root: Element, name: str) -> int | None:
    text = root.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise Unreadable(Reason.MALFORMED, f"{name} is {text[:20]!r}")
    return int(text)


def _time(root: Element, name: str) -> int:
    found = _find_time(root, name)
    if found is None:
        raise Unreadable(Reason.MALFORMED, f"{name} is missing")
    return found


def _find_time(root: Element, name: str) -> int | None:
    stamp = _find_number(root, name)
    if stamp is None:
        return None
    found = read_time(stamp)
    if found is None:
        raise Unreadable(Reason.TIME_UNBELIEVABLE, f"{name} is {stamp}")
    return found
