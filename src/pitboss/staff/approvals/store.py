"""The SQL of approvals."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import StaffId
from pitboss.kernel.shards import STAFF_SHARD
from pitboss.staff.approvals.model import Approval, ApprovalId, State, Why, Wish

_COLUMNS = (
    "approval_id, wish, why, asked_by, asked_at, expires_at, state, decided_by, decided_at, outcome"
)
Read = Callable[[str], Wish]


async def find_approval(tx: Transaction, approval_id: ApprovalId, read: Read) -> Approval | None:
    """Return a request, if there is one."""
    row = await tx.fetch_one(
        f"SELECT {_COLUMNS} FROM staff_approval WHERE shard = $1 AND approval_id = $2",
        STAFF_SHARD,
        approval_id,
    )
    return None if row is None else _approval(row, read)


async def find_approvals(
    tx: Transaction, read: Read, *, waiting: bool, limit: int
) -> list[Approval]:
    """Return requests, the newest first: all of them, or those that nobody has decided."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM staff_approval WHERE shard = $1"
        " AND (NOT $2 OR state = 'waiting') ORDER BY asked_at DESC, approval_id LIMIT $3",
        STAFF_SHARD,
        waiting,
        limit,
    )
    return [_approval(row, read) for row in rows]


async def save_approval(tx: Transaction, approval: Approval, wish: str) -> None:
    """Write a request as it stands; what was asked for never changes."""
    await tx.execute(
        f"INSERT INTO staff_approval (shard, {_COLUMNS})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " ON CONFLICT (shard, approval_id) DO UPDATE SET state = excluded.state,"
        " decided_by = excluded.decided_by, decided_at = excluded.decided_at,"
        " outcome = excluded.outcome",
        STAFF_SHARD,
        approval.id,
        wish,
        approval.why.value,
        approval.asked_by,
        approval.asked_at,
        approval.expires_at,
        approval.state.value,
        approval.decided_by,
        approval.decided_at,
        approval.outcome,
    )


def _approval(row: asyncpg.Record, read: Read) -> Approval:
    by = row["decided_by"]
    return Approval(
        id=ApprovalId(str(row["approval_id"])),
        wish=read(row["wish"]),
        why=Why(row["why"]),
        asked_by=StaffId(str(row["asked_by"])),
        asked_at=row["asked_at"],
        expires_at=row["expires_at"],
        state=State(row["state"]),
        decided_by=None if by is None else StaffId(str(by)),
        decided_at=row["decided_at"],
        outcome=row["outcome"],
    )
