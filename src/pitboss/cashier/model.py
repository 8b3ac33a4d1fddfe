"""Nouns of the cashier: payments, what is asked for, what providers tell about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from pitboss.central.model import Deposit, DepositState
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import IdempotencyKey, PaymentId, PlayerId, derived_id
from pitboss.kernel.shards import Shard
from pitboss.responsible.limits.model import Payout

SANDBOX = "sandbox"


class PaymentKind(StrEnum):
    """Which way the money goes, as the player sees it."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


class PaymentState(StrEnum):
    """Where a payment stands: `refused` by us, or on its way, or ended by the provider."""

    REFUSED = "refused"
    REQUESTED = "requested"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class NewsStatus(StrEnum):
    """What a provider says of a payment."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Refusal(StrEnum):
    """Why the cashier itself says no; the gate and the wallet have reasons of their own."""

    KEY_REUSED = "key_reused"
    WRONG_CURRENCY = "wrong_currency"
    AMOUNT_OUT_OF_RANGE = "amount_out_of_range"
    AMOUNT_NOT_WHOLE = "amount_not_whole"
    DEBT_OPEN = "debt_open"
    DEPOSITS_BLOCKED = "deposits_blocked"
    DEPOSITS_NOT_BLOCKED = "deposits_not_blocked"
    ABOVE_CENTRAL_LIMIT = "above_central_limit"
    CENTRAL_FILE_DOWN = "central_file_down"


# Why a deposit that stands so with the central limit file is not taken.  Source: GlüStV 2021,
# § 6c(1).
REFUSED_BY_FILE: Mapping[DepositState, Refusal] = {
    DepositState.REFUSED: Refusal.ABOVE_CENTRAL_LIMIT,
    DepositState.SILENT: Refusal.CENTRAL_FILE_DOWN,
    DepositState.RELEASING: Refusal.CENTRAL_FILE_DOWN,
    DepositState.RELEASED: Refusal.CENTRAL_FILE_DOWN,
}


class UnblockReason(StrEnum):
    """What staff found when they let a player pay in again: closed, because facts are for ever."""

    PLAYER_KNOWN = "player_known"
    INSTRUMENT_CHECKED = "instrument_checked"
    PROVIDER_AT_FAULT = "provider_at_fault"


class NewsRefusal(StrEnum):
    """Why news of a payment is not believed."""

    UNKNOWN_PAYMENT = "unknown_payment"
    EVENT_ID_REUSED = "event_id_reused"
    WRONG_KIND = "wrong_kind"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_CURRENCY = "wrong_currency"
    WRONG_REFERENCE = "wrong_reference"
    NEVER_REQUESTED = "never_requested"
    CONTRADICTS_OUTCOME = "contradicts_outcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """A player wants to pay in, or to be paid out.

    `key` makes asking twice harmless; it belongs to the player.  `micros` must be whole minor
    units of `currency`.
    """

    player_id: PlayerId
    key: IdempotencyKey
    micros: int
    currency: str
    provider: str = SANDBOX

    @property
    def payment_id(self) -> PaymentId:
        """The id of the one payment that this player and key can ever make."""
        return PaymentId(derived_id("payment", self.player_id, self.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class DueWins:
    """What of a player's wins is to be paid out now; `again`: also what failed to be before.

    `left_micros` are for the next payment, as no payment is larger than the largest.
    """

    payout: Payout
    request: PaymentRequest
    again: bool
    left_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment as it stands.

    `reference` is the provider's name for it, as soon as it is known.  `reason` says why it was
    refused or failed.  `attempts` counts what the payments loop tried in vain; a deposit that is
    `requested` and has none was never sent.
    """

    shard: Shard
    id: PaymentId
    player_id: PlayerId
    provider: str
    kind: PaymentKind
    state: PaymentState
    micros: int
    currency: str
    requested_at: datetime
    reference: str | None = None
    reason: str | None = None
    closed_at: datetime | None = None
    attempts: int = 0

    @property
    def has_paid_in(self) -> bool:
        """Whether it has brought money onto the player's account."""
        return self.state is PaymentState.SUCCEEDED and self.kind is PaymentKind.DEPOSIT

    @property
    def is_on_its_way(self) -> bool:
        """Whether it was asked for and has not ended."""
        return self.state in (PaymentState.REQUESTED, PaymentState.SUBMITTED)

    @property
    def has_paid_nothing(self) -> bool:
        """Whether it has ended without having moved any money for good."""
        return self.state in (PaymentState.FAILED, PaymentState.REFUSED)

    @property
    def filed(self) -> Deposit:
        """A deposit as the central limit file is told of it."""
        return Deposit(
            shard=self.shard,
            id=self.id,
            player_id=self.player_id,
            micros=self.micros,
            currency=self.currency,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A player whose deposits failed so often within so short a time that staff must look first.

    `failures` is how many had failed by then; without `unblocked_at` nothing is paid in.
    """

    shard: Shard
    player_id: PlayerId
    blocked_at: datetime
    failures: int
    unblocked_at: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether the player's deposits wait for staff to look."""
        return self.unblocked_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """Yes: the payment, as it stands now."""

    payment: Payment
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why: a `Refusal` of this room, of the gate or of the wallet."""

    reason: str


RequestAnswer = Requested | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """What a provider is asked to do.  The payment's id makes asking twice harmless.

    `own_only`: from and to nobody's account, card or wallet but the player's own.  The provider
    knows who holds it; it declines what is somebody else's, and nothing moves.  `back_first`: what
    is paid out goes back to the instruments that have paid in, first, as much as each has.
    `customer` is the player under the name by which the provider keeps their instruments together.
    """

    payment_id: PaymentId
    kind: PaymentKind
    micros: int
    currency: str
    own_only: bool = False
    back_first: bool = False
    customer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The provider has taken the payment on, under its own reference."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """The provider will not do it, and why; nothing moved."""

    reason: str


SubmissionAnswer = Submitted | Declined


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A payment that was submitted, and what the provider answered."""

    payment: Payment
    answer: SubmissionAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether a requested deposit may be sent to its provider now.

    `payment` is as it stands now: only one that is still `requested` is sent.  `refusal` is the
    gate's, of one that may have been sent before: unless the provider knows it, it fails.
    `waits`: the central limit file has yet to say that there is room for it.
    """

    payment: Payment
    refusal: str | None = None
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What the player's licence says of the instruments of a payment; see `Instruction`."""

    own_only: bool
    back_first: bool

    @classmethod
    def under(cls, licence: Jurisdiction | None, kind: PaymentKind) -> Instruments:
        """Return what a licence says of a payment of this kind; None: it is not known."""
        said = None if licence is None else licence.payments
        return cls(
            own_only=said is None or said.own_instruments_only,
            back_first=kind is PaymentKind.WITHDRAWAL and (said is None or said.closed_loop),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponement:
    """When an open payment is to be looked at again, by the machine's clock."""

    shard: Shard
    payment_id: PaymentId
    attempts: int
    try_at: datetime


class PaymentNews(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider tells about a payment, translated.

    `event_id` is the provider's name for this piece of news: told again, it is the same.
    `reference` is missing only if the provider never gave the payment one.
    """

    provider: str
    event_id: str
    payment_id: PaymentId
    kind: PaymentKind
    status: NewsStatus
    micros: int
    currency: str
    reference: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedNews:
    """News as stored, with the reason why it was not believed, if it was not."""

    shard: Shard
    news: PaymentNews
    digest: bytes
    refusal: NewsRefusal | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The news was believed; `changed` says whether it was also new."""

    payment_id: PaymentId
    state: PaymentState
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsRefused:
    """The news was not believed, and why; it is kept for staff to look at."""

    reason: NewsRefusal


NewsAnswer = Recorded | NewsRefused
