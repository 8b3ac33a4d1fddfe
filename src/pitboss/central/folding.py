"""The tables of central files, from facts alone."""

from __future__ import annotations

from pitboss.central.facts import (
    CentralActivityMoved,
    CentralDepositMoved,
    CentralFilesDown,
    CentralFilesUp,
    CentralLimitMoved,
)
from pitboss.kernel.folding import Fold, Table, Told
from pitboss.kernel.instants import parse_instant

_BY_THE_LOOP = "when the loop asks next, by the machine's clock"


class CentralFold(Fold):
    """How a shard's deposits and players stand with the central files."""

    def __init__(self) -> None:
        untold = {"due_at": _BY_THE_LOOP, "tries": _BY_THE_LOOP}
        self.deposits = Table(
            "central_deposit",
            key=("deposit_id",),
            columns=("deposit_id", "player_id", "micros", "currency", "state", "reference"),
            untold={**untold, "since": "when it came to stand so, for the figures alone"},
        )
        self.limits = Table(
            "central_limit",
            key=("player_id",),
            columns=("player_id", "number", "state", "micros", "counts_from"),
            untold=untold,
        )
        self.activities = Table(
            "central_activity",
            key=("activity_id",),
            columns=("activity_id", "player_id", "session_id", "state", "reference", "since"),
            untold=untold,
        )
        self.pulses = Table("central_pulse", key=(), columns=("up", "since", "reason"))
        super().__init__(self.deposits, self.limits, self.activities, self.pulses)
        self.takes = {
            CentralDepositMoved: self._move_deposit,
            CentralLimitMoved: self._move_limit,
            CentralActivityMoved: self._move_activity,
            CentralFilesDown: self._go_down,
            CentralFilesUp: self._come_back,
        }

    def _move_deposit(self, fact: CentralDepositMoved, told: Told) -> None:
        row = [fact.deposit_id, fact.player_id, fact.micros, fact.currency, fact.state]
        self.deposits.add([*row, fact.reference])

    def _move_limit(self, fact: CentralLimitMoved, told: Told) -> None:
        at = fact.counts_from
        counts_from = None if at is None else parse_instant(at, field="counts_from")
        self.limits.add([fact.player_id, fact.number, fact.state, fact.micros, counts_from])

    def _move_activity(self, fact: CentralActivityMoved, told: Told) -> None:
        row = [fact.activity_id, fact.player_id, fact.session_id, fact.state, fact.reference]
        self.activities.add([*row, told.recorded_at])

    def _go_down(self, fact: CentralFilesDown, told: Told) -> None:
        self.pulses.add([False, told.recorded_at, fact.reason])

    def _come_back(self, fact: CentralFilesUp, told: Told) -> None:
        self.pulses.add([True, told.recorded_at, None])
