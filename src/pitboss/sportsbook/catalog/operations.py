"""Writes of the catalogue: inside the caller's turn of the catalogue's shard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.price import write_price
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import registry
from pitboss.sportsbook.catalog.facts import (
    EventChanged,
    EventChangeRefused,
    EventEnded,
    EventEndRefused,
    EventOpened,
    EventRefused,
    HandOverRefused,
    MarketHandedOver,
    MarketsOpened,
    MarketsRefused,
    MarketStatusChanged,
    MarketStatusRefused,
    OpenedMarket,
    OpenedSelection,
    PlaceTermsRefused,
    PlaceTermsSet,
    PriceChanged,
    PriceRefused,
    PricesConfirmed,
    ProducerStatusChanged,
    SelectionRefused,
    SelectionStatusChanged,
)
from pitboss.sportsbook.catalog.model import (
    Answer,
    Done,
    EventChange,
    EventEnd,
    HandOver,
    MarketStatus,
    MoreMarkets,
    NewEvent,
    NewMarket,
    Placed,
    PriceChange,
    Priced,
    ProducerChange,
    Refused,
    SelectionChange,
    Stage,
    StatusChange,
    check_producer,
    write_line,
)
from pitboss.sportsbook.registry.model import Ended
from pitboss.sportsbook.returns.model import TermsChange

from . import rules, store


async def open_events(turn: Turn, events: Sequence[NewEvent]) -> tuple[Answer, ...]:
    """Open sporting events with their markets, for bets at once.

    An event that is open already with the same content is left alone; with other content, or with
    a market or a selection of another event, it is refused.

    Raises:
        Malformed: an event could not be settled: a market lacks a selection or its line, or an id
            is given twice.
    """
    for place, event in enumerate(events):
        rules.check_event(event, field=f"events[{place}]")
    known = {event.id: event for event in await store.find_events(turn.tx, [e.id for e in events])}
    fresh_markets = [item for event in events if event.id not in known for item in event.markets]
    taken = await _find_taken(turn, fresh_markets)

    answers, fresh = rules.decide_openings(events, known, taken)
    told = {
        event.id: rules.in_portions(
            _opened_markets(event.markets), field=f"events[{events.index(event)}].markets"
        )
        for event in fresh
    }

    await store.save_events(turn.tx, fresh)
    markets = [(event.id, market) for event in fresh for market in event.markets]
    await store.save_markets(turn.tx, markets, turn.now)
    for event in fresh:
        first, *others = told[event.id]
        turn.publish(CATALOGUE_SHARD, event.id, _opened(event, first))
        for portion in others:
            more = MarketsOpened(event_id=event.id, markets=portion)
            turn.publish(CATALOGUE_SHARD, event.id, more)
    for event, answer in zip(events, answers, strict=True):
        if isinstance(answer, Refused):
            refused = EventRefused(event_id=event.id, reason=answer.reason)
            turn.publish(CATALOGUE_SHARD, event.id, refused)
    return answers


async def open_markets(turn: Turn, wishes: Sequence[MoreMarkets]) -> tuple[Answer, ...]:
    """Open more markets of events that are open already, for bets at once.

    A wish is granted as a whole or refused: its event is not there, or an id or the name of one of
    its markets is another's.  What of it is there already, as it is wished for, stays as it is.

    Raises:
        Malformed: a market could not be settled; see `open_events`.
    """
    found = await store.find_events(turn.tx, [wish.event_id for wish in wishes])
    events = {event.id: event for event in found}
    for place, wish in enumerate(wishes):
        # Of an event that is not there nobody knows the sport; the wish is refused for that.
        if (event := events.get(wish.event_id)) is not None:
            field = f"events[{place}].markets"
            rules.check_markets(wish.markets, sport=event.sport, field=field)
    taken = await _find_taken(turn, [market for wish in wishes for market in wish.markets])

    answers, fresh = rules.decide_markets(wishes, events, taken)

    markets = [(wish.event_id, market) for wish in fresh for market in wish.markets]
    await store.save_markets(turn.tx, markets, turn.now)
    for at, wish in enumerate(fresh):
        all_of_them = _opened_markets(wish.markets)
        for portion in rules.in_portions(all_of_them, field=f"events[{at}].markets"):
            opened = MarketsOpened(event_id=wish.event_id, markets=portion)
            turn.publish(CATALOGUE_SHARD, wish.event_id, opened)
    for wish, answer in zip(wishes, answers, strict=True):
        if isinstance(answer, Refused):
            refused = MarketsRefused(
                event_id=wish.event_id,
                market_ids=tuple(market.id for market in wish.markets),
                reason=answer.reason,
            )
            turn.publish(CATALOGUE_SHARD, wish.event_id, refused)
    return answers


async def change_prices(
    turn: Turn,
    changes: Sequence[PriceChange],
    *,
    confirming: bool = False,
    priced: Mapping[SelectionId, Priced] | None = None,
) -> tuple[Answer, ...]:
    """Give selections new prices; each change moves the selection's tick on by one.

    A change to the price that a selection has already is done without a new tick, so a repeated
    message changes nothing.  A selection of a closed market keeps its price.

    Args:
        confirming: who says a price again means that it still is one: it counts as priced now.
        priced: what `find_priced` says of these selections, if it was asked in this turn.
    """
    if priced is None:
        priced = await store.find_priced(turn.tx, [change.selection_id for change in changes])
    answers, moved = rules.decide_prices(priced, changes)

    await store.save_prices(turn.tx, list(moved.values()), turn.now)
    for item in moved.values():
        turn.publish(
            CATALOGUE_SHARD,
            item.event_id,
            PriceChanged(
                selection_id=item.selection_id, price=write_price(item.price), tick=item.tick
            ),
        )
    if confirming:
        said = [
            priced[change.selection_id]
            for change, answer in zip(changes, answers, strict=True)
            if answer == Done(changed=False) and change.selection_id not in moved
        ]
        await _confirm(turn, said)
    for change, answer in zip(changes, answers, strict=True):
        if isinstance(answer, Refused):
            there = priced.get(change.selection_id)
            turn.publish(
                CATALOGUE_SHARD,
                change.selection_id if there is None else there.event_id,
                PriceRefused(
                    selection_id=change.selection_id,
                    price=write_price(change.price),
                    reason=answer.reason,
                ),
            )
    return answers


async def set_selections(turn: Turn, changes: Sequence[SelectionChange]) -> tuple[Answer, ...]:
    """Let selections take bets, or no longer, while their markets go on as they are."""
    priced = await store.find_priced(turn.tx, [change.selection_id for change in changes])
    places = await store.find_statuses(turn.tx, [item.market_id for item in priced.values()])
    answers, made = rules.decide_selections(priced, places, changes)

    await store.save_active(turn.tx, list({item.selection_id: item for item, _ in made}.values()))
    await store.save_statuses(turn.tx, list({place.market_id: place for _, place in made}.values()))
    for item, place in made:
        fact = SelectionStatusChanged(
            selection_id=item.selection_id,
            market_id=item.market_id,
            active=item.active,
            status_no=place.status_no,
        )
        turn.publish(CATALOGUE_SHARD, item.event_id, fact)
    for change, answer in zip(changes, answers, strict=True):
        if isinstance(answer, Refused):
            there = priced.get(change.selection_id)
            turn.publish(
                CATALOGUE_SHARD,
                change.selection_id if there is None else there.event_id,
                SelectionRefused(
                    selection_id=change.selection_id, active=change.active, reason=answer.reason
                ),
            )
    return answers


async def set_status(turn: Turn, changes: Sequence[StatusChange]) -> tuple[Answer, ...]:
    """Open, suspend, close, settle or cancel markets.

    Closed, settled and cancelled are for ever, unless a change says that it takes that back.
    """
    places = await store.find_statuses(turn.tx, [change.market_id for change in changes])
    moved: dict[MarketId, Placed] = {}
    answers: list[Answer] = []
    for change in changes:
        before = moved.get(change.market_id) or places.get(change.market_id)
        after = rules.decide_status(before, change)
        if isinstance(after, Placed):
            moved[change.market_id] = after
            fact = MarketStatusChanged(
                market_id=after.market_id, status=after.status, status_no=after.status_no
            )
            turn.publish(CATALOGUE_SHARD, after.event_id, fact)
        elif isinstance(after, Refused):
            refused = MarketStatusRefused(
                market_id=change.market_id, status=change.status, reason=after.reason
            )
            stream = change.market_id if before is None else before.event_id
            turn.publish(CATALOGUE_SHARD, stream, refused)
        answers.append(Done(changed=True) if isinstance(after, Placed) else after)

    await store.save_statuses(turn.tx, list(moved.values()))
    return tuple(answers)


async def set_place_terms(turn: Turn, changes: Sequence[TermsChange]) -> tuple[Answer, ...]:
    """Let bets be on a place of these markets, by terms that are set once.

    The same terms again change nothing; others are refused, as bets may have been struck.

    Raises:
        Malformed: there are not 1 to 40 places, or the fraction is not above 0 and at most 1.
    """
    for at, change in enumerate(changes):
        rules.check_terms(change.terms, field=f"changes[{at}]")
    market_ids = [change.market_id for change in changes]
    places = await store.find_statuses(turn.tx, market_ids)
    known = await store.find_place_terms(turn.tx, market_ids)
    fresh: list[TermsChange] = []
    answers: list[Answer] = []
    for change in changes:
        answer = rules.decide_terms(places.get(change.market_id), known, change)
        said = (change.market_id, change.terms.places, str(change.terms.fraction))
        if isinstance(answer, Refused):
            market_id, count, fraction = said
            refused = PlaceTermsRefused(
                market_id=market_id, places=count, fraction=fraction, reason=answer.reason
            )
            turn.publish(CATALOGUE_SHARD, _stream(places.get(market_id), market_id), refused)
        elif answer.changed:
            market_id, count, fraction = said
            known[market_id] = change.terms
            fresh.append(change)
            told = PlaceTermsSet(market_id=market_id, places=count, fraction=fraction)
            turn.publish(CATALOGUE_SHARD, places[market_id].event_id, told)
        answers.append(answer)

    await store.save_place_terms(turn.tx, fresh)
    return tuple(answers)


def _stream(place: Placed | None, market_id: MarketId) -> str:
    return market_id if place is None else place.event_id


async def close_markets(turn: Turn, market_ids: Sequence[MarketId]) -> tuple[Answer, ...]:
    """Take no more bets on these markets, for ever."""
    return await set_status(
        turn, [StatusChange(market_id=item, status=MarketStatus.CLOSED) for item in market_ids]
    )


async def hand_over(turn: Turn, changes: Sequence[HandOver]) -> tuple[Answer, ...]:
    """Let markets have their prices from another producer, or from nobody in particular."""
    places = await store.find_statuses(turn.tx, [change.market_id for change in changes])
    former = {place.producer for place in places.values() if place.producer is not None}
    named = former | {item.producer for item in changes if item.producer is not None}
    producers = await store.find_producers(turn.tx, sorted(named))
    moved: dict[MarketId, Placed] = {}
    answers: list[Answer] = []
    for at, change in enumerate(changes):
        if change.producer is not None:
            check_producer(change.producer, field=f"changes[{at}].producer")
        before = moved.get(change.market_id) or places.get(change.market_id)
        after = rules.decide_hand_over(before, change, producers)
        if isinstance(after, Placed):
            moved[change.market_id] = after
            fact = MarketHandedOver(
                market_id=after.market_id, producer=after.producer, status_no=after.status_no
            )
            turn.publish(CATALOGUE_SHARD, after.event_id, fact)
        elif isinstance(after, Refused):
            refused = HandOverRefused(
                market_id=change.market_id, producer=change.producer, reason=after.reason
            )
            stream = change.market_id if before is None else before.event_id
            turn.publish(CATALOGUE_SHARD, stream, refused)
        answers.append(Done(changed=True) if isinstance(after, Placed) else after)

    await store.save_statuses(turn.tx, list(moved.values()))
    return tuple(answers)


async def change_events(turn: Turn, changes: Sequence[EventChange]) -> tuple[Answer, ...]:
    """Say what events have come to: status, score, period, clock, cards, start, delay of bets.

    The status goes forward only, unless a change says that it takes back what was said.  A change
    to what is so already changes nothing.

    Raises:
        Malformed: no event can come to that.
    """
    for at, change in enumerate(changes):
        rules.check_change(change, field=f"changes[{at}]")
    stages = await store.find_stages(turn.tx, [change.event_id for change in changes])
    moved: dict[EventId, Stage] = {}
    answers: list[Answer] = []
    for change in changes:
        after = rules.decide_event(
            moved.get(change.event_id) or stages.get(change.event_id), change
        )
        if isinstance(after, Stage):
            moved[change.event_id] = after
            turn.publish(CATALOGUE_SHARD, change.event_id, _come_to(after))
        elif isinstance(after, Refused):
            refused = EventChangeRefused(
                event_id=change.event_id, status=change.status, reason=after.reason
            )
            turn.publish(CATALOGUE_SHARD, change.event_id, refused)
        answers.append(Done(changed=True) if isinstance(after, Stage) else after)

    await store.save_stages(turn.tx, list(moved.values()))
    return tuple(answers)


async def end_events(turn: Turn, ends: Sequence[EventEnd]) -> tuple[Answer, ...]:
    """Say how events ended; what is said adds to what is known, and never contradicts it.

    The event is over with it (`ended`, or `abandoned`), so it takes no bets.  Its markets settle
    when their results are recorded.  Saying the same again changes nothing.

    Raises:
        Malformed: no event can have ended as that, or it names a runner that no market has.
    """
    of_runners = registry.kinds_of_runners()
    event_ids = [end.event_id for end in ends]
    known = await store.find_endings(turn.tx, event_ids, of_runners=of_runners)
    told: dict[EventId, Ended] = {}
    answers: list[Answer] = []
    for at, end in enumerate(ends):
        answer = rules.decide_end(
            known.get(end.event_id), end, now=turn.now, field=f"endings[{at}]"
        )
        if isinstance(answer, Ended):
            known[end.event_id] = replace(known[end.event_id], ended=answer)
            told[end.event_id] = answer
            turn.publish(
                CATALOGUE_SHARD, end.event_id, EventEnded(event_id=end.event_id, ended=answer)
            )
        elif isinstance(answer, Refused):
            refused = EventEndRefused(event_id=end.event_id, ended=end.ended, reason=answer.reason)
            turn.publish(CATALOGUE_SHARD, end.event_id, refused)
        answers.append(Done(changed=True) if isinstance(answer, Ended) else answer)

    await store.save_endings(turn.tx, told)
    stages = await store.find_stages(turn.tx, list(told))
    over = [rules.over(stage, told[event_id]) for event_id, stage in stages.items()]
    await change_events(turn, [change for change in over if change is not None])
    return tuple(answers)


async def set_producers(turn: Turn, changes: Sequence[ProducerChange]) -> tuple[Answer, ...]:
    """Say which producers can be believed; who was never named before is known from now on.

    While one is down or held, none of the markets whose prices come from it takes a bet.  That is
    one row, however many they are.

    Raises:
        Malformed: a name is none of a producer.
    """
    known = await store.find_producers(turn.tx, [change.producer for change in changes])
    answers, made = rules.decide_producers(changes, known, turn.now)

    await store.save_producers(turn.tx, list({item.producer: item for item in made}.values()))
    for item in made:
        fact = ProducerStatusChanged(
            producer=item.producer,
            state=item.state,
            why=item.why,
            change_no=item.change_no,
            held=item.held,
        )
        turn.publish(CATALOGUE_SHARD, derived_id("producer", item.producer), fact)
    return answers


async def _confirm(turn: Turn, said: Sequence[Priced]) -> None:
    by_event: dict[EventId, dict[SelectionId, None]] = {}
    for item in said:
        by_event.setdefault(item.event_id, {})[item.selection_id] = None
    for event_id, selection_ids in by_event.items():
        fact = PricesConfirmed(event_id=event_id, selection_ids=tuple(selection_ids))
        turn.publish(CATALOGUE_SHARD, event_id, fact)
    await store.save_confirmed(turn.tx, [item.selection_id for item in said], turn.now)


async def _find_taken(turn: Turn, markets: Sequence[NewMarket]) -> set[str]:
    """Return those ids of the markets and their selections that are in the catalogue."""
    selections = [selection.id for market in markets for selection in market.selections]
    statuses = await store.find_statuses(turn.tx, [market.id for market in markets])
    return {*statuses, *await store.find_priced(turn.tx, selections)}


def _opened(event: NewEvent, markets: tuple[OpenedMarket, ...]) -> EventOpened:
    return EventOpened(
        event_id=event.id,
        sport=event.sport,
        competition=event.competition,
        home=event.home,
        away=event.away,
        starts_at=write_instant(event.starts_at),
        markets=markets,
        name=event.name,
        in_play_open=event.in_play_open,
        bet_delay_seconds=event.bet_delay_seconds,
    )


def _opened_markets(markets: Sequence[NewMarket]) -> tuple[OpenedMarket, ...]:
    return tuple(
        OpenedMarket(
            market_id=market.id,
            kind=market.kind,
            line=write_line(market.line),
            specifiers=market.specifiers,
            producer=market.producer,
            status=market.status,
            selections=tuple(
                OpenedSelection(
                    selection_id=selection.id,
                    code=selection.code,
                    price=write_price(selection.price),
                    name=selection.name,
                )
                for selection in market.selections
            ),
        )
        for market in markets
    )


def _come_to(stage: Stage) -> EventChanged:
    state = stage.state
    return EventChanged(
        event_id=stage.event_id,
        starts_at=write_instant(stage.starts_at),
        status=state.status,
        status_no=state.status_no,
        live_no=state.live_no,
        score=state.score,
        period=state.period,
        clock_seconds=state.clock_seconds,
        red_cards=state.red_cards,
        bet_delay_seconds=state.bet_delay_seconds,
        in_play_open=state.in_play_open,
    )
