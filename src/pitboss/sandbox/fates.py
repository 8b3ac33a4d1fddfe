"""What becomes of a sandbox payment: drawn from a seed and its id, whenever it comes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.ids import derived_id

# Amounts that end so always fail after a while, or are declined at once: for tests and demos.
FAILING_CENTS = ".13"
DECLINED_CENTS = ".17"
# Amounts that end so come from, or go to, what somebody else than the player holds.
FOREIGN_CENTS = ".19"
FAILURE_REASON = "rejected_by_bank"
DECLINE_REASON = "card_declined"
FOREIGN_REASON = "instrument_not_own"
# Late news comes after this many times the usual longest delay.
LATE_FACTOR = 3


class Status(StrEnum):
    """What the sandbox says of a payment."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """How this sandbox behaves: the longest usual delay, and how often what goes wrong.

    Shares are between 0 and 1: of payments that fail, of webhooks that are sent again, of
    payments whose two webhooks change places, of outcomes that are told late.
    """

    seed: int = 0
    delay_ms_max: int = 2_000
    failure_share: float = 0.02
    repeat_share: float = 0.2
    disorder_share: float = 0.1
    late_share: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One webhook to be sent; `number` names it among those of its payment."""

    number: int
    event_id: str
    sequence: int
    status: Status
    after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """How a payment ends, when that is known, and what is told of it when.

    `declined` says why it is not even taken on, if it is not.
    """

    outcome: Status
    declined: str | None
    reason: str | None
    decided_ms: int
    tellings: tuple[Telling, ...]

    def status(self, age_ms: int) -> Status:
        """Return how the payment stands at this age."""
        return self.outcome if age_ms >= self.decided_ms else Status.PENDING


def draw_fate(temper: Temper, payment_id: str, amount: str, *, own_only: bool = False) -> Fate:
    """Draw the fate of a payment; the same seed and payment have the same one, always."""
    draws = _Draws(f"{temper.seed}:{payment_id}")
    half = temper.delay_ms_max / 2
    failed = draws.happens(temper.failure_share) or amount.endswith(FAILING_CENTS)
    pending_ms = draws.share() * half
    decided_ms = pending_ms + draws.share() * half
    after_decided_ms = decided_ms + draws.share() * half
    if draws.happens(temper.disorder_share):
        pending_ms = after_decided_ms
    late_ms = draws.share() * LATE_FACTOR * temper.delay_ms_max
    told_ms = decided_ms + (late_ms if draws.happens(temper.late_share) else 0)

    outcome = Status.FAILED if failed else Status.SUCCEEDED
    firsts = [(1, Status.PENDING, pending_ms), (2, outcome, told_ms)]
    repeats = [
        (sequence, status, told + draws.share() * temper.delay_ms_max)
        for sequence, status, told in firsts
        if draws.happens(temper.repeat_share)
    ]
    declined = DECLINE_REASON if amount.endswith(DECLINED_CENTS) else None
    if own_only and amount.endswith(FOREIGN_CENTS):
        declined = FOREIGN_REASON
    tellings = tuple(
        Telling(
            number=number,
            event_id=derived_id("sandbox event", payment_id, str(sequence)),
            sequence=sequence,
            status=status,
            after_ms=int(after_ms),
        )
        for number, (sequence, status, after_ms) in enumerate(firsts + repeats)
    )
    return Fate(
        outcome=outcome,
        declined=declined,
        reason=FAILURE_REASON if failed else None,
        decided_ms=int(decided_ms),
        tellings=() if declined else tellings,
    )


class _Draws:
    def __init__(self, seed: str) -> None:
        self._entropy = SeededEntropy(seed)

    def share(self) -> float:
        """Draw a number from 0 to below 1."""
        return int.from_bytes(self._entropy.random_bytes(6), "big") / 2**48

    def happens(self, share: float) -> bool:
        """Draw whether something that happens this often happens now."""
        return self.share() < share
