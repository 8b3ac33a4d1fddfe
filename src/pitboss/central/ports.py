"""What central files ask of the outside world."""

from __future__ import annotations

from typing import Protocol

from pitboss.central.model import Began, Claim, LimitClaim, Reserved
from pitboss.registers.model import Question


class CentralFiles(Protocol):
    """Tells one authority's central files, and asks them.  Saying anything again is harmless.

    Each of these raises `RegisterAway` for want of an answer in time, and `RegisterConfused` if
    the files do not know us or answer what cannot be read.
    """

    async def reserve(self, claim: Claim) -> Reserved:
        """Ask for room for a deposit, which is counted from here on if it is granted."""
        ...

    async def confirm(self, deposit_id: str) -> None:
        """Tell that a deposit has arrived."""
        ...

    async def release(self, deposit_id: str) -> None:
        """Tell that a deposit will not arrive; one that the file never heard of is no fault."""
        ...

    async def limit(self, claim: LimitClaim) -> None:
        """Tell what a player wants to pay in at most; what is newer by its number holds."""
        ...

    async def begin(self, question: Question) -> Began:
        """Ask to have a person active with us; the question's id names this time of it."""
        ...

    async def end(self, activity_id: str) -> None:
        """Tell that a person is not active with us any more; never heard of is no fault."""
        ...
