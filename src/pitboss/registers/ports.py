"""What registers ask of the outside world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pitboss.jurisdictions.model import Moment, Register
from pitboss.registers.model import Question, Told


class RegisterClient(Protocol):
    """Asks one national register."""

    @property
    def register(self) -> Register:
        """Which register this is."""
        ...

    @property
    def batch_max(self) -> int:
        """How many people it may be asked about in one request of a batch: 1, if it has none."""
        ...

    async def ask(self, question: Question, *, moment: Moment) -> Told:
        """Ask about one person; asking again is harmless.

        Raises:
            RegisterAway: no answer in time.
            RegisterConfused: it does not know us, or answers what cannot be read.
        """
        ...

    async def ask_many(self, questions: Sequence[Question], *, moment: Moment) -> tuple[Told, ...]:
        """Ask about at most `batch_max` people; every one is answered, in order, or none.

        Raises:
            RegisterAway: no answer in time.
            RegisterConfused: it does not know us, or leaves somebody out.
        """
        ...
