"""Writes of the catalogue: inside the caller's turn of the catalogue's shard."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.kernel.ids import MarketId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.price import write_price
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook.catalog.facts import (
    EventOpened,
    MarketStatusChanged,
    OpenedMarket,
    OpenedSelection,
    PriceChanged,
)
from pitboss.sportsbook.catalog.model import (
    Answer,
    Done,
    MarketStatus,
    NewEvent,
    PriceChange,
    Refusal,
    Refused,
    StatusChange,
    write_line,
)

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
    taken = await _find_taken(turn, [event for event in events if event.id not in known])

    answers, fresh = rules.decide_openings(events, known, taken)

    await store.save_events(turn.tx, fresh)
    for event in fresh:
        turn.publish(CATALOGUE_SHARD, event.id, _opened(event))
    return answers


async def change_prices(turn: Turn, changes: Sequence[PriceChange]) -> tuple[Answer, ...]:
    """Give selections new prices; each change moves the selection's tick on by one.

    A change to the price that a selection has already is done without a new tick, so a repeated
    message changes nothing.  A selection of a closed market keeps its price.
    """
    priced = await store.find_priced(turn.tx, [change.selection_id for change in changes])
    answers, moved = rules.decide_prices(priced, changes)

    await store.save_prices(turn.tx, list(moved.values()))
    for item in moved.values():
        turn.publish(
            CATALOGUE_SHARD,
            item.event_id,
            PriceChanged(
                selection_id=item.selection_id, price=write_price(item.price), tick=item.tick
            ),
        )
    return answers


async def set_status(turn: Turn, changes: Sequence[StatusChange]) -> tuple[Answer, ...]:
    """Open, suspend or close markets; closing is for ever."""
    places = await store.find_statuses(turn.tx, [change.market_id for change in changes])
    answers: list[Answer] = []
    for change in changes:
        place = places.get(change.market_id)
        if place is None:
            answers.append(Refused(reason=Refusal.UNKNOWN_MARKET))
        elif place.status == change.status:
            answers.append(Done(changed=False))
        elif place.status is MarketStatus.CLOSED:
            answers.append(Refused(reason=Refusal.MARKET_CLOSED))
        else:
            places[change.market_id] = rules.with_status(place, change.status)
            turn.publish(
                CATALOGUE_SHARD,
                place.event_id,
                MarketStatusChanged(market_id=change.market_id, status=change.status),
            )
            answers.append(Done(changed=True))

    await store.save_statuses(turn.tx, list(places.values()))
    return tuple(answers)


async def close_markets(turn: Turn, market_ids: Sequence[MarketId]) -> tuple[Answer, ...]:
    """Take no more bets on these markets, for ever."""
    return await set_status(
        turn, [StatusChange(market_id=item, status=MarketStatus.CLOSED) for item in market_ids]
    )


async def _find_taken(turn: Turn, events: Sequence[NewEvent]) -> set[str]:
    """Return those ids of the events' markets and selections that are in the catalogue."""
    markets = [market for event in events for market in event.markets]
    selections = [selection.id for market in markets for selection in market.selections]
    statuses = await store.find_statuses(turn.tx, [market.id for market in markets])
    return {*statuses, *await store.find_priced(turn.tx, selections)}


def _opened(event: NewEvent) -> EventOpened:
    return EventOpened(
        event_id=event.id,
        sport=event.sport,
        competition=event.competition,
        home=event.home,
        away=event.away,
        starts_at=write_instant(event.starts_at),
        markets=tuple(
            OpenedMarket(
                market_id=market.id,
                kind=market.kind,
                line=write_line(market.line),
                selections=tuple(
                    OpenedSelection(
                        selection_id=selection.id,
                        code=selection.code,
                        price=write_price(selection.price),
                    )
                    for selection in market.selections
                ),
            )
            for market in event.markets
        ),
    )
