"""Decisions of the catalogue: pure."""

from pitboss.sportsbook.catalog.rules.changing import (
    check_change,
    check_terms,
    decide_end,
    decide_event,
    decide_hand_over,
    decide_prices,
    decide_producers,
    decide_selections,
    decide_status,
    decide_terms,
    over,
)
from pitboss.sportsbook.catalog.rules.opening import (
    MARKETS_BYTES_MAX,
    check_event,
    check_markets,
    decide_markets,
    decide_openings,
    in_portions,
    inner_ids,
    name_of,
    opened_as,
)

__all__ = [
    "MARKETS_BYTES_MAX",
    "check_change",
    "check_event",
    "check_markets",
    "check_terms",
    "decide_end",
    "decide_event",
    "decide_hand_over",
    "decide_markets",
    "decide_openings",
    "decide_prices",
    "decide_producers",
    "decide_selections",
    "decide_status",
    "decide_terms",
    "in_portions",
    "inner_ids",
    "name_of",
    "opened_as",
    "over",
]
