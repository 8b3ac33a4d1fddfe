"""Why nothing can be shown."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class EntityMissing(PlatformError):
    """No fact has made it, or not yet by then."""
