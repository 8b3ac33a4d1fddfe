"""Rounds of games: what providers stake, win and undo for players, and in which sessions."""

from pitboss.games.rounds.operations import (
    end_session,
    find_demonstration,
    open_session,
    play,
    recall_sessions,
    resolve,
    swap_token,
)
from pitboss.games.rounds.queries import (
    find_bet,
    find_bookings,
    find_bookings_of_round,
    find_open_rounds,
    find_round,
    find_round_by_id,
    find_rounds,
    find_rounds_by_id,
    find_standing,
)

__all__ = [
    "end_session",
    "find_bet",
    "find_bookings",
    "find_bookings_of_round",
    "find_demonstration",
    "find_open_rounds",
    "find_round",
    "find_round_by_id",
    "find_rounds",
    "find_rounds_by_id",
    "find_standing",
    "open_session",
    "play",
    "recall_sessions",
    "resolve",
    "swap_token",
]
