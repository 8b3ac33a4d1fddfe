"""What goes wrong between a round of the house and what it is drawn from."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class DrawUntold(PlatformError):
    """A kept round does not follow from its steps: nobody plays on, and somebody must look."""
