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
    find_stretches,
    recall_sessions,
    recall_stretches,
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
    "find_stretches",
    "forget",
    "judge",
    "note_stranger",
    "open_first",
    "recall_sessions",
    "recall_stretches",
    "show",
    "touch",
    "unlock",
    "unsay_attempt",
]
