"""Faults of identity."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class PlayerMissing(PlatformError):
    """There is no player with this id, where there must be one."""
