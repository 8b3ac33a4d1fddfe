"""What can be bet on: events, markets, selections and their prices."""

from pitboss.sportsbook.catalog.operations import (
    change_events,
    change_prices,
    close_markets,
    end_events,
    hand_over,
    open_events,
    open_markets,
    set_place_terms,
    set_producers,
    set_selections,
    set_status,
)
from pitboss.sportsbook.catalog.queries import (
    Places,
    Shelf,
    find_event,
    find_events,
    find_events_by_id,
    find_markets,
    find_priced,
    find_producers,
    find_sections,
)

__all__ = [
    "Places",
    "Shelf",
    "change_events",
    "change_prices",
    "close_markets",
    "end_events",
    "find_event",
    "find_events",
    "find_events_by_id",
    "find_markets",
    "find_priced",
    "find_producers",
    "find_sections",
    "hand_over",
    "open_events",
    "open_markets",
    "set_place_terms",
    "set_producers",
    "set_selections",
    "set_status",
]
