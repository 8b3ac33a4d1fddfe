"""Offers at hand: what deciding on bets reads of the catalogue, without reading it each time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from pitboss import messages
from pitboss.db import Transaction
from pitboss.kernel.ids import EventId, SelectionId
from pitboss.kernel.shards import CATALOGUE_SHARD, section_of
from pitboss.sportsbook.catalog import store
from pitboss.sportsbook.catalog.model import Offer

# A shelf with more offers than this starts anew, so that its memory stays bounded.
SHELF_OFFERS_MAX = 100_000
# Whoever needs more of the catalogue locks all of it: a server has room for some thousand locks.
SECTIONS_AT_ONCE_MAX = 500


class Places:
    """Of which events selections are, which never changes."""

    def __init__(self) -> None:
        self._known: dict[SelectionId, EventId] = {}

    def get(self, selection_id: SelectionId) -> EventId | None:
        """Return a selection's event, if that was found already."""
        return self._known.get(selection_id)

    def has(self, selection_ids: Collection[SelectionId]) -> bool:
        """Say whether all of these were found already."""
        return self._known.keys() >= set(selection_ids)

    async def find(
        self, tx: Transaction, selection_ids: Collection[SelectionId]
    ) -> dict[SelectionId, EventId]:
        """Return the events of those of the selections that exist."""
        if len(self._known) > SHELF_OFFERS_MAX:
            self._known = {}
        known = self._known
        unknown = [item for item in selection_ids if item not in known]
        if unknown:
            known |= await store.find_places(tx, unknown)
        return {item: known[item] for item in selection_ids if item in known}


@dataclass(slots=True)
class _Kept:
    """Offers of an event, as they were when it was told of so far; looked at when the shard was."""

    version: int
    looked_at: int
    offers: dict[SelectionId, Offer] = field(default_factory=dict)


class Shelf:
    """Offers at hand, known to be current.

    Nothing in the catalogue changes without a fact, and every fact moves its stream and the seq of
    the shard.  So offers fetched at one seq are the rows themselves for as long as the seq stays.
    When it has moved, those of an event still stand if its stream has not, and nothing was
    revoked: whoever changes more than events of some sections revokes.
    """

    def __init__(self) -> None:
        self._seq = -1
        self._revoked = -1
        self._count = 0
        self._events: dict[EventId, _Kept] = {}
        self._places = Places()

    @property
    def seq(self) -> int:
        """The seq at which these offers stand; -1 before anything was read."""
        return self._seq

    @property
    def revoked(self) -> int:
        """How often more than events of some sections had changed; -1 before anything was read.

        Limits, and all else that no event tells of, stand for as long as this does.
        """
        return self._revoked

    def at_hand(self, selection_ids: Collection[SelectionId]) -> Mapping[SelectionId, Offer] | None:
        """Return these offers without asking anybody, if all of them stand at the shelf's seq."""
        offers: dict[SelectionId, Offer] = {}
        for item in selection_ids:
            place = self._places.get(item)
            kept = None if place is None else self._events.get(place)
            if kept is None or kept.looked_at != self._seq or item not in kept.offers:
                return None
            offers[item] = kept.offers[item]
        return offers

    async def locked(
        self, tx: Transaction, selection_ids: Collection[SelectionId]
    ) -> Mapping[SelectionId, Offer]:
        """Return these offers, which cannot change until this transaction ends; for acceptance.

        Prices of other sections may.  For one call in a transaction: see `messages.lock_sections`.
        """
        if not self._places.has(selection_ids):
            # Nobody opens any from here on: what is not found now is not there until the end.
            await messages.lock_sections(tx, ())
        places = await self._places.find(tx, selection_ids)
        sections = {section_of(event_id) for event_id in places.values()}
        if len(sections) > SECTIONS_AT_ONCE_MAX:
            await messages.lock_shared(tx, CATALOGUE_SHARD)
        else:
            await messages.lock_sections(tx, sections)
        return await self._follow(tx, places)

    async def still(
        self, tx: Transaction, selection_ids: Collection[SelectionId]
    ) -> Mapping[SelectionId, Offer]:
        """Return these offers while all of the catalogue stands still, until the end."""
        await messages.lock_shared(tx, CATALOGUE_SHARD)
        return await self.seen(tx, selection_ids)

    async def seen(
        self, tx: Transaction, selection_ids: Collection[SelectionId]
    ) -> Mapping[SelectionId, Offer]:
        """Return the offers as committed a moment ago; for displays and early refusals only."""
        return await self._follow(tx, await self._places.find(tx, selection_ids))

    async def _follow(
        self, tx: Transaction, places: Mapping[SelectionId, EventId]
    ) -> Mapping[SelectionId, Offer]:
        """Fetch those of the offers that do not stand any more, or are not here; return all.

        How far events were told of is read before their offers, so what changes in between is
        fetched once too often and never too seldom.
        """
        wanted = list(set(places.values()))
        stand = await messages.read_stand(tx, CATALOGUE_SHARD, wanted)
        if stand.revoked != self._revoked or self._count > SHELF_OFFERS_MAX:
            self._events, self._count = {}, 0
        self._seq, self._revoked = stand.seq, stand.revoked
        events: dict[EventId, _Kept] = {}
        for event_id in wanted:
            version = stand.versions.get(event_id, 0)
            kept = self._events.get(event_id)
            if kept is None or kept.version != version:
                # A new one, so that nobody who is still filling the old one fills this.
                kept = self._events[event_id] = _Kept(version, stand.seq)
            kept.looked_at = stand.seq
            events[event_id] = kept

        missing = [item for item, place in places.items() if item not in events[place].offers]
        if missing:
            for offer in await store.find_offers(tx, missing):
                events[offer.event_id].offers[offer.selection_id] = offer
            # Offers that gave way to newer ones are counted too: the shelf starts anew sooner.
            self._count += len(missing)
        # Every selection that has a place is there: none is ever taken away.
        return {item: events[place].offers[item] for item, place in places.items()}
