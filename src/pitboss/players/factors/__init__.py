"""Second factors: an authenticator's codes, security keys, recovery codes."""

from pitboss.players.factors.operations import (
    add_key,
    challenge,
    confirm_factor,
    forget,
    offer_factor,
    prove,
    remove_factor,
    remove_key,
    use_up,
)
from pitboss.players.factors.queries import find_factors, find_keys, has_factor, recall_guarded

__all__ = [
    "add_key",
    "challenge",
    "confirm_factor",
    "find_factors",
    "find_keys",
    "forget",
    "has_factor",
    "offer_factor",
    "prove",
    "recall_guarded",
    "remove_factor",
    "remove_key",
    "use_up",
]
