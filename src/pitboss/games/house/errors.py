"""What is wrong with a wager, an action or a draw."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class Unplayable(PlatformError):
    """The round does not take this: no such bet, not now, or a draw for something else."""
