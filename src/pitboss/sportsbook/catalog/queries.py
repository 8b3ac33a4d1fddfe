"""Reads of the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pitboss import messages
from pitboss.db import Transaction
from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook.catalog.model import Event, Market, Offer, Priced, Producer

from . import store

EVENTS_PAGE_MAX = 100
# A shelf with more offers than this starts anew, so that its memory stays bounded.
SHELF_OFFERS_MAX = 100_000


class Shelf:
    """Offers at hand, known to be current.

    Nothing in the catalogue changes without a fact, and every fact moves the seq of its shard.
    So offers fetched at one seq are the rows themselves for as long as the seq stays.
    """

    def __init__(self) -> None:
        self._seq = -1
        self._offers: dict[SelectionId, Offer] = {}

    @property
    def seq(self) -> int:
        """The seq at which these offers stand; -1 before anything was read."""
        return self._seq

    def at_hand(self, selection_ids: Collection[SelectionId]) -> Mapping[SelectionId, Offer] | None:
        """Return the offers without asking anybody, if all of them are on the shelf."""
        offers = self._offers
        return offers if all(item in offers for item in selection_ids) else None

    async def locked(
        self, tx: Transaction, selection_ids: Collection[SelectionId]
    ) -> Mapping[SelectionId, Offer]:
        """Return the offers, which cannot change until this transaction ends; for acceptance."""
        return await self._at(tx, await messages.lock_shared(tx, CATALOGUE_SHARD), selection_ids)

    async def seen(
        self, tx: Transaction, selection_ids: Collection[SelectionId]
    ) -> Mapping[SelectionId, Offer]:
        """Return the offers as committed a moment ago; for displays and early refusals only."""
        return await self._at(tx, await messages.read_seq(tx, CATALOGUE_SHARD), selection_ids)

    async def _at(
        self, tx: Transaction, seq: int, selection_ids: Collection[SelectionId]
    ) -> Mapping[SelectionId, Offer]:
        if seq != self._seq or len(self._offers) > SHELF_OFFERS_MAX:
            self._seq, self._offers = seq, {}
        # Of this seq, even if somebody else has started anew when the answer comes: what was read
        # before a change must not be put beside what was read after it.
        offers = self._offers
        missing = [item for item in selection_ids if item not in offers]
        if missing:
            for offer in await store.find_offers(tx, missing):
                offers[offer.selection_id] = offer
        return offers


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


async def find_producers(tx: Transaction) -> list[Producer]:
    """Return who makes prices, as far as anybody has said whether they can be believed."""
    return list((await store.find_producers(tx, None)).values())


async def find_priced(
    tx: Transaction, selection_ids: Sequence[SelectionId]
) -> dict[SelectionId, Priced]:
    """Return the prices of those selections that exist, and where they belong."""
    return await store.find_priced(tx, selection_ids)
