"""Writes of rounds: inside the caller's turn, safe to repeat."""

from pitboss.games.rounds.operations.playing import play
from pitboss.games.rounds.operations.resolving import resolve
from pitboss.games.rounds.operations.seats import recall_sessions
from pitboss.games.rounds.operations.sitting import (
    end_session,
    find_demonstration,
    open_session,
    swap_token,
)

__all__ = [
    "end_session",
    "find_demonstration",
    "open_session",
    "play",
    "recall_sessions",
    "resolve",
    "swap_token",
]
