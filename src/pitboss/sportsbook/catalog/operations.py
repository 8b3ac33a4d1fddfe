"""Writes of the catalogue: inside the caller's turn of the catalogue's shard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.price import write_price
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook.catalog.facts import (
    EventOpened,
    EventRefused,
    MarketStatusChanged,
    MarketStatusRefused,
    OpenedMarket,
    OpenedSelection,
    PriceChanged,
    PriceRefused,
)
from pitboss.sportsbook.catalog.model import (
    Answer,
    Done,
    MarketStatus,
    NewEvent,
    PriceChange,
    Priced,
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
    for event, answer in zip(events, answers, strict=True):
        if isinstance(answer, Refused):
            refused = EventRefused(event_id=event.id, reason=answer.reason)
            turn.publish(CATALOGUE_SHARD, event.id, refused)
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
    for change, answer in zip(changes, answers, strict=True):
        if isinstance(answer, Refused):
            _tell_price_refused(turn, priced, change, answer.reason)
    return answers


async def set_status(turn: Turn, changes: Sequence[StatusChange]) -> tuple[Answer, ...]:
    """Open, suspend or close markets; closing is for ever."""
    places = await store.find_statuses(turn.tx, [change.market_id for change in changes])
    answers: list[Answer] = []
    for change in changes:
        place = places.get(change.market_id)
        if place is None:
            answers.append(_refuse_status(turn, change.market_id, change, Refusal.UNKNOWN_MARKET))
        elif place.status == change.status:
            answers.append(Done(changed=False))
        elif place.status is MarketStatus.CLOSED:
            answers.append(_refuse_status(turn, place.event_id, change, Refusal.MARKET_CLOSED))
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


def _tell_price_refused(
    turn: Turn, priced: Mapping[SelectionId, Priced], change: PriceChange, reason: Refusal
) -> None:
    there = priced.get(change.selection_id)
    turn.publish(
        CATALOGUE_SHARD,
        change.selection_id if there is None else there.event_id,
        PriceRefused(
            selection_id=change.selection_id, price=write_price(change.price), reason=reason
        ),
    )


def _refuse_status(turn: Turn, stream: str, change: StatusChange, reason: Refusal) -> Refused:
    refused = MarketStatusRefused(market_id=change.market_id, status=change.status, reason=reason)
    turn.publish(CATALOGUE_SHARD, stream, refused)
    return Refused(reason=reason)


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
