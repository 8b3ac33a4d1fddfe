"""What messages change, carried out in one turn of the catalogue's shard, in sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pitboss.db.errors import TransactionConflict
from pitboss.kernel.ids import EventId, MarketId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import catalog, settlement
from pitboss.sportsbook.catalog.model import (
    Done,
    Event,
    EventChange,
    HandOver,
    Market,
    MarketStatus,
    MoreMarkets,
    NewEvent,
    NewMarket,
    NewSelection,
    PriceChange,
    SelectionChange,
    StatusChange,
    parse_line,
    write_line,
)
from pitboss.sportsbook.feeds import rules, store
from pitboss.sportsbook.feeds.facts import FeedEventLinked
from pitboss.sportsbook.feeds.model import (
    AboutEvent,
    Board,
    BoardMarket,
    Cancelled,
    Delivery,
    Ended,
    FeedName,
    Fixture,
    ForeignEvent,
    Hold,
    Link,
    Note,
    Opening,
    Plan,
    ProducerId,
    ProducerTerms,
    join_line,
    millis,
    split_line,
)

from . import parking, settling


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of a batch: how many messages' parts were news, late or repeated, and parked."""

    counts: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)


async def take(
    turn: Turn,
    feed: FeedName,
    deliveries: Sequence[Delivery],
    *,
    terms: Mapping[ProducerId, ProducerTerms],
    fixtures: Mapping[ForeignEvent, Fixture],
    notes: Sequence[Note] = (),
) -> Taken:
    """Do what messages say, in their order; park what cannot be done.

    In a turn of sections of the catalogue it is prices, and what is on sale of markets that are
    there, and nothing else.

    Taking the same messages again, in any order, changes nothing: what is late or repeated is
    recognised by the newest that was heard of each market.

    Args:
        fixtures: what the supplier knows of events; those that we have not are opened, and the
            others start when it says.
        notes: what else is to be parked.

    Raises:
        TransactionConflict: it came to more than a turn of sections may change; in a turn of all
            of the catalogue it is done.
    """
    said = [item.said for item in deliveries if isinstance(item.said, AboutEvent)]
    events = list(dict.fromkeys(message.event for message in said))
    await _open_events(turn, feed, [fixtures[event] for event in events if event in fixtures])
    boards = await _find_boards(turn, feed, events)
    await _move_starts(turn, boards, fixtures)
    desk = rules.Desk(
        terms=terms,
        boards=boards,
        marks=await store.find_marks(turn.tx, _whose_marks(said, terms)),
        now_ms=millis(turn.now),
    )

    work = rules.take(desk, deliveries)
    if turn.sections is not None and (work or not desk.plan.is_of_events_on_sale):
        raise TransactionConflict("the messages came to change more than events on sale")

    await _carry_out(turn, desk.plan)
    await settling.settle(turn, desk, work)
    await store.save_marks(turn.tx, desk.fresh)
    parked = await parking.park(turn, [*notes, *desk.plan.notes])
    tried = [item.retry_of for item in deliveries if item.retry_of is not None]
    await parking.end_retries(turn, tried, desk.plan.notes)
    return Taken(counts=desk.plan.counts, parked=parked)


async def link(turn: Turn, found: Link, *, by: str) -> bool:
    """Say that a supplier's event is one of ours, whatever it was before; false if we have it not.

    From then on the supplier's messages are about it.  Markets that people have opened stay theirs.
    """
    if not await catalog.find_events_by_id(turn.tx, [found.event_id]):
        return False
    await store.save_links(turn.tx, [found])
    _tell_link(turn, found, by=by)
    return True


async def _open_events(turn: Turn, feed: FeedName, fixtures: Sequence[Fixture]) -> None:
    """Open the events that we have not, without markets: those come with their prices."""
    known = await store.find_links(turn.tx, feed, [item.event for item in fixtures])
    fresh = [item for item in fixtures if item.event not in known]
    if not fresh:
        return
    events = [
        NewEvent(
            id=EventId(derived_id("feed event", feed, item.event)),
            sport=item.sport,
            competition=item.competition,
            home=item.home,
            away=item.away,
            starts_at=item.starts_at,
            markets=(),
        )
        for item in fresh
    ]
    answers = await catalog.open_events(turn, events)
    links = [
        Link(feed=feed, foreign=item.event, event_id=event.id)
        for item, event, answer in zip(fresh, events, answers, strict=True)
        if isinstance(answer, Done)
    ]
    await store.save_links(turn.tx, links)
    for found in links:
        _tell_link(turn, found, by=None)


async def _move_starts(
    turn: Turn, boards: Mapping[ForeignEvent, Board], fixtures: Mapping[ForeignEvent, Fixture]
) -> None:
    """Have events start when their supplier says now."""
    changes = [
        EventChange(event_id=boards[event].event_id, starts_at=fixture.starts_at)
        for event, fixture in fixtures.items()
        if event in boards and boards[event].starts_at != fixture.starts_at
    ]
    if changes:
        await catalog.change_events(turn, changes)


