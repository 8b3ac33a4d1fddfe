"""What was said of markets, taken together again.  Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pitboss.audit.replay.model import KnownResult
from pitboss.kernel.errors import PlatformError
from pitboss.kernel.ids import EventId, MarketId
from pitboss.kernel.instants import parse_instant
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.catalog.facts import (
    EventChanged,
    EventEnded,
    EventOpened,
    MarketsOpened,
)
from pitboss.sportsbook.catalog.model import Event, EventStatus
from pitboss.sportsbook.settlement.facts import MarketResulted, MarketRuled
from pitboss.sportsbook.settlement.folding import (
    effect_of,
    event_of,
    report_of,
    said_of,
    with_more,
)
from pitboss.sportsbook.settlement.model import RuleBook, Ruling


class Markets:
    """What counts of markets, worked out again from all that was said of them.

    Results from a score are worked out from it and the event as it was opened.  When events start
    is known as it was said at every moment.
    """

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self._events: dict[EventId, Event] = {}
        self._starts: dict[EventId, list[tuple[datetime, datetime]]] = {}
        # At every moment, whether an event was said to have begun.
        self._stages: dict[EventId, list[tuple[datetime, bool]]] = {}
        self._rulings: dict[MarketId, list[Ruling]] = {}
        self.known: dict[int, KnownResult] = {}
        self.newest: dict[MarketId, KnownResult] = {}

    def open(self, fact: EventOpened, recorded_at: datetime) -> None:
        """Take an event as it was opened."""
        event = event_of(fact)
        self._events[event.id] = event
        self._starts[event.id] = [(recorded_at, event.starts_at)]

    def open_more(self, fact: MarketsOpened) -> None:
        """Take more markets of an event; of one that was never opened there is nothing to take."""
        event = self._events.get(fact.event_id)
        if event is not None:
            self._events[event.id] = with_more(event, fact)

    def end(self, fact: EventEnded) -> None:
        """Take what is known of how an event ended, from which results follow."""
        event = self._events.get(fact.event_id)
        if event is not None:
            self._events[event.id] = replace(event, ended=fact.ended)

    def change(self, fact: EventChanged, recorded_at: datetime) -> None:
        """Take what an event has come to: it may start at another time."""
        said = self._starts.setdefault(fact.event_id, [])
        said.append((recorded_at, parse_instant(fact.starts_at, field="starts_at")))
        stages = self._stages.setdefault(fact.event_id, [])
        stages.append((recorded_at, EventStatus(fact.status).has_begun))

    def rule(self, fact: MarketRuled, recorded_at: datetime) -> str | None:
        """Take what was said of a market; say why it cannot be, or does not follow from the score.

        Of two with one number, or of one version, the first counts: by it bets may be settled.
        """
        before = self.newest.get(fact.market_id)
        if fact.no in self.known:
            return f"there is a result {fact.no} already, of market {self._market_of(fact.no)}"
        if fact.version != (1 if before is None else before.fact.version + 1):
            told = "none" if before is None else f"version {before.fact.version}"
            return f"it is version {fact.version} of its results, and before it came {told}"
        if before is not None:
            self.known[before.fact.no] = replace(before, superseded_at=recorded_at)
        rulings = self._rulings.setdefault(fact.market_id, [])
        rulings.append(Ruling(version=fact.version, said=said_of(fact), recorded_at=recorded_at))
        self.known[fact.no] = self.newest[fact.market_id] = KnownResult.of(
            fact, recorded_at, effect_of(rulings)
        )
        if isinstance(fact, MarketResulted) and fact.reported_at is None:
            return self._doubt(fact)
        return None

    def starts_of(
        self, accepted: BetAccepted, *, known_at: datetime, excluded_at: datetime
    ) -> dict[EventId, datetime]:
        """Return when those of a bet's events start that were opened, as it was known then.

        Without those that were known to have begun when the player was excluded.
        """
        starts: dict[EventId, datetime] = {}
        for leg in accepted.legs:
            if self._had_begun(leg.event_id, excluded_at):
                continue
            for place, (said_at, at) in enumerate(self._starts.get(leg.event_id, ())):
                # What was said first was said before there was a bet, whatever the clocks say.
                if place == 0 or said_at <= known_at:
                    starts[leg.event_id] = at
        return starts

    def _had_begun(self, event_id: EventId, at: datetime) -> bool:
        begun = [said for said_at, said in self._stages.get(event_id, ()) if said_at <= at]
        return bool(begun) and begun[-1]

    def _market_of(self, no: int) -> MarketId:
        return self.known[no].fact.market_id

    def _doubt(self, fact: MarketResulted) -> str | None:
        event = self._events.get(fact.event_id)
        if event is None:
            return f"event {fact.event_id} was never opened"
        try:
            ended = self._book.get(fact.rules).results(event, report_of(fact))
        except (PlatformError, ValueError) as error:
            return f"the score {fact.score!r} gives nothing: {error}"
        if ended.get(fact.market_id) != fact.results:
            return f"{fact.score or 'no score'} does not give these results under {fact.rules}"
        return None
