"""Money in and out: deposits, withdrawals, and what payment providers tell about them."""

from pitboss.cashier.operations import (
    admit_deposits,
    fail_deposits,
    postpone,
    record_news,
    record_submissions,
    request_deposits,
    request_withdrawals,
    return_balances,
    unblock_deposits,
)
from pitboss.cashier.queries import (
    count_open,
    find_due,
    find_instruments,
    find_obligations,
    find_open,
    find_payment,
    find_payments,
    find_refused_news,
    find_returnable,
    find_shards,
    find_totals,
)

__all__ = [
    "admit_deposits",
    "count_open",
    "fail_deposits",
    "find_due",
    "find_instruments",
    "find_obligations",
    "find_open",
    "find_payment",
    "find_payments",
    "find_refused_news",
    "find_returnable",
    "find_shards",
    "find_totals",
    "postpone",
    "record_news",
    "record_submissions",
    "request_deposits",
    "request_withdrawals",
    "return_balances",
    "unblock_deposits",
]
