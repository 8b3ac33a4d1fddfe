"""Reads of approvals."""

from __future__ import annotations

from pitboss.db import Transaction
from pitboss.staff.approvals.model import LIST_MAX, Approval, ApprovalId

from . import rules, store


async def find_approval(tx: Transaction, approval_id: ApprovalId) -> Approval | None:
    """Return a request, if there is one."""
    return await store.find_approval(tx, approval_id, rules.read_wish)


async def find_approvals(tx: Transaction, *, waiting: bool) -> list[Approval]:
    """Return the newest requests: all of them, or those that nobody has decided."""
    return await store.find_approvals(tx, rules.read_wish, waiting=waiting, limit=LIST_MAX)
