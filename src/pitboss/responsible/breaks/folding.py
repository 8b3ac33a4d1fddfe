"""The tables of breaks, from facts alone."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.kernel.instants import parse_instant
from pitboss.responsible.breaks.facts import (
    RealityCheckAnswered,
    RealityCheckChosen,
    SessionCounted,
)


class BreaksFold(Fold):
    """How often players want checks, the newest of each session, and where each session began."""

    def __init__(self) -> None:
        self.intervals = Table(
            "reality_check_interval",
            key=("player_id",),
            columns=("player_id", "minutes", "set_at"),
        )
        self.checks = Table(
            "reality_check",
            key=("session_id",),
            columns=("session_id", "player_id", "due_at", "reply", "answered_at"),
        )
        self.starts = Table(
            "session_start",
            key=("session_id",),
            columns=(
                *("session_id", "player_id", "opened_at"),
                *("staked", "settled", "returned", "deposited", "withdrawn"),
            ),
        )
        super().__init__(self.intervals, self.checks, self.starts)
        self.takes = {
            RealityCheckChosen: self._choose,
            RealityCheckAnswered: self._answer,
            SessionCounted: self._begin,
        }

    def _choose(self, fact: RealityCheckChosen, told: Told) -> None:
        self.intervals.add([fact.player_id, fact.minutes, told.recorded_at])

    def _answer(self, fact: RealityCheckAnswered, told: Told) -> None:
        due_at = parse_instant(fact.due_at, field="due_at")
        self.checks.add([fact.session_id, fact.player_id, due_at, fact.reply, told.recorded_at])

    def _begin(self, fact: SessionCounted, told: Told) -> None:
        opened_at = parse_instant(fact.opened_at, field="opened_at")
        row = [
            *(fact.session_id, fact.player_id, opened_at),
            *(fact.staked, fact.settled, fact.returned, fact.deposited, fact.withdrawn),
        ]
        self.add_row(self.starts, row, told)
