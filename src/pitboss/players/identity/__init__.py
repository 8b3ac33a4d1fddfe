"""Who a player is: registration, login, status, erasure."""

from pitboss.players.identity.operations import (
    erase,
    register,
    replace_password_hash,
    set_status,
)
from pitboss.players.identity.queries import (
    find_alike,
    find_login,
    find_login_of,
    find_players,
    foresee_refusal,
    get_player,
    recall_ages,
    recall_players,
)

__all__ = [
    "erase",
    "find_alike",
    "find_login",
    "find_login_of",
    "find_players",
    "foresee_refusal",
    "get_player",
    "recall_ages",
    "recall_players",
    "register",
    "replace_password_hash",
    "set_status",
]
