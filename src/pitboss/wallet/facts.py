"""What the wallet publishes by itself; movements travel in the facts of whoever caused them."""

from __future__ import annotations

import msgspec

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import AccountId, PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.wallet.model import (
    Hold,
    PostRequest,
    SavedAnswer,
    TransferRequest,
    VoidRequest,
)

_decode = msgspec.json.Decoder(PostRequest | VoidRequest | TransferRequest).decode


class AccountOpened(Fact, frozen=True, kw_only=True, tag="account.opened"):
    """An account was opened, empty."""

    account_id: AccountId
    kind: str
    owner: str
    currency: str
    may_overdraw: bool


class BookingRefused(Fact, frozen=True, kw_only=True, tag="booking.refused"):
    """The wallet said no, and keeps that as its answer; nothing moved.

    `kind` is the verb and `key` its request's.  The other fields are the request's, as far as its
    verb has them: `account` is asked to hold, `hold` is drawn on, `debit` and `credit` are the two
    sides.  `micros` is text, because nothing bounds what is refused; a `post` or a `void` without
    it wanted all that the hold still had.
    """

    kind: str
    key: str
    reason: str
    micros: str | None = None
    currency: str | None = None
    account: AccountId | None = None
    hold: str | None = None
    debit: AccountId | None = None
    credit: AccountId | None = None

    @classmethod
    def of_hold(cls, hold: Hold) -> BookingRefused:
        """Tell of a hold that was refused."""
        ensure(hold.refusal, "what was granted is told as a movement")
        return cls(
            kind="hold",
            key=hold.key,
            reason=str(hold.refusal),
            micros=str(hold.micros),
            currency=hold.currency,
            account=hold.account_id,
        )

    @classmethod
    def of_answer(cls, answer: SavedAnswer) -> BookingRefused:
        """Tell of a post, void or transfer that was refused."""
        ensure(answer.refusal, "what was granted is told as a movement")
        request, reason = _decode(answer.request), str(answer.refusal)
        micros = None if request.micros is None else str(request.micros)
        if isinstance(request, TransferRequest):
            return cls(
                kind=answer.verb,
                key=request.key,
                reason=reason,
                micros=micros,
                currency=request.currency,
                debit=request.debit_id,
                credit=request.credit_id,
            )
        return cls(
            kind=answer.verb,
            key=request.key,
            reason=reason,
            micros=micros,
            hold=request.hold_key,
            credit=request.credit_id if isinstance(request, PostRequest) else None,
        )

    @property
    def stream(self) -> str:
        """Whose story it is part of: the account's that was to give, as far as it was named."""
        return self.account or self.debit or self.hold or self.key


class ReceivableCollected(Fact, frozen=True, kw_only=True, tag="receivable.collected"):
    """A player has paid so much of what they owe the house, from what they were credited."""

    player_id: PlayerId
    micros: int
    currency: str
    left_micros: int


class ReceivableWrittenOff(Fact, frozen=True, kw_only=True, tag="receivable.written_off"):
    """The house bears what a player owes; `reason` says why."""

    player_id: PlayerId
    micros: int
    currency: str
    reason: str


# Every type of this room, for who reads facts.
FACTS = (AccountOpened, BookingRefused, ReceivableCollected, ReceivableWrittenOff)
