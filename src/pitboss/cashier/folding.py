"""The cashier's tables, from facts alone."""

from __future__ import annotations

from typing import Any

from pitboss.cashier.facts import (
    DepositConfirmed,
    DepositFailed,
    DepositRequested,
    DepositsBlocked,
    DepositsUnblocked,
    PaymentNewsRecorded,
    PaymentNewsRefused,
    PaymentRefused,
    PaymentSubmitted,
    WithdrawalFailed,
    WithdrawalPaid,
    WithdrawalRequested,
)
from pitboss.cashier.model import PaymentKind, PaymentNews, PaymentState
from pitboss.kernel.folding import Fold, Row, Table, Told

from . import rules

_UNBLOCKED_AT = 3
_STATE, _REFERENCE, _REASON, _CLOSED_AT = 4, 7, 8, 10

_BY_THE_LOOP = "when the payments loop looks again, by the machine's clock"


class CashierFold(Fold):
    """Payments of one shard, and what providers told of them."""

    def __init__(self) -> None:
        self.payments = Table(
            "payment",
            key=("payment_id",),
            columns=(
                *("payment_id", "player_id", "provider", "kind", "state", "micros", "currency"),
                *("reference", "reason", "requested_at", "closed_at"),
            ),
            untold={"attempts": _BY_THE_LOOP, "try_at": _BY_THE_LOOP},
        )
        self.news = Table(
            "payment_news",
            key=("provider", "event_id", "digest"),
            columns=(
                *("provider", "event_id", "digest", "payment_id", "kind", "status", "micros"),
                *("currency", "reference", "reason", "refusal", "recorded_at"),
            ),
        )
        self.blocks = Table(
            "deposit_block",
            key=("player_id",),
            columns=("player_id", "blocked_at", "failures", "unblocked_at"),
        )
        super().__init__(self.payments, self.news, self.blocks)
        self.takes = {
            DepositRequested: self._request,
            WithdrawalRequested: self._request,
            PaymentRefused: self._refuse,
            PaymentSubmitted: self._submit,
            DepositConfirmed: self._succeed,
            WithdrawalPaid: self._succeed,
            DepositFailed: self._fail,
            WithdrawalFailed: self._fail,
            PaymentNewsRecorded: self._believe,
            PaymentNewsRefused: self._doubt,
            DepositsBlocked: self._block,
            DepositsUnblocked: self._unblock,
        }

    def _request(self, fact: DepositRequested | WithdrawalRequested, told: Told) -> None:
        deposit = isinstance(fact, DepositRequested)
        kind = PaymentKind.DEPOSIT if deposit else PaymentKind.WITHDRAWAL
        self._open(fact, kind, PaymentState.REQUESTED, None, None, told)

    def _refuse(self, fact: PaymentRefused, told: Told) -> None:
        state = PaymentState.REFUSED
        self._open(fact, fact.kind, state, fact.reason, told.recorded_at, told)

    def _open(
        self,
        fact: DepositRequested | WithdrawalRequested | PaymentRefused,
        kind: str,
        state: PaymentState,
        reason: str | None,
        closed_at: Any,
        told: Told,
    ) -> None:
        row: Row = [
            fact.payment_id,
            fact.player_id,
            fact.provider,
            kind,
            state,
            fact.micros,
            fact.currency,
            None,
            reason,
            told.recorded_at,
            closed_at,
        ]
        self.add_row(self.payments, row, told)

    def _submit(self, fact: PaymentSubmitted, told: Told) -> None:
        payment = self.find_row(self.payments, fact.payment_id, told)
        if payment is not None:
            payment[_STATE], payment[_REFERENCE] = PaymentState.SUBMITTED, fact.reference

    def _succeed(self, fact: DepositConfirmed | WithdrawalPaid, told: Told) -> None:
        payment = self.find_row(self.payments, fact.payment_id, told)
        if payment is not None:
            payment[_STATE], payment[_REFERENCE] = PaymentState.SUCCEEDED, fact.reference
            payment[_REASON], payment[_CLOSED_AT] = None, told.recorded_at

    def _fail(self, fact: DepositFailed | WithdrawalFailed, told: Told) -> None:
        payment = self.find_row(self.payments, fact.payment_id, told)
        if payment is not None:
            payment[_STATE], payment[_REFERENCE] = PaymentState.FAILED, fact.reference
            payment[_REASON], payment[_CLOSED_AT] = fact.reason, told.recorded_at

    def _block(self, fact: DepositsBlocked, told: Told) -> None:
        row: Row = [fact.player_id, told.recorded_at, fact.failures, None]
        self.blocks.add(row)

    def _unblock(self, fact: DepositsUnblocked, told: Told) -> None:
        block = self.find_row(self.blocks, fact.player_id, told)
        if block is not None:
            block[_UNBLOCKED_AT] = told.recorded_at

    def _believe(self, fact: PaymentNewsRecorded, told: Told) -> None:
        self._note(fact, None, told)

    def _doubt(self, fact: PaymentNewsRefused, told: Told) -> None:
        self._note(fact, fact.reason, told)

    def _note(
        self, fact: PaymentNewsRecorded | PaymentNewsRefused, refusal: str | None, told: Told
    ) -> None:
        said: Row = [fact.payment_id, fact.kind, fact.status, fact.micros, fact.currency]
        digest = rules.digest_of(news_of(fact))
        row = [fact.provider, fact.event_id, digest, *said, fact.reference, fact.why, refusal]
        self.add_row(self.news, [*row, told.recorded_at], told)


def news_of(fact: PaymentNewsRecorded | PaymentNewsRefused) -> PaymentNews:
    """Return the news as it was told, letter by letter."""
    said: dict[str, Any] = {
        name: getattr(fact, name) for name in PaymentNews.__struct_fields__ if name != "reason"
    }
    return PaymentNews(**said, reason=fact.why)
