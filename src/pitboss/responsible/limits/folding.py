"""The tables of limits, from facts alone."""

from __future__ import annotations

from collections import Counter

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.kernel.instants import parse_instant
from pitboss.responsible.limits import rules
from pitboss.responsible.limits.facts import (
    CapRaised,
    LimitKept,
    LimitLoosened,
    LimitReached,
    LimitSet,
    PayoutSumSet,
    WinsLost,
    WinsPaidOut,
)
from pitboss.responsible.limits.model import Happened

_NO_PERIOD = "none"
# Where a row of a limit has what waits.
_VALUE, _SET_AT, _WAITS = 3, 4, 5
# Where a row of a payout has its sum, and what was won.
_SUM, _WON, _COUNTED, _PAYMENT = 2, 4, 5, 7
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
        self.changes = Table(
            "limit_change",
            key=("player_id", "number"),
            columns=(
                *("player_id", "number", "changed_at", "happened", "kind", "period"),
                *("value", "before", "initiator", "counts_from"),
            ),
        )
        self._numbers: Counter[str] = Counter()
        self.caps = Table(
            "player_cap",
            key=("player_id", "kind", "period"),
            columns=("player_id", "kind", "period", "most", "ground", "lifted_at"),
        )
        self.closed = Table(
            "limit_closed",
            key=("player_id", "kind", "period"),
            columns=("player_id", "kind", "period", "until"),
        )
        self.payouts = Table(
            "player_payout",
            key=("player_id",),
            columns=(
                *("player_id", "currency", "micros", "set_at"),
                *("won", "counted", "number", "payment_id"),
            ),
        )
        super().__init__(
            *(self.limits, self.hours, self.changes, self.caps, self.closed, self.payouts)
        )
        self.takes = {
            LimitSet: self._set,
            LimitLoosened: self._loosen,
            LimitKept: self._keep,
            CapRaised: self._raise,
            LimitReached: self._close,
            PayoutSumSet: self._name,
            WinsPaidOut: self._pay_out,
            WinsLost: self._lose,
        }

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

    def win(self, told: Told) -> None:
        """Count what any fact says was won, for those who have named a sum."""
        for win in told.fact.wins if self.payouts.rows else ():
            row = self.payouts.rows.get(win.player_id)
            if row is not None and row[_SUM] is not None:
                row[_WON] += win.micros

    def _name(self, fact: PayoutSumSet, told: Told) -> None:
        row = self.payouts.rows.get(fact.player_id)
        if row is None:
            row = [fact.player_id, fact.currency, None, None, 0, 0, 0, None]
            self.payouts.add(row)
        if row[_SUM] is None or fact.micros is None:
            row[_WON], row[_COUNTED], row[_PAYMENT] = 0, 0, None
        row[_SUM], row[_SUM + 1] = fact.micros, told.recorded_at

    def _pay_out(self, fact: WinsPaidOut, told: Told) -> None:
        row = self.find_row(self.payouts, fact.player_id, told)
        if row is not None:
            row[_WON:] = [fact.left_micros, fact.counted_micros, fact.number, fact.payment_id]

    def _lose(self, fact: WinsLost, told: Told) -> None:
        row = self.find_row(self.payouts, fact.player_id, told)
        if row is not None:
            row[_WON], row[_COUNTED] = fact.won_micros, fact.counted_micros

    def _set(self, fact: LimitSet, told: Told) -> None:
        self._note(fact, told, Happened.SET, fact.value, fact.before, fact.initiator, None)
        period = fact.period or _NO_PERIOD
        self.limits.add(
            [fact.player_id, fact.kind, period, fact.value, told.recorded_at, *_NOTHING_WAITS]
        )

    def _loosen(self, fact: LimitLoosened, told: Told) -> None:
        self._note(
            fact,
            told,
            Happened.ASKED,
            *(fact.value, fact.before, fact.initiator),
            parse_instant(fact.counts_from, field="counts_from"),
        )
        row = self._row(fact, told)
        if row is not None:
            lapses_at = None if fact.lapses_at is None else parse_instant(fact.lapses_at, field="")
            row[_VALUE] = fact.before
            row[_WAITS:] = [
                *(True, fact.value, told.recorded_at),
                *(parse_instant(fact.counts_from, field=""), lapses_at, fact.needs_confirmation),
            ]

    def _keep(self, fact: LimitKept, told: Told) -> None:
        self._note(fact, told, Happened.KEPT, None, None, None, None)
        row = self._row(fact, told)
        if row is not None:
            row[_WAITS:] = _NOTHING_WAITS

    def _note(
        self, fact: LimitSet | LimitLoosened | LimitKept, told: Told, what: str, *rest: object
    ) -> None:
        """Add a line to the history of the player's limits."""
        self._numbers[fact.player_id] += 1
        number, period = self._numbers[fact.player_id], fact.period or _NO_PERIOD
        row = [fact.player_id, number, told.recorded_at, what, fact.kind, period, *rest]
        self.add_row(self.changes, row, told)

    def _raise(self, fact: CapRaised, told: Told) -> None:
        period = fact.period or _NO_PERIOD
        raised = [fact.most, fact.ground, told.recorded_at]
        self.caps.add([fact.player_id, fact.kind, period, *raised])

    def _close(self, fact: LimitReached, told: Told) -> None:
        key = (fact.player_id, fact.kind, fact.period)
        self.find_row(self.limits, key, told)
        self.closed.add([*key, parse_instant(fact.until, field="until")])

    def _row(self, fact: LimitLoosened | LimitKept, told: Told) -> list[object] | None:
        key = (fact.player_id, fact.kind, fact.period or _NO_PERIOD)
        return self.find_row(self.limits, key, told)
