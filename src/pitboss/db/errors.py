"""Faults of the database."""

from __future__ import annotations

from pitboss.kernel.errors import Fault, PlatformError


class DatabaseAway(Fault):
    """PostgreSQL cannot be reached, or it broke off; nothing is known to be committed."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class TransactionConflict(Fault):
    """PostgreSQL gave this transaction up for another one; doing it again is right."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class MigrationMismatch(PlatformError):
    """The database was migrated by other files than these."""


class OwnerNeeded(PlatformError):
    """What was to be done to the schema takes the role that owns it."""


class EmbeddedServerFailed(PlatformError):
    """The embedded PostgreSQL could not be started or stopped."""
