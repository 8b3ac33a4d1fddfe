"""What can be wrong with a stored fact."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class FactUnreadable(PlatformError):
    """A stored fact is not what facts are; the message says which one, and what is wrong."""
