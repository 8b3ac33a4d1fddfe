"""Reads of cases."""

from __future__ import annotations

from pitboss.db import Transaction
from pitboss.kernel.ids import StaffId
from pitboss.staff.cases.model import CASES_MAX, Case, CaseId, State

from . import store


async def find_case(tx: Transaction, case_id: CaseId) -> Case | None:
    """Return a case, if there is one."""
    return await store.find_case(tx, case_id)


async def find_cases(
    tx: Transaction, *, state: State | None = None, assigned_to: StaffId | None = None
) -> list[Case]:
    """Return the newest cases, of this state and of this agent if that is asked for."""
    return await store.find_cases(tx, state=state, assigned_to=assigned_to, limit=CASES_MAX)
