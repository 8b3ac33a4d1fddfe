"""Faults of the registry."""

from __future__ import annotations

from pitboss.kernel.errors import PeerAway


class ProviderAway(PeerAway):
    """A provider did not answer what it was asked about its games; it may be asked again."""
