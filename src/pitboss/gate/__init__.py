"""May this player wager this much, here, now?  One answer for every product, with its reason."""

from pitboss.gate.operations import (
    check,
    check_demonstrations,
    check_deposits,
    check_rewards,
)
from pitboss.gate.queries import find_mailing

__all__ = [
    "check",
    "check_demonstrations",
    "check_deposits",
    "check_rewards",
    "find_mailing",
]
