"""The cashier's own payment provider: in memory, obedient, and as unwell as a test wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from pitboss.cashier.errors import ProviderAway, ProviderConfused, SignatureRefused
from pitboss.cashier.model import (
    SANDBOX,
    Declined,
    Instruction,
    NewsStatus,
    PaymentNews,
    SubmissionAnswer,
    Submitted,
)
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PaymentId

SIGNED = "fake-signature"


@dataclass(slots=True, kw_only=True)
class FakePayments:
    """A provider without a network.

    `away` makes every call fail before it is heard, `mute` after; `declines` and `outcome` say
    what becomes of a payment.  `heard` counts the submissions of each payment.
    """

    name: str = SANDBOX
    away: bool = False
    mute: bool = False
    declines: Callable[[Instruction], str | None] = lambda _: None
    outcome: Callable[[Instruction], NewsStatus] = lambda _: NewsStatus.PENDING
    taken: dict[PaymentId, Instruction] = field(default_factory=dict)
    heard: dict[PaymentId, int] = field(default_factory=dict)
    asked: int = 0

    async def submit(self, instruction: Instruction) -> SubmissionAnswer:
        """Take a payment on, or decline it."""
        self._answer_at_all()
        earlier = self.taken.setdefault(instruction.payment_id, instruction)
        self.heard[instruction.payment_id] = self.heard.get(instruction.payment_id, 0) + 1
        if self.mute:
            raise ProviderAway("no answer")
        if earlier != instruction:
            raise ProviderConfused("another payment has this id")
        reason = self.declines(instruction)
        if reason is not None:
            return Declined(reason=reason)
        return Submitted(reference=reference_of(instruction.payment_id))

    async def ask(self, payment_id: PaymentId) -> PaymentNews | None:
        """Say how a payment stands."""
        self._answer_at_all()
        self.asked += 1
        instruction = self.taken.get(payment_id)
        if instruction is None or self.declines(instruction) is not None:
            return None
        return self.news(payment_id, self.outcome(instruction))

    def news(
        self, payment_id: PaymentId, status: NewsStatus, *, event_id: str | None = None
    ) -> PaymentNews:
        """Return what is told of a payment that was taken on."""
        instruction = self.taken[payment_id]
        return PaymentNews(
            provider=self.name,
            event_id=event_id or f"{status}.{payment_id}",
            payment_id=payment_id,
            kind=instruction.kind,
            status=status,
            micros=instruction.micros,
            currency=instruction.currency,
            reference=reference_of(payment_id),
        )

    def read_news(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> PaymentNews:
        """Read news that carries this fake's own mark."""
        if headers.get(SIGNED) != "fake":
            raise SignatureRefused("not from here")
        try:
            return msgspec.json.decode(body, type=PaymentNews)
        except msgspec.DecodeError as error:
            raise Malformed("body", str(error)) from None

    def _answer_at_all(self) -> None:
        if self.away:
            raise ProviderAway("nobody there")


def reference_of(payment_id: PaymentId) -> str:
    """Return the fake's name for a payment."""
    return f"fake.{payment_id}"
