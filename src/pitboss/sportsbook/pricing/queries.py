"""Reads of pricing."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.db import Transaction
from pitboss.kernel.shards import Section, section_of
from pitboss.sportsbook import catalog
from pitboss.sportsbook.pricing.model import Push, stream_of


async def find_sections(
    tx: Transaction, pushes: Sequence[Push], places: catalog.Places
) -> frozenset[Section]:
    """Return in which sections of the catalogue these pushes are told, whatever comes of them."""
    sources = (push.number for push in pushes if push.number is not None)
    selections = {item.change.selection_id for push in pushes for item in push.prices}
    return frozenset(section_of(stream_of(number)) for number in sources) | (
        await catalog.find_sections(tx, selections, places)
    )
