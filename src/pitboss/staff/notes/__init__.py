"""Notes: what staff write down about a player, readable by those alone who say why."""

from pitboss.staff.notes.operations import read, write

__all__ = ["read", "write"]
