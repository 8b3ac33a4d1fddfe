"""Accounts, holds, transfers: where each coin came from and where it went."""

from pitboss.wallet.operations import book, open_accounts
from pitboss.wallet.queries import (
    find_all_balances,
    find_balances,
    find_entry_sums,
    find_statement,
    find_totals,
)

__all__ = [
    "book",
    "find_all_balances",
    "find_balances",
    "find_entry_sums",
    "find_statement",
    "find_totals",
    "open_accounts",
]
