"""Bets: from the command in the log to an accepted contract or a refusal."""

from pitboss.sportsbook.betting.operations import close_bets, place
from pitboss.sportsbook.betting.queries import (
    find_bet,
    find_bets,
    find_open_bets,
    find_open_bets_of,
    find_owner,
    find_totals,
    find_waiting,
)

__all__ = [
    "close_bets",
    "find_bet",
    "find_bets",
    "find_open_bets",
    "find_open_bets_of",
    "find_owner",
    "find_totals",
    "find_waiting",
    "place",
]
