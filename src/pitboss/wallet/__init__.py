"""Accounts, holds, transfers: where each coin came from and where it went."""

from pitboss.wallet.operations import book, collect, open_accounts, write_off
from pitboss.wallet.queries import (
    find_all_balances,
    find_balances,
    find_entry_sums,
    find_receivables,
    find_statement,
    find_totals,
)

__all__ = [
    "book",
    "collect",
    "find_all_balances",
    "find_balances",
    "find_entry_sums",
    "find_receivables",
    "find_statement",
    "find_totals",
    "open_accounts",
    "write_off",
]
