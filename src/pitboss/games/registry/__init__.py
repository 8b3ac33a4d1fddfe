"""The registry of games: versions, certificates licence by licence, and what is stopped."""

from pitboss.games.registry.operations import import_games, suspend, withdraw
from pitboss.games.registry.queries import (
    compare,
    counting,
    find_certificates,
    find_games,
    find_offers,
    listings_of,
    refuse_game,
    refuse_stake,
    state_of,
)

__all__ = [
    "compare",
    "counting",
    "find_certificates",
    "find_games",
    "find_offers",
    "import_games",
    "listings_of",
    "refuse_game",
    "refuse_stake",
    "state_of",
    "suspend",
    "withdraw",
]
