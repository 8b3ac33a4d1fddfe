"""Faults of national registers."""

from __future__ import annotations

from pitboss.kernel.errors import Fault


class RegisterAway(Fault):
    """The register gives no answer in time, or asks to come again later."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class RegisterConfused(Fault):
    """The register does not know us, or answers what cannot be read; somebody must look."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)
