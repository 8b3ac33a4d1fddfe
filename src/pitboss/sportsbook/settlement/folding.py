"""The tables of settlement, from facts alone, and what a settlement rests on, read from facts."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.money import Rounding, currency
from pitboss.kernel.price import parse_price
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.betting.folding import BettingFold
from pitboss.sportsbook.catalog.facts import EventOpened
from pitboss.sportsbook.catalog.model import (
    Event,
    Market,
    MarketKind,
    MarketStatus,
    Selection,
    parse_line,
)
from pitboss.sportsbook.settlement.facts import BetSettled, MarketResulted
from pitboss.sportsbook.settlement.model import Leg, Score, ScoreReport, Terms

from .rules import RULE_BOOK

__all__ = ["RULE_BOOK", "SettlementFold", "event_of", "report_of", "terms_of"]

_encode = msgspec.json.Encoder().encode


class SettlementFold(Fold):
    """Results of markets; what bets returned goes into the tables of betting."""

    def __init__(self, betting: BettingFold) -> None:
        self.results = Table(
            "settlement_result",
            key=("market_id", "version"),
            columns=("no", "market_id", "version", "event_id", "results", "recorded_at"),
            sharded=False,
        )
        super().__init__(self.results)
        self.takes = {MarketResulted: self._result, BetSettled: self._settle}
        self._betting = betting

    def _result(self, fact: MarketResulted, told: Told) -> None:
        row: Row = [fact.no, fact.market_id, fact.version, fact.event_id]
        self.add_row(self.results, [*row, _encode(fact.results), told.recorded_at], told)

    def _settle(self, fact: BetSettled, told: Told) -> None:
        self._betting.close(
            fact.bet_id, returns_micros=fact.returns_micros, voided=fact.voided, told=told
        )


def terms_of(fact: BetAccepted) -> Terms:
    """Return the terms that a bet was accepted on."""
    return Terms(
        bet_id=fact.bet_id,
        stake_micros=fact.stake_micros,
        minor_unit_micros=currency(fact.currency).minor_unit_micros,
        rounding=_rounding(fact.rounding),
        legs=tuple(
            [Leg(selection_id=leg.selection_id, price=parse_price(leg.price)) for leg in fact.legs]
        ),
    )


def event_of(fact: EventOpened) -> Event:
    """Return an event as it was opened."""
    return Event(
        id=fact.event_id,
        sport=fact.sport,
        competition=fact.competition,
        home=fact.home,
        away=fact.away,
        starts_at=parse_instant(fact.starts_at, field="starts_at"),
        markets=tuple(
            Market(
                id=market.market_id,
                event_id=fact.event_id,
                kind=MarketKind(market.kind),
                line=parse_line(market.line, MarketKind(market.kind)),
                status=MarketStatus.OPEN,
                selections=tuple(
                    Selection(
                        id=item.selection_id, code=item.code, price=parse_price(item.price), tick=1
                    )
                    for item in market.selections
                ),
            )
            for market in fact.markets
        ),
    )


def report_of(fact: MarketResulted) -> ScoreReport:
    """Return the report that a market's results followed from."""
    if fact.score is None:
        return ScoreReport(event_id=fact.event_id, score=None)
    home, _, away = fact.score.partition("-")
    return ScoreReport(event_id=fact.event_id, score=Score(home=int(home), away=int(away)))


@lru_cache(maxsize=16)
def _rounding(name: str) -> Rounding:
    return Rounding(name)
