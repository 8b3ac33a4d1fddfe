"""Reads of pricing."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.db import Transaction
from pitboss.kernel.shards import Section, section_of
from pitboss.sportsbook import catalog
from pitboss.sportsbook.pricing.model import Push, stream_of


async def find_sections(
    tx: Transaction, pushes: Sequence[Push], places: catalog.Places
) -> frozenset[Section] | None:
    """Return in which sections of the catalogue these pushes are told, whatever comes of them.

    None: they are so many that all of it is to be locked.
    """
    sources = (push.number for push in pushes if push.number is not None)
    selections = {item.change.selection_id for push in pushes for item in push.prices}
    found = frozenset(section_of(stream_of(number)) for number in sources) | (
        await catalog.find_sections(tx, selections, places)
    )
    return found if len(found) <= catalog.SECTIONS_AT_ONCE_MAX else None
