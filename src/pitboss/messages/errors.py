"""Faults of the log and of the facts."""

from __future__ import annotations

from pitboss.kernel.errors import Fault


class Fenced(Fault):
    """Somebody else has taken over what this process believed to own; it must stop writing."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)
