"""Faults of voiding."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class ExclusionBroken(PlatformError):
    """What an exclusion makes void cannot be found out; its cause says why."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the exclusion at position {position} cannot be heard")
        self.position = position
