"""Who a player is: registration, login, status."""

from pitboss.players.identity.operations import register, replace_password_hash, set_status
from pitboss.players.identity.queries import find_login, find_players, get_player

__all__ = [
    "find_login",
    "find_players",
    "get_player",
    "register",
    "replace_password_hash",
    "set_status",
]
