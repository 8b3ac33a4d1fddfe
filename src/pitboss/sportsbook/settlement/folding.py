"""The tables of settlement, from facts alone, and what a settlement rests on, read from facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

import msgspec

from pitboss.kernel.errors import Malformed
from pitboss.kernel.facts import Fact
from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.ids import EventId, MarketId
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.money import Rounding, currency
from pitboss.kernel.price import parse_price
from pitboss.sportsbook import registry
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.betting.folding import BettingFold
from pitboss.sportsbook.catalog.facts import (
    EventOpened,
    MarketsOpened,
    OpenedMarket,
    OpenedSelection,
)
from pitboss.sportsbook.catalog.model import (
    Event,
    Market,
    MarketStatus,
    Selection,
    parse_line,
)
from pitboss.sportsbook.registry.model import place_of_code
from pitboss.sportsbook.settlement.facts import (
    BetResettled,
    BetSetAside,
    BetSettled,
    BetTakenUp,
    MarketCancelled,
    MarketCancelRolledBack,
    MarketResulted,
    MarketResultRolledBack,
    MarketRuled,
)
from pitboss.sportsbook.settlement.model import (
    Authority,
    Effect,
    Ruling,
    RulingKind,
    Said,
    Score,
    ScoreReport,
    Terms,
    legs_of,
)

from .rules import RULE_BOOK, effect_of, ending_of

__all__ = [
    "RULE_BOOK",
    "SettlementFold",
    "effect_of",
    "ending_of",
    "event_of",
    "report_of",
    "said_of",
    "terms_of",
    "with_more",
]

_KINDS: Mapping[type[Fact], RulingKind] = {
    MarketResulted: RulingKind.RESULT,
    MarketResultRolledBack: RulingKind.ROLLBACK,
    MarketCancelled: RulingKind.CANCEL,
    MarketCancelRolledBack: RulingKind.CANCEL_ROLLBACK,
}

_encode = msgspec.json.Encoder().encode


class SettlementFold(Fold):
    """What was said of markets; what bets returned goes into the tables of betting."""

    def __init__(self, betting: BettingFold) -> None:
        self.results = Table(
            "settlement_result",
            key=("market_id", "version"),
            columns=(
                *("no", "market_id", "version", "event_id", "results", "recorded_at"),
                *("windows", "said", "moves"),
            ),
            sharded=False,
        )
        self.aside = Table(
            "settlement_aside",
            key=("bet_id",),
            columns=("bet_id", "player_id", "why", "since"),
        )
        super().__init__(self.results, self.aside)
        self.takes = {
            **dict.fromkeys(_KINDS, self._rule),
            BetSettled: self._settle,
            BetResettled: self._correct,
            BetSetAside: self._set_aside,
            BetTakenUp: self._take_up,
        }
        self._betting = betting
        self._rulings: dict[MarketId, list[Ruling]] = {}

    def _rule(self, fact: MarketRuled, told: Told) -> None:
        said, rulings = said_of(fact), self._rulings.setdefault(fact.market_id, [])
        before = effect_of(rulings) if rulings else Effect()
        rulings.append(Ruling(version=fact.version, said=said, recorded_at=told.recorded_at))
        after = effect_of(rulings)
        row: Row = [fact.no, fact.market_id, fact.version, fact.event_id]
        row += [_encode(after.results), told.recorded_at]
        row += [_encode(after.windows), _encode(said), after.moves(before)]
        self.add_row(self.results, row, told)

    def _settle(self, fact: BetSettled, told: Told) -> None:
        self._betting.close(
            fact.bet_id,
            returns_micros=fact.returns_micros,
            voided=fact.voided,
            told=told,
            final=fact.final,
        )

    def _set_aside(self, fact: BetSetAside, told: Told) -> None:
        self.add_row(self.aside, [fact.bet_id, fact.player_id, fact.why, told.recorded_at], told)

    def _take_up(self, fact: BetTakenUp, told: Told) -> None:
        if self.aside.rows.pop(fact.bet_id, None) is None:
            self.odd(told, f"takes bet {fact.bet_id} up, which was not set aside")

    def _correct(self, fact: BetResettled, told: Told) -> None:
        self._betting.correct(fact.bet_id, _correction_of(fact), told)


def _correction_of(fact: BetResettled) -> Row:
    """Return the columns of a correction, as betting keeps them."""
    return [
        *(fact.version, fact.was_micros, fact.was_voided, fact.returns_micros, fact.voided),
        *(fact.cause, fact.reason, fact.result_no, fact.owed_micros, fact.absorbed_micros),
    ]


def said_of(fact: MarketRuled) -> Said:
    """Return what was said of a market as it is stored."""
    at = None if fact.reported_at is None else parse_instant(fact.reported_at, field="reported_at")
    kind, authority = _KINDS[type(fact)], Authority(fact.authority)
    match fact:
        case MarketResulted():
            return Said(
                kind=kind,
                source=fact.source,
                authority=authority,
                reported_at=at,
                results=fact.results,
                open_ids=fact.open_ids,
                certainty=fact.certainty,
                provisional=fact.provisional,
                reason=fact.reason,
                one_of=fact.one_of,
            )
        case MarketResultRolledBack():
            return Said(
                kind=kind,
                source=fact.source,
                authority=authority,
                reported_at=at,
                selections=fact.selections,
                rolls_back=fact.rolls_back,
                reason=fact.reason,
            )
        case MarketCancelled() | MarketCancelRolledBack():
            return Said(
                kind=kind,
                source=fact.source,
                authority=authority,
                reported_at=at,
                from_at=_parsed(fact.from_at, "from_at"),
                until=_parsed(fact.until, "until"),
                reason=fact.reason,
            )


def terms_of(fact: BetAccepted, *, accepted_at: datetime) -> Terms:
    """Return the terms that a bet was accepted on, at the time at which its fact was recorded."""
    return Terms(
        bet_id=fact.bet_id,
        stake_micros=fact.stake_micros,
        minor_unit_micros=currency(fact.currency).minor_unit_micros,
        rounding=_rounding(fact.rounding),
        legs=legs_of(fact.legs),
        shape=fact.shape,
        placed_at=_instant(fact.placed_at),
        struck_at=accepted_at,
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
        markets=_markets_of(fact.event_id, fact.markets),
        name=fact.name,
    )


def with_more(event: Event, fact: MarketsOpened) -> Event:
    """Return an event with the markets that were opened later, too."""
    return replace(event, markets=event.markets + _markets_of(event.id, fact.markets))


def _markets_of(event_id: EventId, opened: Sequence[OpenedMarket]) -> tuple[Market, ...]:
    for market in opened:
        if registry.find_kind(market.kind) is None:
            raise Malformed("kind", f"there is no kind of market {market.kind[:40]!r}")
    return tuple(
        Market(
            id=market.market_id,
            event_id=event_id,
            kind=market.kind,
            line=parse_line(market.line, market.kind),
            status=MarketStatus(market.status),
            specifiers=market.specifiers,
            producer=market.producer,
            selections=tuple(
                Selection(
                    id=item.selection_id,
                    code=item.code,
                    price=parse_price(item.price),
                    tick=1,
                    name=item.name,
                )
                # As they are read from their table, in whatever order they were opened.
                for item in sorted(market.selections, key=_place)
            ),
        )
        for market in opened
    )


def _place(item: OpenedSelection) -> tuple[int, tuple[tuple[int, str], ...]]:
    return place_of_code(item.code)


def report_of(fact: MarketResulted) -> ScoreReport:
    """Return the report that a market's results followed from."""
    if fact.score is None:
        return ScoreReport(event_id=fact.event_id, score=None)
    home, _, away = fact.score.partition("-")
    return ScoreReport(event_id=fact.event_id, score=Score(home=int(home), away=int(away)))


def _parsed(text: str | None, field: str) -> datetime | None:
    return None if text is None else parse_instant(text, field=field)


@lru_cache(maxsize=1024)
def _instant(text: str) -> datetime:
    """Read an instant; those who were acknowledged together have the same."""
    return parse_instant(text, field="placed_at")


@lru_cache(maxsize=16)
def _rounding(name: str) -> Rounding:
    return Rounding(name)
