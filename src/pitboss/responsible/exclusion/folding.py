"""The table of exclusion, from facts alone."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.kernel.instants import parse_instant
from pitboss.responsible.exclusion.facts import ExclusionReleased, PlayerExcluded, ReturnAsked

# Where a row has what changes.
_RETURN_ASKED_AT, _RELEASED_AT = 7, 8


class ExclusionFold(Fold):
    """Who is kept away, and until when."""

    def __init__(self) -> None:
        self.exclusions = Table(
            "player_exclusion",
            key=("player_id", "key"),
            columns=(
                *("player_id", "key", "kind", "initiator", "reason"),
                *("starts_at", "ends_at", "return_asked_at", "released_at"),
            ),
        )
        super().__init__(self.exclusions)
        self.takes = {
            PlayerExcluded: self._exclude,
            ReturnAsked: self._ask,
            ExclusionReleased: self._release,
        }

    def _exclude(self, fact: PlayerExcluded, told: Told) -> None:
        ends_at = None if fact.ends_at is None else parse_instant(fact.ends_at, field="ends_at")
        row = [
            *(fact.player_id, told.cause, fact.kind, fact.initiator, fact.reason),
            *(told.recorded_at, ends_at, None, None),
        ]
        self.add_row(self.exclusions, row, told)

    def _ask(self, fact: ReturnAsked, told: Told) -> None:
        for key in fact.keys:
            row = self.find_row(self.exclusions, (fact.player_id, key), told)
            if row is not None:
                row[_RETURN_ASKED_AT] = told.recorded_at

    def _release(self, fact: ExclusionReleased, told: Told) -> None:
        for key in fact.keys:
            row = self.find_row(self.exclusions, (fact.player_id, key), told)
            if row is not None:
                row[_RELEASED_AT] = told.recorded_at
