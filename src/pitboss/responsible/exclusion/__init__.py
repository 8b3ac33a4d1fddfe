"""Players who may not play for a time: time-outs and exclusions, from everything at once."""

from pitboss.responsible.exclusion.operations import (
    ask_to_return,
    exclude,
    exclude_by_register,
    lift_imposed,
    release,
)
from pitboss.responsible.exclusion.queries import (
    count_exclusions,
    find_excluded,
    find_kept_away,
    is_imposed,
    is_over,
    list_exclusions,
    recall_exclusions,
)

__all__ = [
    "ask_to_return",
    "count_exclusions",
    "exclude",
    "exclude_by_register",
    "find_excluded",
    "find_kept_away",
    "is_imposed",
    "is_over",
    "lift_imposed",
    "list_exclusions",
    "recall_exclusions",
    "release",
]
