"""Reads of the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.kernel.shards import Section, section_of
from pitboss.sportsbook.catalog import store
from pitboss.sportsbook.catalog.model import Event, Market, Named, Priced, Producer
from pitboss.sportsbook.catalog.queries.shelf import Places

EVENTS_PAGE_MAX = 100


async def find_event(tx: Transaction, event_id: EventId) -> Event | None:
    """Return one event with its markets and current prices."""
    events = await store.find_events(tx, [event_id])
    return events[0] if events else None


async def find_events_by_id(tx: Transaction, event_ids: Sequence[EventId]) -> list[Event]:
    """Return those of the events that exist, with their markets and current prices."""
    return await store.find_events(tx, event_ids)


async def find_events(
    tx: Transaction,
    *,
    starting_after: datetime,
    after: EventId | None = None,
    limit: int = EVENTS_PAGE_MAX,
    in_play: bool = False,
) -> list[Event]:
    """Return events by their start, at most 100 at once; `after` continues behind an event.

    With `in_play`, those that have begun and may be bet on, whenever they were to start.
    """
    page = min(limit, EVENTS_PAGE_MAX)
    if in_play:
        return await store.find_live_page(tx, after=after, limit=page)
    return await store.find_events_page(tx, starting_after=starting_after, after=after, limit=page)


async def find_markets(tx: Transaction, market_ids: Sequence[MarketId]) -> list[Market]:
    """Return those of the markets that exist."""
    return await store.find_markets(tx, market_ids)


async def find_open_of(tx: Transaction, producer: str) -> list[Named]:
    """Return the markets of a producer that are open, by their names: there may be very many."""
    return await store.find_open_of(tx, producer)


async def find_producers(tx: Transaction) -> list[Producer]:
    """Return who makes prices, as far as anybody has said whether they can be believed."""
    return list((await store.find_producers(tx, None)).values())


async def find_priced(
    tx: Transaction, selection_ids: Sequence[SelectionId]
) -> dict[SelectionId, Priced]:
    """Return the prices of those selections that exist, and where they belong."""
    return await store.find_priced(tx, selection_ids)


async def find_sections(
    tx: Transaction, selection_ids: Collection[SelectionId], places: Places
) -> frozenset[Section]:
    """Return in which sections of the catalogue prices of these selections are told.

    Of one that does not exist this is where its refusal is told.
    """
    found = await places.find(tx, selection_ids)
    return frozenset(section_of(found.get(item, item)) for item in selection_ids)
