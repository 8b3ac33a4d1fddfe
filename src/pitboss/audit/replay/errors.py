"""Why there is nothing to replay."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class BetMissing(PlatformError):
    """No fact says that such a bet was decided."""


class NotSettled(PlatformError):
    """The bet was refused, or waits for results: nothing was worked out that could be replayed."""
