"""How much may be won: limits, what open bets would win, and what is left."""

from pitboss.sportsbook.trading.operations import (
    Desk,
    change,
    offer,
    rise,
    set_factor,
    set_limits,
    take,
    weigh,
)
from pitboss.sportsbook.trading.queries import (
    find_books,
    find_factors,
    find_history,
    find_limits,
    find_sheet,
    find_stake_max,
)

__all__ = [
    "Desk",
    "change",
    "find_books",
    "find_factors",
    "find_history",
    "find_limits",
    "find_sheet",
    "find_stake_max",
    "offer",
    "rise",
    "set_factor",
    "set_limits",
    "take",
    "weigh",
]
