"""The table of approvals, from facts alone."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.kernel.instants import parse_instant
from pitboss.staff.approvals.facts import (
    ApprovalAsked,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalRefused,
    ApprovalWithdrawn,
)
from pitboss.staff.approvals.model import State

_STATE, _BY, _AT, _OUTCOME = 6, 7, 8, 9

End = ApprovalExpired | ApprovalGiven | ApprovalRefused | ApprovalWithdrawn


class ApprovalsFold(Fold):
    """What was asked for, and what came of it."""

    def __init__(self) -> None:
        self.approvals = Table(
            "staff_approval",
            key=("approval_id",),
            columns=(
                *("approval_id", "wish", "why", "asked_by", "asked_at", "expires_at", "state"),
                *("decided_by", "decided_at", "outcome"),
            ),
        )
        super().__init__(self.approvals)
        self.takes = {
            ApprovalAsked: self._ask,
            ApprovalGiven: self._give,
            ApprovalRefused: self._refuse,
            ApprovalWithdrawn: self._withdraw,
            ApprovalExpired: self._expire,
        }

    def _ask(self, fact: ApprovalAsked, told: Told) -> None:
        expires_at = parse_instant(fact.expires_at, field="expires_at")
        asked = [fact.approval_id, fact.wish, fact.why, fact.asked_by, told.recorded_at]
        row = [*asked, expires_at, State.WAITING, None, None, None]
        self.add_row(self.approvals, row, told)

    def _give(self, fact: ApprovalGiven, told: Told) -> None:
        state = State.DONE if fact.failed is None else State.FAILED
        self._decide(fact, state, told, fact.failed)

    def _refuse(self, fact: ApprovalRefused, told: Told) -> None:
        self._decide(fact, State.REFUSED, told, fact.why)

    def _withdraw(self, fact: ApprovalWithdrawn, told: Told) -> None:
        self._decide(fact, State.WITHDRAWN, told, None)

    def _expire(self, fact: ApprovalExpired, told: Told) -> None:
        self._decide(fact, State.EXPIRED, told, None)

    def _decide(self, fact: End, state: State, told: Told, outcome: str | None) -> None:
        row = self.find_row(self.approvals, fact.approval_id, told)
        if row is not None:
            row[_STATE], row[_BY], row[_AT] = state, fact.by, told.recorded_at
            row[_OUTCOME] = outcome
