"""The tables of limits, from facts alone."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.kernel.instants import parse_instant
from pitboss.responsible.limits import rules
from pitboss.responsible.limits.facts import LimitKept, LimitLoosened, LimitSet

_NO_PERIOD = "none"
# Where a row of a limit has what waits.
_VALUE, _SET_AT, _WAITS = 3, 4, 5
_NOTHING_WAITS = (False, None, None, None, None, False)


class LimitsFold(Fold):
    """Limits, and what was played hour by hour."""

    def __init__(self) -> None:
        self.limits = Table(
            "player_limit",
            key=("player_id", "kind", "period"),
            columns=(
                *("player_id", "kind", "period", "value", "set_at"),
                *("waiting", "waiting_value", "asked_at", "counts_from", "lapses_at"),
                "needs_confirmation",
            ),
        )
        self.hours = Table(
            "player_hour",
            key=("player_id", "hour"),
            columns=(
                *("player_id", "hour", "staked", "settled", "returned"),
                *("deposited", "withdrawn"),
            ),
        )
        super().__init__(self.limits, self.hours)
        self.takes = {LimitSet: self._set, LimitLoosened: self._loosen, LimitKept: self._keep}

    def count(self, told: Told) -> None:
        """Count what any fact says was played."""
        for play in told.fact.plays:
            at = told.recorded_at if play.at is None else parse_instant(play.at, field="at")
            hour = rules.hour_of(at)
            row = self.hours.rows.get((play.player_id, hour))
            if row is None:
                row = [play.player_id, hour, 0, 0, 0, 0, 0]
                self.hours.add(row)
            for place, micros in enumerate(play.amounts, start=2):
                row[place] += micros

    def _set(self, fact: LimitSet, told: Told) -> None:
        period = fact.period or _NO_PERIOD
        self.limits.add(
            [fact.player_id, fact.kind, period, fact.value, told.recorded_at, *_NOTHING_WAITS]
        )

    def _loosen(self, fact: LimitLoosened, told: Told) -> None:
        row = self._row(fact, told)
        if row is not None:
            lapses_at = None if fact.lapses_at is None else parse_instant(fact.lapses_at, field="")
            row[_VALUE] = fact.before
            row[_WAITS:] = [
                *(True, fact.value, told.recorded_at),
                *(parse_instant(fact.counts_from, field=""), lapses_at, fact.needs_confirmation),
            ]

    def _keep(self, fact: LimitKept, told: Told) -> None:
        row = self._row(fact, told)
        if row is not None:
            row[_WAITS:] = _NOTHING_WAITS

    def _row(self, fact: LimitLoosened | LimitKept, told: Told) -> list[object] | None:
        key = (fact.player_id, fact.kind, fact.period or _NO_PERIOD)
        return self.find_row(self.limits, key, told)
