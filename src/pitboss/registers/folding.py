"""The tables of registers, from facts alone."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.kernel.ids import PlayerId
from pitboss.registers.facts import RegisterAnswered, RegisterDown, RegisterSilent, RegisterUp

_BY_THE_LOOP = "when the loop asks next, and for what"
_MOMENT, _SILENT_SINCE = 4, 6


class RegisterFold(Fold):
    """What registers said of a shard's players, and how the registers stand."""

    def __init__(self) -> None:
        self.standings = Table(
            "register_standing",
            key=("player_id", "register"),
            columns=(
                *("player_id", "register", "answer", "reference", "moment", "checked_at"),
                "silent_since",
            ),
            untold={"due_at": _BY_THE_LOOP, "wanted": _BY_THE_LOOP, "tries": _BY_THE_LOOP},
        )
        self.pulses = Table(
            "register_pulse", key=("register",), columns=("register", "up", "since", "reason")
        )
        super().__init__(self.standings, self.pulses)
        self.takes = {
            RegisterAnswered: self._answer,
            RegisterSilent: self._be_silent,
            RegisterDown: self._go_down,
            RegisterUp: self._come_back,
        }

    def _answer(self, fact: RegisterAnswered, told: Told) -> None:
        for one in fact.answers:
            row = [one.player_id, fact.register, one.answer, one.reference, fact.moment]
            self.standings.add([*row, told.recorded_at, None])

    def _be_silent(self, fact: RegisterSilent, told: Told) -> None:
        for player_id in fact.players:
            self._silence(player_id, fact, told)

    def _silence(self, player_id: PlayerId, fact: RegisterSilent, told: Told) -> None:
        row = self.standings.rows.get((player_id, fact.register))
        if row is None:
            new = [player_id, fact.register, None, None, fact.moment, None, told.recorded_at]
            self.standings.add(new)
        elif row[_SILENT_SINCE] is None:
            row[_MOMENT], row[_SILENT_SINCE] = fact.moment, told.recorded_at
        else:
            self.odd(told, f"says again that {fact.register} is silent about {player_id}")

    def _go_down(self, fact: RegisterDown, told: Told) -> None:
        self.pulses.add([fact.register, False, told.recorded_at, fact.reason])

    def _come_back(self, fact: RegisterUp, told: Told) -> None:
        self.pulses.add([fact.register, True, told.recorded_at, None])
