"""How players get in: logins, lockouts, sessions and their ends."""

from pitboss.players.access.operations import (
    challenge_login,
    change_password,
    count_attempt,
    end_sessions,
    forget,
    judge,
    note_stranger,
    open_first,
    show,
    touch,
    unlock,
    unsay_attempt,
)
from pitboss.players.access.queries import (
    find_live,
    find_newest,
    find_sessions,
    find_stays,
    recall_sessions,
)

__all__ = [
    "challenge_login",
    "change_password",
    "count_attempt",
    "end_sessions",
    "find_live",
    "find_newest",
    "find_sessions",
    "find_stays",
    "forget",
    "judge",
    "note_stranger",
    "open_first",
    "recall_sessions",
    "show",
    "touch",
    "unlock",
    "unsay_attempt",
]
