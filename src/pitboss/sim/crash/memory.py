"""What the clients remember: what they asked for, and what they were told.

It knows nothing of the platform's tables, so it can be held against them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pitboss.kernel.ids import PlayerId, derived_id


class Want(StrEnum):
    """What a client asks for; the value is the first part of the name of its key in the log."""

    BET = "bet.place"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"

    @property
    def is_payment(self) -> bool:
        """Whether money goes in or out."""
        return self is not Want.BET


@dataclass(slots=True, kw_only=True)
class Asked:
    """One wish under one key, and everything that was heard of it.

    `told` are the ids under which it was acknowledged, which should be one at most; `refused` is
    why it was refused; `doubts` counts the times that it was sent and nobody said what became of
    it.
    """

    want: Want
    player_id: PlayerId
    key: str
    micros: int
    first_at: float
    told: set[str] = field(default_factory=set)
    refused: str | None = None
    doubts: int = 0

    @property
    def name(self) -> str:
        """The id that belongs to this player and key: of a bet's key, of a payment itself."""
        first = "payment" if self.want.is_payment else self.want.value
        return derived_id(first, self.player_id, self.key)

    @property
    def known(self) -> bool:
        """Whether the client knows what became of it."""
        return bool(self.told) or self.refused is not None


class Memory:
    """Everything that all clients together asked for and heard; times are the event loop's."""

    def __init__(self) -> None:
        self.asked: dict[str, Asked] = {}
        self.requests = 0
        self.retries = 0
        self.repeats = 0
        self.ack_seconds: list[float] = []
        self.longest_outage_seconds = 0.0
        self._acknowledged_at: float | None = None

    def ask(self, want: Want, player_id: PlayerId, key: str, micros: int, *, at: float) -> Asked:
        """Note a new wish."""
        asked = Asked(want=want, player_id=player_id, key=key, micros=micros, first_at=at)
        self.asked[asked.name] = asked
        return asked

    def acknowledge(self, asked: Asked, told: str, *, at: float) -> None:
        """Note that a wish was acknowledged under this id."""
        if not asked.known:
            self.ack_seconds.append(at - asked.first_at)
        asked.told.add(told)
        if self._acknowledged_at is not None:
            self.longest_outage_seconds = max(
                self.longest_outage_seconds, at - self._acknowledged_at
            )
        self._acknowledged_at = at

    def refuse(self, asked: Asked, why: str) -> None:
        """Note that a wish was refused for good."""
        asked.refused = why

    def doubt(self, asked: Asked) -> None:
        """Note that it is not known whether a wish arrived."""
        asked.doubts += 1

    def begin_again(self) -> None:
        """Forget when the last acknowledgement was: what comes now is a time of its own."""
        self._acknowledged_at = None

    @property
    def acknowledged(self) -> int:
        """How many wishes were acknowledged."""
        return sum(bool(asked.told) for asked in self.asked.values())

    @property
    def unknown(self) -> int:
        """How many wishes nobody answered yet."""
        return sum(not asked.known for asked in self.asked.values())
