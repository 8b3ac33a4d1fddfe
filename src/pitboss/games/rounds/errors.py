"""Faults of rounds."""

from __future__ import annotations

from pitboss.kernel.errors import Fault


class GameNotLaunched(Fault):
    """A provider did not open a game; the player may try again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)
