"""What bets pay once their selections have results, and the paying."""

from pitboss.sportsbook.settlement.operations import (
    record_as_shown,
    record_results,
    record_scores,
    record_starts,
    set_aside,
    settle_waiting,
)
from pitboss.sportsbook.settlement.queries import (
    find_awaited,
    find_endings,
    find_lags,
    find_results,
    find_scenarios,
    find_versions,
    list_aside,
    preview,
    replay,
    was_recorded,
    weigh,
)

__all__ = [
    "find_awaited",
    "find_endings",
    "find_lags",
    "find_results",
    "find_scenarios",
    "find_versions",
    "list_aside",
    "preview",
    "record_as_shown",
    "record_results",
    "record_scores",
    "record_starts",
    "replay",
    "set_aside",
    "settle_waiting",
    "was_recorded",
    "weigh",
]
