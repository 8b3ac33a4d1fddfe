"""Whether a race was fair: every decision is decided once more, by adding up.  Pure.

The platform measures limits by hours, in a query, for a batch at a time.  Here one decision follows
the other, in the order in which they were committed, and nothing of the platform's is used but the
words of its facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pitboss.jurisdictions.model import LimitKind, OpenStakes, Period
from pitboss.sim.limits.model import Race

_TAKEN = ("bet.accepted", "deposit.requested")
_REFUSED = ("bet.refused", "payment.refused")
# The first ones tell what is wrong; two hundred tell no more.
FAULTS_MAX = 5
_TIME_UP = "session_time_used_up"

Fact = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What one player was taken so far, and the limits as they were set last."""

    race: Race
    funds_micros: int
    taken_micros: int = 0
    taken: int = 0
    refused: int = 0
    limits: dict[tuple[LimitKind, Period | None], int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def read(self, fact: Fact, *, time_up_at: str | None) -> None:
        """Take the player's next fact.

        `time_up_at` is when a limit of time was used up, as facts write it.
        """
        data = fact["data"]
        kind = data["type"]
        if kind == "limit.set":
            period = None if data.get("period") is None else Period(data["period"])
            self.limits[LimitKind(data["kind"]), period] = int(data["value"])
        elif kind in _TAKEN or kind in _REFUSED:
            self._judge(fact, taken=kind in _TAKEN, time_up_at=time_up_at)

    def _judge(self, fact: Fact, *, taken: bool, time_up_at: str | None) -> None:
        data = fact["data"]
        micros = int(data["stake_micros"] if "stake_micros" in data else data["micros"])
        against = self._passed(micros)
        if time_up_at is not None and fact["rec"] >= time_up_at:
            against.append(_TIME_UP)
        if taken:
            self.taken += 1
            self.taken_micros += micros
            if against:
                self._fault(f"{micros} micros were taken after {self.taken_micros - micros},"
                            f" against {', '.join(against)}")  # fmt: skip
            return
        self.refused += 1
        reason = str(data["reason"])
        if reason not in against:
            self._fault(f"{micros} micros were refused after {self.taken_micros}, as {reason}")

    def _passed(self, micros: int) -> list[str]:
        """Return the reasons for which an amount must be refused now."""
        return [
            f"above_{kind}_limit"
            for (kind, _), value in self.limits.items()
            if kind is not LimitKind.SESSION_TIME and self._reaches(kind, micros) > value
        ]

    def _reaches(self, kind: LimitKind, micros: int) -> int:
        """Return what an amount would bring a measure to."""
        match kind:
            case LimitKind.SINGLE_STAKE:
                return micros
            case LimitKind.LOSS if self.race.open_stakes is OpenStakes.IGNORED:
                return micros
            case LimitKind.BALANCE:
                return self.funds_micros + self.taken_micros + micros
            case _:
                return self.taken_micros + micros

    def _fault(self, text: str) -> None:
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(text)


def judge(
    race: Race, facts: Sequence[Fact], player_id: str, *, time_up_at: str | None = None
) -> Ledger:
    """Return what a player's facts, in their order, come to, and what is wrong with them."""
    ledger = Ledger(race=race, funds_micros=race.funds_micros)
    welcomed = race.funds_micros > 0
    for fact in facts:
        data = fact["data"]
        if data.get("player_id") != player_id:
            continue
        if welcomed and data["type"] == "deposit.requested":
            # What they came with, before there was any limit.
            welcomed = False
            continue
        ledger.read(fact, time_up_at=time_up_at)
    return ledger
