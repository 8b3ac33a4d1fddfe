"""Faults of the registry."""

from __future__ import annotations

from pitboss.kernel.errors import Fault


class ProviderAway(Fault):
    """A provider did not answer what it was asked about its games; it may be asked again."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)
