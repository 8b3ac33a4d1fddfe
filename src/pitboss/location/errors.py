"""What can be wrong with what an operator supplies for locating players."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class BoundaryMalformed(PlatformError):
    """A boundary file is not GeoJSON with areas in it; the message names the file."""


class KeysMalformed(PlatformError):
    """A file of a provider's keys cannot be used; the message names the file."""


class AddressesMalformed(PlatformError):
    """A file of addresses is not a MaxMind database; the message names the file."""
