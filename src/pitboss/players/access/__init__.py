"""How players get in: logins, lockouts, second factors, sessions and their ends."""

from pitboss.players.access.operations import (
    change_password,
    confirm_factor,
    count_attempt,
    end_sessions,
    forget,
    judge,
    note_stranger,
    offer_factor,
    open_first,
    remove_factor,
    touch,
    unlock,
    unsay_attempt,
)
from pitboss.players.access.queries import find_live, find_sessions, find_stays, has_factor

__all__ = [
    "change_password",
    "confirm_factor",
    "count_attempt",
    "end_sessions",
    "find_live",
    "find_sessions",
    "find_stays",
    "forget",
    "has_factor",
    "judge",
    "note_stranger",
    "offer_factor",
    "open_first",
    "remove_factor",
    "touch",
    "unlock",
    "unsay_attempt",
]
