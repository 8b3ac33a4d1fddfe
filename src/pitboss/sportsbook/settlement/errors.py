"""Faults of settlement."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class RulesUnknown(PlatformError):
    """Something was settled under rules that this pitboss does not have."""
