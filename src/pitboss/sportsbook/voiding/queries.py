"""Reads of voiding."""

from __future__ import annotations

from pitboss import order
from pitboss.db import Transaction

from . import store


async def find_lag(tx: Transaction) -> int:
    """Return how many facts have a position and were not heard yet."""
    return await order.read_end(tx) - await store.find_cursor(tx)
