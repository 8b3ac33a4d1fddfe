"""One pool, one kind of transaction, ordered migrations, an embedded PostgreSQL."""

from pitboss.db.migrations import migrate
from pitboss.db.pool import Database, Transaction

__all__ = ["Database", "Transaction", "migrate"]
