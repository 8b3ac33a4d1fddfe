"""The catalogue's tables, from facts alone."""

from __future__ import annotations

from datetime import datetime

from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.instants import parse_instant
from pitboss.sportsbook.catalog.facts import (
    EventChanged,
    EventEnded,
    EventOpened,
    MarketHandedOver,
    MarketsOpened,
    MarketStatusChanged,
    OpenedMarket,
    PlaceTermsSet,
    PriceChanged,
    PricesConfirmed,
    ProducerStatusChanged,
    SelectionStatusChanged,
)
from pitboss.sportsbook.catalog.model import EventStatus
from pitboss.sportsbook.registry.model import write_ended

_STARTS_AT, _STATE, _ENDED = 5, slice(7, 16), 16
_STATUS, _PRODUCER, _STATUS_NO = 4, 6, 7
_PRICE, _TICK, _ACTIVE, _PRICED_AT = 3, 4, 6, 7
_CHANGE_NO = 4


class CatalogFold(Fold):
    """Events, markets, selections and producers as they stand."""

    def __init__(self) -> None:
        self.events = Table(
            "catalog_event",
            key=("event_id",),
            columns=(
                *("event_id", "sport", "competition", "home", "away", "starts_at", "name"),
                *("status", "status_no", "score", "period", "clock_seconds", "red_cards"),
                *("live_no", "bet_delay_seconds", "in_play_open", "ended"),
            ),
            sharded=False,
        )
        self.producers = Table(
            "catalog_producer",
            key=("producer",),
            columns=("producer", "state", "why", "changed_at", "change_no", "held"),
            sharded=False,
        )
        self.markets = Table(
            "catalog_market",
            key=("market_id",),
            columns=(
                *("market_id", "event_id", "kind", "line", "status", "specifiers", "producer"),
                "status_no",
            ),
            sharded=False,
        )
        self.selections = Table(
            "catalog_selection",
            key=("selection_id",),
            columns=(
                *("selection_id", "market_id", "code", "price", "tick", "name", "active"),
                "priced_at",
            ),
            sharded=False,
        )
        self.terms = Table(
            "catalog_place_terms",
            key=("market_id",),
            columns=("market_id", "places", "fraction"),
            sharded=False,
        )
        super().__init__(self.events, self.producers, self.markets, self.selections, self.terms)
        self.takes = {
            EventOpened: self._open,
            EventChanged: self._change,
            EventEnded: self._end,
            MarketsOpened: self._open_more,
            PriceChanged: self._reprice,
            PricesConfirmed: self._confirm,
            SelectionStatusChanged: self._set_active,
            MarketStatusChanged: self._set_status,
            PlaceTermsSet: self._set_terms,
            MarketHandedOver: self._hand_over,
            ProducerStatusChanged: self._set_producer,
        }

    def _open(self, fact: EventOpened, told: Told) -> None:
        starts_at = parse_instant(fact.starts_at, field="starts_at")
        sides: Row = [fact.sport, fact.competition, fact.home, fact.away]
        state: Row = [EventStatus.PREMATCH, 0, None, None, None, None, 0]
        offered: Row = [fact.bet_delay_seconds, fact.in_play_open, None]
        row: Row = [fact.event_id, *sides, starts_at, fact.name, *state, *offered]
        self.add_row(self.events, row, told)
        for market in fact.markets:
            self._add(fact.event_id, market, None if fact.undated else told.recorded_at, told)

    def _open_more(self, fact: MarketsOpened, told: Told) -> None:
        self.find_row(self.events, fact.event_id, told)
        for market in fact.markets:
            self._add(fact.event_id, market, told.recorded_at, told)

    def _add(
        self, event_id: str, market: OpenedMarket, priced_at: datetime | None, told: Told
    ) -> None:
        opened: Row = [market.market_id, event_id, market.kind, market.line, market.status]
        self.add_row(self.markets, [*opened, market.specifiers, market.producer, 0], told)
        for item in market.selections:
            answer: Row = [item.selection_id, market.market_id, item.code, item.price, 1]
            self.add_row(self.selections, [*answer, item.name, True, priced_at], told)

    def _set_terms(self, fact: PlaceTermsSet, told: Told) -> None:
        self.add_row(self.terms, [fact.market_id, fact.places, fact.fraction], told)

    def _change(self, fact: EventChanged, told: Told) -> None:
        event = self.find_row(self.events, fact.event_id, told)
        if event is None:
            return
        event[_STARTS_AT] = parse_instant(fact.starts_at, field="starts_at")
        event[_STATE] = [
            *(fact.status, fact.status_no, fact.score, fact.period, fact.clock_seconds),
            *(fact.red_cards, fact.live_no, fact.bet_delay_seconds, fact.in_play_open),
        ]

    def _end(self, fact: EventEnded, told: Told) -> None:
        event = self.find_row(self.events, fact.event_id, told)
        if event is not None:
            event[_ENDED] = write_ended(fact.ended)

    def _reprice(self, fact: PriceChanged, told: Told) -> None:
        selection = self.find_row(self.selections, fact.selection_id, told)
        if selection is not None:
            if fact.tick <= selection[_TICK]:
                self.odd(told, f"takes the tick of {fact.selection_id} back to {fact.tick}")
            selection[_PRICE], selection[_TICK] = fact.price, fact.tick
            selection[_PRICED_AT] = None if fact.undated else told.recorded_at

    def _confirm(self, fact: PricesConfirmed, told: Told) -> None:
        for selection_id in fact.selection_ids:
            selection = self.find_row(self.selections, selection_id, told)
            if selection is not None:
                selection[_PRICED_AT] = told.recorded_at

    def _set_active(self, fact: SelectionStatusChanged, told: Told) -> None:
        selection = self.find_row(self.selections, fact.selection_id, told)
        market = self.find_row(self.markets, fact.market_id, told)
        if selection is not None and market is not None:
            selection[_ACTIVE] = fact.active
            self._count(market, fact.status_no, told)

    def _set_status(self, fact: MarketStatusChanged, told: Told) -> None:
        market = self.find_row(self.markets, fact.market_id, told)
        if market is not None:
            market[_STATUS] = fact.status
            if fact.status_no:
                self._count(market, fact.status_no, told)

    def _hand_over(self, fact: MarketHandedOver, told: Told) -> None:
        market = self.find_row(self.markets, fact.market_id, told)
        if market is not None:
            market[_PRODUCER] = fact.producer
            self._count(market, fact.status_no, told)

    def _set_producer(self, fact: ProducerStatusChanged, told: Told) -> None:
        known = self.producers.rows.get(fact.producer)
        if fact.change_no != 1 + (0 if known is None else known[_CHANGE_NO]):
            self.odd(told, f"is change {fact.change_no} of producer {fact.producer}")
        said = (fact.producer, fact.state, fact.why)
        self.producers.add([*said, told.recorded_at, fact.change_no, fact.held])

    def _count(self, market: Row, status_no: int, told: Told) -> None:
        if status_no <= market[_STATUS_NO]:
            self.odd(told, f"takes the status of market {market[0]} back to {status_no}")
        market[_STATUS_NO] = status_no
