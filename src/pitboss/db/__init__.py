"""One pool, one kind of transaction, ordered migrations, an embedded PostgreSQL."""

from pitboss.db.migrations import migrate
from pitboss.db.pool import Database, MomentName, Transaction

__all__ = ["Database", "MomentName", "Transaction", "migrate"]
