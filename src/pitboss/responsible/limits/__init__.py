"""Limits that players set, what is used of them, and what is left."""

from pitboss.responsible.limits.operations import (
    change,
    close_used_up,
    confirm,
    count,
    name_payout,
    note_lost_wins,
    note_payout,
    raise_cap,
    withdraw,
)
from pitboss.responsible.limits.queries import (
    find_payouts,
    find_totals,
    find_used,
    find_winners,
    list_changes,
    list_limits,
    measure,
    notice_at,
    recall_allowances,
    time_since,
)

__all__ = [
    "change",
    "close_used_up",
    "confirm",
    "count",
    "find_payouts",
    "find_totals",
    "find_used",
    "find_winners",
    "list_changes",
    "list_limits",
    "measure",
    "name_payout",
    "note_lost_wins",
    "note_payout",
    "notice_at",
    "raise_cap",
    "recall_allowances",
    "time_since",
    "withdraw",
]
