"""Limits that players set, what is used of them, and what is left."""

from pitboss.responsible.limits.operations import change, confirm, count, withdraw
from pitboss.responsible.limits.queries import list_limits, recall_allowances

__all__ = ["change", "confirm", "count", "list_limits", "recall_allowances", "withdraw"]
