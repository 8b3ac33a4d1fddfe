"""The table of cases, from facts alone."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.staff.cases.facts import CaseAssigned, CaseClosed, CaseOpened, CaseSeenAgain
from pitboss.staff.cases.model import State

_VALUE, _SEEN_AT, _STATE, _TO, _CLOSED_AT, _OUTCOME = 3, 5, 6, 7, 8, 9


class CasesFold(Fold):
    """Whom somebody should look at, and what came of it."""

    def __init__(self) -> None:
        self.cases = Table(
            "staff_case",
            key=("case_id",),
            columns=(
                *("case_id", "player_id", "marker", "value", "opened_at", "seen_at", "state"),
                *("assigned_to", "closed_at", "outcome"),
            ),
        )
        super().__init__(self.cases)
        self.takes = {
            CaseOpened: self._open,
            CaseSeenAgain: self._see,
            CaseAssigned: self._assign,
            CaseClosed: self._close,
        }

    def _open(self, fact: CaseOpened, told: Told) -> None:
        at = told.recorded_at
        row = [fact.case_id, fact.player_id, fact.marker, fact.value, at, at, State.OPEN]
        self.add_row(self.cases, [*row, None, None, None], told)

    def _see(self, fact: CaseSeenAgain, told: Told) -> None:
        case = self.find_row(self.cases, fact.case_id, told)
        if case is not None:
            case[_VALUE], case[_SEEN_AT] = fact.value, told.recorded_at

    def _assign(self, fact: CaseAssigned, told: Told) -> None:
        case = self.find_row(self.cases, fact.case_id, told)
        if case is not None:
            case[_TO] = fact.to

    def _close(self, fact: CaseClosed, told: Told) -> None:
        case = self.find_row(self.cases, fact.case_id, told)
        if case is not None:
            case[_STATE], case[_CLOSED_AT] = State.CLOSED, told.recorded_at
            case[_OUTCOME] = fact.outcome
