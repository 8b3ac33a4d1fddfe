"""What Betfair's stream means for the catalogue: races opened, prices, suspensions, how they ended.

Whole: nothing here reads a file or a database.  Races are what is translated, the markets `WIN` and
`PLACE`; others are told and left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction

from pitboss.adapters.feeds.betfair import Definition, MarketNews, Runner, RunnerStatus, Status
from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.sportsbook.catalog.model import (
    EventChange,
    EventStatus,
    MarketStatus,
    MoreMarkets,
    NewEvent,
    NewMarket,
    NewSelection,
    PriceChange,
    SelectionChange,
    StatusChange,
)
from pitboss.sportsbook.settlement.model import LOST, VOID, WON, Result, Withdrawn

PRODUCER = "betfair"
SPORTS = {"7": "horse_racing", "4339": "greyhound_racing"}
# The kinds of the catalogue that these are; a place market says how many places there are.
KINDS = {"WIN": "race_winner", "PLACE": "race_place"}
# Of a runner that nobody offers a price for: no bets are taken on it meanwhile.
NO_PRICE = Fraction(1000)
_STATUSES = {
    Status.INACTIVE: MarketStatus.SUSPENDED,
    Status.OPEN: MarketStatus.OPEN,
    Status.SUSPENDED: MarketStatus.SUSPENDED,
    Status.CLOSED: MarketStatus.CLOSED,
}
_GONE = (RunnerStatus.REMOVED, RunnerStatus.REMOVED_VACANT, RunnerStatus.HIDDEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a market ended.  No `results`: the stream does not tell, and somebody must say it.

    `removals` are the shares by which prices fall that were taken before the moment beside each;
    the results of winners have them too.
    Source: Betfair, Rules and Regulations, reduction factors.
    """

    market_id: MarketId
    reported_at: datetime
    results: Mapping[SelectionId, Result] | None
    removals: tuple[tuple[datetime, Fraction], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """What is not translated, and why; it is told once a market."""

    market: str
    reason: str


Step = (
    NewEvent
    | MoreMarkets
    | EventChange
    | StatusChange
    | SelectionChange
    | PriceChange
    | Ended
    | Unknown
)


@dataclass(slots=True)
class _Market:
    """A market as it was last said to be; `shown` are the runners that take bets."""

    id: MarketId
    event_id: EventId
    definition: Definition
    prices: dict[int, Fraction] = field(default_factory=dict)
    shown: set[int] = field(default_factory=set)
    is_over: bool = False


class Translator:
    """Translates messages in their order, and remembers what it has said of each market.

    Args:
        shift: what is added to the instants of a race, so that a recorded one is run today.
    """

    def __init__(self, *, shift: timedelta = timedelta(0)) -> None:
        self._shift = shift
        self._markets: dict[str, _Market] = {}
        self._left_out: set[str] = set()
        self._events: dict[EventId, Definition] = {}

    def translate(self, news: MarketNews) -> list[Step]:
        """Return what a message means, in the order in which it is to be done."""
        market = self._markets.get(news.market_id)
        if market is None:
            return list(self._open(news))
        return [] if market.is_over else list(self._change(market, news))

    def distrust(self) -> list[Step]:
        """Return what a lost message means: no market is what we think until all of it is said."""
        steps: list[Step] = []
        for market in self._markets.values():
            if not market.is_over:
                steps += [
                    SelectionChange(selection_id=selection_of(market.id, runner), active=False)
                    for runner in sorted(market.shown)
                ]
                market.shown.clear()
        return steps

    def _open(self, news: MarketNews) -> Iterator[Step]:
        found = news.definition
        if found is None or news.market_id in self._left_out:
            return
        reason = _why_not(found)
        if reason is not None:
            self._left_out.add(news.market_id)
            yield Unknown(market=news.market_id, reason=reason)
            return
        event_id = EventId(
            derived_id(PRODUCER, "event", found.event_id, found.starts_at.isoformat())
        )
        market_id = MarketId(derived_id(PRODUCER, "market", found.market_id))
        market = _Market(market_id, event_id, found)
        self._markets[news.market_id] = market
        opened = self._opened(market, news.prices)
        if event_id in self._events:
            yield MoreMarkets(event_id=event_id, markets=(opened,))
        else:
            yield self._event(event_id, found, opened)
        self._events.setdefault(event_id, found)
        for runner in found.runners:
            if runner.id not in market.shown:
                selection_id = selection_of(market_id, runner.id)
                yield SelectionChange(selection_id=selection_id, active=False)
        yield from self._stage(event_id, found, before=None)

    def _event(self, event_id: EventId, found: Definition, market: NewMarket) -> NewEvent:
        return NewEvent(
            id=event_id,
            sport=SPORTS[found.sport_id],
            competition=found.venue or "Betfair",
            home="",
            away="",
            name=f"{found.venue or 'Race'} {found.starts_at:%H:%M}",
            starts_at=found.starts_at + self._shift,
            markets=(market,),
            in_play_open=found.in_play_later,
            bet_delay_seconds=found.bet_delay_seconds,
        )

    def _opened(self, market: _Market, prices: Mapping[int, Fraction | None]) -> NewMarket:
        found = market.definition
        selections: list[NewSelection] = []
        for runner in found.runners:
            price = prices.get(runner.id)
            if price is not None and runner.status is RunnerStatus.ACTIVE:
                market.prices[runner.id] = price
                market.shown.add(runner.id)
            selections.append(
                NewSelection(
                    id=selection_of(market.id, runner.id),
                    code=str(runner.id),
                    price=NO_PRICE if price is None else price,
                    name=runner.name or str(runner.id),
                )
            )
        is_open = found.status is Status.OPEN
        return NewMarket(
            id=market.id,
            kind=KINDS[found.kind],
            line=None,
            selections=tuple(selections),
            specifiers=f"places={found.winners}" if found.kind == "PLACE" else "",
            producer=PRODUCER,
            status=MarketStatus.OPEN if is_open else MarketStatus.SUSPENDED,
        )

    def _change(self, market: _Market, news: MarketNews) -> Iterator[Step]:
        before, found = market.definition, news.definition or market.definition
        if found.version < before.version:
            # What is older than what we know was on its way for too long.
            return
        market.definition = found
        closes_first = found.status is not Status.OPEN
        if closes_first:
            yield from self._status(market, before, found)
        for runner in found.runners:
            if runner.status is not RunnerStatus.ACTIVE and runner.id in market.shown:
                market.shown.discard(runner.id)
                if found.status is not Status.CLOSED:
                    selection_id = selection_of(market.id, runner.id)
                    yield SelectionChange(selection_id=selection_id, active=False)
        yield from self._stage(market.event_id, found, before=before)
        if found.status is Status.CLOSED:
            market.is_over = True
            yield self._ended(market, news.published_at)
            return
        yield from self._prices(market, news)
        if not closes_first:
            # Last, so that nobody bets at a price from before the suspension.
            yield from self._status(market, before, found)

    def _status(self, market: _Market, before: Definition, found: Definition) -> Iterator[Step]:
        if _STATUSES[found.status] is not _STATUSES[before.status]:
            yield StatusChange(market_id=market.id, status=_STATUSES[found.status])

    def _stage(
        self, event_id: EventId, found: Definition, *, before: Definition | None
    ) -> Iterator[Step]:
        """Return what an event has come to, if that is something else than before."""
        if found.in_play and (before is None or not before.in_play):
            yield EventChange(
                event_id=event_id,
                status=EventStatus.LIVE,
                in_play_open=True,
                bet_delay_seconds=found.bet_delay_seconds,
            )
        elif before is not None and found.bet_delay_seconds != before.bet_delay_seconds:
            yield EventChange(event_id=event_id, bet_delay_seconds=found.bet_delay_seconds)
        if before is not None and found.starts_at != before.starts_at and not found.in_play:
            yield EventChange(event_id=event_id, starts_at=found.starts_at + self._shift)
        if found.status is Status.CLOSED:
            yield EventChange(event_id=event_id, status=EventStatus.ENDED)

    def _prices(self, market: _Market, news: MarketNews) -> Iterator[Step]:
        active = {
            runner.id
            for runner in market.definition.runners
            if runner.status is RunnerStatus.ACTIVE
        }
        said = dict(news.prices)
        if news.anew:
            # Of whom an image does not speak, nobody offers anything.
            said |= {runner: None for runner in market.shown if runner not in said}
        for runner, price in said.items():
            selection_id = selection_of(market.id, runner)
            if price is None or runner not in active:
                if runner in market.shown:
                    market.shown.discard(runner)
                    yield SelectionChange(selection_id=selection_id, active=False)
                continue
            if market.prices.get(runner) != price:
                market.prices[runner] = price
                yield PriceChange(selection_id=selection_id, price=price)
            if runner not in market.shown:
                market.shown.add(runner)
                yield SelectionChange(selection_id=selection_id, active=True)

    def _ended(self, market: _Market, reported_at: datetime) -> Ended:
        found = market.definition
        results = results_of(found)
        removals = tuple(
            (runner.removed_at + self._shift, runner.adjustment)
            for runner in found.runners
            if runner.removed_at is not None and runner.adjustment is not None
        )
        return Ended(
            market_id=market.id,
            reported_at=reported_at + self._shift,
            results=None
            if results is None
            else {
                selection_of(market.id, runner): _reduced(result, removals)
                for runner, result in results.items()
            },
            removals=removals,
        )


def selection_of(market_id: MarketId, runner: int) -> SelectionId:
    """Return the id of a runner's selection in a market."""
    return SelectionId(derived_id(PRODUCER, "selection", market_id, str(runner)))


def results_of(found: Definition) -> dict[int, Result] | None:
    """Return how the runners of a closed market ended; None if the stream does not tell.

    A runner that was removed is void.  Of winners who tie in a market of one winner each has its
    share.  When more are placed than there are places, the stream does not say which of them tied.
    Source: Betfair, Rules and Regulations, dead heats.
    """
    winners = [item for item in found.runners if item.status is RunnerStatus.WINNER]
    ended = (RunnerStatus.WINNER, RunnerStatus.LOSER, *_GONE)
    if any(item.status not in ended for item in found.runners):
        return None
    if not winners:
        # Nobody won what was run: the market is void.
        return {item.id: VOID for item in found.runners}
    if len(winners) <= found.winners:
        return {item.id: _result(item, WON) for item in found.runners}
    if found.winners != 1:
        return None
    tied = Result(won=True, dead_heat=Fraction(1, len(winners)))
    return {item.id: _result(item, tied) for item in found.runners}


def _result(runner: Runner, winner: Result) -> Result:
    if runner.status in _GONE:
        return VOID
    return winner if runner.status is RunnerStatus.WINNER else LOST


def _reduced(result: Result, removals: Iterable[tuple[datetime, Fraction]]) -> Result:
    """Return a result with what bets on it suffer: of those that lost there is nothing to take."""
    if not result.won:
        return result
    withdrawn = [
        Withdrawn(at=write_instant(removed_at), factor=str(share))
        for removed_at, share in removals
        if share
    ]
    return replace(result, withdrawn=tuple(withdrawn))


def _why_not(found: Definition) -> str | None:
    if found.sport_id not in SPORTS:
        return f"nobody here races in the sport {found.sport_id[:20]!r}"
    if found.kind not in KINDS:
        return f"there is no market here for {found.kind[:40]!r}"
    if found.kind == "PLACE" and found.winners < 2:
        return f"{found.winners} is no number of places"
    if found.status is Status.CLOSED:
        return "it was over when it was first told of"
    if not found.runners:
        return "nobody runs in it"
    return None
