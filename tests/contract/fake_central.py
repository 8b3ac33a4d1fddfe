"""The one fake of the central files' port: it grants what it has room for, as it was told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pitboss.central.model import Began, Claim, LimitClaim, Reserved
from pitboss.kernel.ids import derived_id
from pitboss.registers.errors import RegisterAway, RegisterConfused
from pitboss.registers.model import Question

MICROS_MAX = 1_000_000_000


@dataclass(slots=True, kw_only=True)
class FakeCentral:
    """Central files that know no months and one limit; they remember everything they were told."""

    away: bool = False
    confused: bool = False
    elsewhere: bool = False
    left_at: datetime | None = None
    # What other operators have taken.
    others_micros: int = 0
    claims: list[Claim] = field(default_factory=list)
    limits: list[LimitClaim] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    confirmed: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    active: set[str] = field(default_factory=set)

    async def reserve(self, claim: Claim) -> Reserved:
        """Grant what there is room for."""
        self.claims.append(claim)
        self._answer()
        limit = min(MICROS_MAX, claim.limit_micros or MICROS_MAX)
        others = sum(micros for item, micros in self.counted.items() if item != claim.deposit.id)
        granted = self.others_micros + others + claim.deposit.micros <= limit
        if granted:
            self.counted[claim.deposit.id] = claim.deposit.micros
        return Reserved(granted=granted, reference=derived_id("fake", claim.deposit.id))

    async def confirm(self, deposit_id: str) -> None:
        """Remember it."""
        self._answer()
        self.confirmed.append(deposit_id)

    async def release(self, deposit_id: str) -> None:
        """Count it no more."""
        self._answer()
        self.counted.pop(deposit_id, None)
        self.released.append(deposit_id)

    async def limit(self, claim: LimitClaim) -> None:
        """Remember what is newest."""
        self._answer()
        self.limits.append(claim)

    async def begin(self, question: Question) -> Began:
        """Let somebody in who is not elsewhere."""
        self._answer()
        if not self.elsewhere:
            self.active.add(question.id)
        return Began(
            granted=not self.elsewhere,
            reference=derived_id("fake", question.id),
            left_at=self.left_at,
        )

    async def end(self, activity_id: str) -> None:
        """Let them go."""
        self._answer()
        self.active.discard(activity_id)

    def _answer(self) -> None:
        if self.away:
            raise RegisterAway("the fake is away")
        if self.confused:
            raise RegisterConfused("the fake is confused")
