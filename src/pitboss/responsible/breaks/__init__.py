"""What interrupts play: reality checks, mandatory breaks, and how far a session has come."""

from pitboss.responsible.breaks.operations import answer, begin, choose
from pitboss.responsible.breaks.queries import (
    break_now,
    due_at,
    find_interval,
    find_state,
    find_statement,
    is_watched,
    minutes_of,
    pace_of,
    planned,
    recall_paces,
    stays_since,
    wants_breaks,
)

__all__ = [
    "answer",
    "begin",
    "break_now",
    "choose",
    "due_at",
    "find_interval",
    "find_state",
    "find_statement",
    "is_watched",
    "minutes_of",
    "pace_of",
    "planned",
    "recall_paces",
    "stays_since",
    "wants_breaks",
]
