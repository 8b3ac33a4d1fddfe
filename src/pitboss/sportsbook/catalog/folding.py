"""The catalogue's tables, from facts alone."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.instants import parse_instant
from pitboss.sportsbook.catalog.facts import EventOpened, MarketStatusChanged, PriceChanged
from pitboss.sportsbook.catalog.model import MarketStatus

_STATUS = 4
_PRICE, _TICK = 3, 4


class CatalogFold(Fold):
    """Events, markets and selections as they stand."""

    def __init__(self) -> None:
        self.events = Table(
            "catalog_event",
            key=("event_id",),
            columns=("event_id", "sport", "competition", "home", "away", "starts_at"),
            sharded=False,
        )
        self.markets = Table(
            "catalog_market",
            key=("market_id",),
            columns=("market_id", "event_id", "kind", "line", "status"),
            sharded=False,
        )
        self.selections = Table(
            "catalog_selection",
            key=("selection_id",),
            columns=("selection_id", "market_id", "code", "price", "tick"),
            sharded=False,
        )
        super().__init__(self.events, self.markets, self.selections)
        self.takes = {
            EventOpened: self._open,
            PriceChanged: self._reprice,
            MarketStatusChanged: self._set_status,
        }

    def _open(self, fact: EventOpened, told: Told) -> None:
        starts_at = parse_instant(fact.starts_at, field="starts_at")
        sides: Row = [fact.sport, fact.competition, fact.home, fact.away]
        self.add_row(self.events, [fact.event_id, *sides, starts_at], told)
        for market in fact.markets:
            opened: Row = [market.market_id, fact.event_id, market.kind, market.line]
            self.add_row(self.markets, [*opened, MarketStatus.OPEN], told)
            for item in market.selections:
                answer: Row = [item.selection_id, market.market_id, item.code, item.price, 1]
                self.add_row(self.selections, answer, told)

    def _reprice(self, fact: PriceChanged, told: Told) -> None:
        selection = self.find_row(self.selections, fact.selection_id, told)
        if selection is not None:
            if fact.tick <= selection[_TICK]:
                self.odd(told, f"takes the tick of {fact.selection_id} back to {fact.tick}")
            selection[_PRICE], selection[_TICK] = fact.price, fact.tick

    def _set_status(self, fact: MarketStatusChanged, told: Told) -> None:
        market = self.find_row(self.markets, fact.market_id, told)
        if market is not None:
            market[_STATUS] = fact.status
