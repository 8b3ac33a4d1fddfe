"""Faults of trading."""

from __future__ import annotations

from pitboss.kernel.errors import Fault


class RoomMoved(Fault):
    """What was to be had of a limit when it was looked at is not to be had any more."""

    def __init__(self) -> None:
        super().__init__("the room for these bets was moved meanwhile", retryable=True)
