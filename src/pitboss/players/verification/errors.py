"""Faults of verification providers, and of who pretends to be one."""

from __future__ import annotations

from pitboss.kernel.errors import Fault, PlatformError


class ProviderAway(Fault):
    """The provider gives no answer; it may have heard us, and asking again is harmless."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class ProviderConfused(Fault):
    """The provider does not understand or know us; somebody must look before it gets better."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)


class SignatureRefused(PlatformError):
    """What claims to come from a provider is not signed by it, or was signed too long ago."""