def _whose_marks(
    said: Sequence[AboutEvent], terms: Collection[ProducerId]
) -> list[tuple[ProducerId, ForeignEvent]]:
    """Return whose marks of which events a batch needs: an end counts for all of the feed."""
    own = [(item.producer, item.event) for item in said]
    ended = dict.fromkeys(item.event for item in said if isinstance(item, Ended | Cancelled))
    others = [(producer, event) for event in ended for producer in terms]
    return list(dict.fromkeys([*own, *others]))


def _tell_link(turn: Turn, found: Link, *, by: str | None) -> None:
    turn.publish(
        CATALOGUE_SHARD,
        found.event_id,
        FeedEventLinked(feed=found.feed, foreign_id=found.foreign, event_id=found.event_id, by=by),
    )


async def _find_boards(
    turn: Turn, feed: FeedName, events: Sequence[ForeignEvent]
) -> dict[ForeignEvent, Board]:
    links = await store.find_links(turn.tx, feed, events)
    found = await catalog.find_events_by_id(turn.tx, list(dict.fromkeys(links.values())))
    markets = [market.id for event in found for market in event.markets]
    holds = await store.find_holds(turn.tx, markets)
    boards = {event.id: _board(event, holds) for event in found}
    await _mark_ended(turn, boards.values())
    return {foreign: boards[event_id] for foreign, event_id in links.items() if event_id in boards}


async def _mark_ended(turn: Turn, boards: Collection[Board]) -> None:
    """Mark the selections of which a result counts; each of them takes no bets since then."""
    markets = {
        market.id: market
        for board in boards
        for market in board.markets.values()
        if market.inactive and market.status not in rules.OVER
    }
    if not markets:
        return
    for market_id, result in (await settlement.find_results(turn.tx, markets)).items():
        ended = {item.selection_id for item in result.selections}
        market = markets[market_id]
        market.ended = frozenset(code for code, one in market.selections.items() if one in ended)


def _board(event: Event, holds: Mapping[MarketId, Hold]) -> Board:
    markets = [_board_market(market, holds) for market in event.markets]
    return Board(
        event_id=event.id,
        sport=event.sport,
        starts_at=event.starts_at,
        state=event.state,
        markets={market.key: market for market in markets},
    )


def _board_market(market: Market, holds: Mapping[MarketId, Hold]) -> BoardMarket:
    return BoardMarket(
        id=market.id,
        kind=market.kind,
        specifiers=join_line(write_line(market.line), market.specifiers),
        producer=None if market.producer is None else ProducerId(market.producer),
        status=market.status,
        selections={item.code: item.id for item in market.selections},
        inactive={item.code for item in market.selections if not item.active},
        hold=holds.get(market.id),
    )


async def _carry_out(turn: Turn, plan: Plan) -> None:
    """Do what the plan says: the catalogue tells it, and its ticks and numbers only grow."""
    if plan.openings:
        await catalog.open_markets(turn, _more_markets(plan.openings))
    if plan.taken_over:
        changes = [
            HandOver(market_id=market_id, producer=producer)
            for market_id, producer in plan.taken_over.items()
        ]
        await catalog.hand_over(turn, changes)
    if plan.events:
        await catalog.change_events(turn, plan.events)
    if plan.prices:
        prices = [
            PriceChange(selection_id=selection_id, price=price)
            for selection_id, price in plan.prices.items()
        ]
        await catalog.change_prices(turn, prices, confirming=True)
    if plan.actives:
        selections = [
            SelectionChange(selection_id=selection_id, active=active)
            for selection_id, active in plan.actives
        ]
        await catalog.set_selections(turn, selections)
    if plan.statuses:
        statuses = [
            StatusChange(
                market_id=market_id,
                status=MarketStatus.OPEN if is_open else MarketStatus.SUSPENDED,
            )
            for market_id, is_open in plan.statuses
        ]
        await catalog.set_status(turn, statuses)
    await store.save_holds(turn.tx, plan.holds)


def _more_markets(openings: Sequence[Opening]) -> list[MoreMarkets]:
    by_event: dict[EventId, list[NewMarket]] = {}
    for item in openings:
        line, specifiers = split_line(item.kind, item.specifiers)
        market = NewMarket(
            id=item.market_id,
            kind=item.kind,
            line=parse_line(line, item.kind),
            specifiers=specifiers,
            producer=item.producer,
            selections=tuple(
                NewSelection(id=selection_id, code=code, price=price)
                for selection_id, code, price in item.selections
            ),
        )
        by_event.setdefault(item.event_id, []).append(market)
    return [
        MoreMarkets(event_id=event_id, markets=tuple(markets))
        for event_id, markets in by_event.items()
    ]
