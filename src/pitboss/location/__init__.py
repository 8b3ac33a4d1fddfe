"""Where a player is: evidence is looked at, a check decides, a permit is what the gate asks for."""

from pitboss.location.operations import check, forget, gather
from pitboss.location.queries import find_history, find_permit, recall_permits, rehearse, state_of

__all__ = [
    "check",
    "find_history",
    "find_permit",
    "forget",
    "gather",
    "recall_permits",
    "rehearse",
    "state_of",
]
