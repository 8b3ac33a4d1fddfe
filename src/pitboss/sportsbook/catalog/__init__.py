"""What can be bet on: events, markets, selections and their prices."""

from pitboss.sportsbook.catalog.operations import (
    change_prices,
    close_markets,
    open_events,
    set_status,
)
from pitboss.sportsbook.catalog.queries import (
    Shelf,
    find_event,
    find_events,
    find_events_by_id,
    find_markets,
)

__all__ = [
    "Shelf",
    "change_prices",
    "close_markets",
    "find_event",
    "find_events",
    "find_events_by_id",
    "find_markets",
    "open_events",
    "set_status",
]
