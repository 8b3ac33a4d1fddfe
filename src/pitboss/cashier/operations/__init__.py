"""Writes of the cashier, split by matter."""

from pitboss.cashier.operations.paying import (
    admit_deposits,
    fail_deposits,
    postpone,
    record_news,
    record_submissions,
    request_deposits,
    request_withdrawals,
    unblock_deposits,
)
from pitboss.cashier.operations.returning import pay_out_wins, return_balances

__all__ = [
    "admit_deposits",
    "fail_deposits",
    "pay_out_wins",
    "postpone",
    "record_news",
    "record_submissions",
    "request_deposits",
    "request_withdrawals",
    "return_balances",
    "unblock_deposits",
]
