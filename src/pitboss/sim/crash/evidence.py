"""What the tables say in the end, as far as clients care; `store` reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedBet:
    """A command in the log: its id, its key, and what it asks for."""

    id: str
    key: str
    player_id: str
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """A payment as it ended."""

    id: str
    player_id: str
    kind: str
    state: str
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The log, the state of each bet by its id, the payments, and what was given up.

    `set_aside` are the commands that a processor could not decide on: set aside, or refused unread.
    """

    log: Sequence[LoggedBet]
    bets: Mapping[str, str]
    payments: Sequence[PaymentRow]
    set_aside: Sequence[str]
