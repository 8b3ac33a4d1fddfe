"""What the cashier publishes."""

from __future__ import annotations

from typing import Any, ClassVar

from pitboss.kernel.facts import Fact, Play, Upcaster
from pitboss.kernel.ids import PaymentId, PlayerId


def _without_request(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 of a failure did not say when the deposit was asked for."""
    return data


def _never_revived(data: dict[str, Any]) -> dict[str, Any]:
    """In version 1 no deposit arrived that we had ended."""
    return data


class DepositRequested(Fact, frozen=True, kw_only=True, tag="deposit.requested"):
    """A player asked to pay in; no money moved yet."""

    payment_id: PaymentId
    player_id: PlayerId
    provider: str
    micros: int
    currency: str

    @property
    def plays(self) -> tuple[Play, ...]:
        """It counts from when it is asked for, so that many at once pass no limit."""
        return (Play(player_id=self.player_id, deposited=self.micros),)


class WithdrawalRequested(Fact, frozen=True, kw_only=True, tag="withdrawal.requested"):
    """A player asked to be paid out; the money is held."""

    payment_id: PaymentId
    player_id: PlayerId
    provider: str
    micros: int
    currency: str


class PaymentRefused(Fact, frozen=True, kw_only=True, tag="payment.refused"):
    """We said no to a payment; no money moved and no provider was asked."""

    payment_id: PaymentId
    player_id: PlayerId
    provider: str
    kind: str
    micros: int
    currency: str
    reason: str


class PaymentSubmitted(Fact, frozen=True, kw_only=True, tag="payment.submitted"):
    """The provider took a payment on, under its own reference."""

    payment_id: PaymentId
    reference: str


class DepositConfirmed(Fact, frozen=True, kw_only=True, tag="deposit.confirmed"):
    """A deposit arrived and is the player's.

    `counts_again_from` is when it was asked for, if we had ended it and freed what it took from
    limits: the provider had it after all.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_never_revived,)

    payment_id: PaymentId
    player_id: PlayerId
    provider: str
    micros: int
    currency: str
    reference: str
    counts_again_from: str | None = None

    @property
    def plays(self) -> tuple[Play, ...]:
        """Nothing, because it counted when it was asked for; unless that was taken back."""
        at = self.counts_again_from
        if at is None:
            return ()
        return (Play(player_id=self.player_id, deposited=self.micros, at=at),)


class DepositFailed(Fact, frozen=True, kw_only=True, tag="deposit.failed"):
    """A deposit will not arrive; no money moved.

    `requested_at` is when it was asked for.
    """

    schema_version: ClassVar[int] = 2
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_without_request,)

    payment_id: PaymentId
    player_id: PlayerId
    micros: int
    currency: str
    reason: str
    reference: str | None = None
    requested_at: str | None = None

    @property
    def plays(self) -> tuple[Play, ...]:
        """What it took from a limit is free again, in the hour from which it was taken."""
        if self.requested_at is None:
            return ()
        return (Play(player_id=self.player_id, deposited=-self.micros, at=self.requested_at),)


class DepositsBlocked(Fact, frozen=True, kw_only=True, tag="deposits.blocked"):
    """A player's deposits failed too often too fast: staff must look before the next one.

    `failures` within `minutes`, where the licence allows fewer.
    """

    player_id: PlayerId
    failures: int
    minutes: int


class DepositsUnblocked(Fact, frozen=True, kw_only=True, tag="deposits.unblocked"):
    """Staff has looked, and the player may pay in again; earlier failures count no more."""

    player_id: PlayerId
    reason: str


class WithdrawalPaid(Fact, frozen=True, kw_only=True, tag="withdrawal.paid"):
    """A withdrawal reached the player; what was held for it left the player's account."""

    payment_id: PaymentId
    player_id: PlayerId
    provider: str
    micros: int
    currency: str
    reference: str

    @property
    def plays(self) -> tuple[Play, ...]:
        """What left the player's account for the player."""
        return (Play(player_id=self.player_id, withdrawn=self.micros),)


class WithdrawalFailed(Fact, frozen=True, kw_only=True, tag="withdrawal.failed"):
    """A withdrawal could not be paid; what was held for it is the player's to use again."""

    payment_id: PaymentId
    player_id: PlayerId
    micros: int
    currency: str
    reason: str
    reference: str | None = None


class PaymentNewsRecorded(Fact, frozen=True, kw_only=True, tag="payment.news_recorded"):
    """A provider told something of a payment for the first time, and it was believed.

    What followed from it is told before, by a fact of its own; nothing may have.
    """

    provider: str
    event_id: str
    payment_id: PaymentId
    kind: str
    status: str
    micros: int
    currency: str
    reference: str | None = None
    why: str | None = None


class PaymentNewsRefused(Fact, frozen=True, kw_only=True, tag="payment.news_refused"):
    """A provider told something of a payment that cannot be true; a person must look.

    `reason` is ours for not believing it, `why` the provider's for what it told.
    """

    provider: str
    event_id: str
    payment_id: PaymentId
    kind: str
    status: str
    micros: int
    currency: str
    reason: str
    reference: str | None = None
    why: str | None = None


# Every type of this room, for who reads facts.
FACTS = (
    DepositRequested,
    WithdrawalRequested,
    PaymentRefused,
    PaymentSubmitted,
    DepositConfirmed,
    DepositFailed,
    DepositsBlocked,
    DepositsUnblocked,
    WithdrawalPaid,
    WithdrawalFailed,
    PaymentNewsRecorded,
    PaymentNewsRefused,
)
