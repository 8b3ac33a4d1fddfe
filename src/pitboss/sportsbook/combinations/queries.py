"""What other rooms ask of combinations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from pitboss.db import Transaction
from pitboss.kernel.ids import EventId
from pitboss.sportsbook import catalog
from pitboss.sportsbook.combinations.model import Combination

from . import rules, store

ON_SALE_MAX = 200


async def find(tx: Transaction, ids: Collection[str]) -> dict[str, Combination]:
    """Return those of the combinations that exist, as they stand.

    For acceptance the caller has locked the catalogue, whose turn alone changes them.
    """
    return await store.find(tx, ids) if ids else {}


async def find_on_sale(
    tx: Transaction, event_id: EventId, *, now: datetime, in_play_age_max: timedelta
) -> list[Combination]:
    """Return the combinations of an event that can be bet on, at most 200; see `rules.is_on_sale`.

    Those that are priced out by now do not count, however many they are.
    """
    found = await store.find_of_event(tx, event_id)
    parts = {part.selection_id for one in found for part in one.parts}
    offers = await catalog.Shelf().seen(tx, parts)
    on_sale = [
        one
        for one in found
        if rules.is_on_sale(one, offers, now=now, in_play_age_max=in_play_age_max)
    ]
    return on_sale[:ON_SALE_MAX]
