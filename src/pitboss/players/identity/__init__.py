"""Who a player is: registration, login, status."""

from pitboss.players.identity.operations import register, replace_password_hash, set_status
from pitboss.players.identity.queries import (
    find_login,
    find_players,
    get_player,
    recall_players,
)

__all__ = [
    "find_login",
    "find_players",
    "get_player",
    "recall_players",
    "register",
    "replace_password_hash",
    "set_status",
]
