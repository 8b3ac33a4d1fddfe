"""Faults of personal data."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class WrongKey(PlatformError):
    """What is stored was sealed under another key, or was changed since.

    Either the house's key file is not the one that this database was used with, or somebody wrote
    to the database.  The message names the subject and the path, never the value.
    """
