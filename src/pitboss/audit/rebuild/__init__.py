"""State, made again from facts: held against the tables as they are, or shown as it was."""

from pitboss.audit.rebuild.queries import check, show

__all__ = ["check", "show"]
