"""Reads of the catalogue: pages of events, and the offers at hand."""

from pitboss.sportsbook.catalog.queries.events import (
    find_event,
    find_events,
    find_events_by_id,
    find_markets,
    find_open_of,
    find_priced,
    find_producers,
    find_sections,
)
from pitboss.sportsbook.catalog.queries.shelf import SECTIONS_AT_ONCE_MAX, Places, Shelf

__all__ = [
    "SECTIONS_AT_ONCE_MAX",
    "Places",
    "Shelf",
    "find_event",
    "find_events",
    "find_events_by_id",
    "find_markets",
    "find_open_of",
    "find_priced",
    "find_producers",
    "find_sections",
]
