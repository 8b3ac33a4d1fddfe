"""The wallet's tables, from facts alone: every movement is booked again."""

from __future__ import annotations

from typing import Any

import msgspec

from pitboss.kernel.facts import Movement
from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.shards import Shard
from pitboss.wallet.facts import AccountOpened, BookingRefused
from pitboss.wallet.model import PostRequest, Request, TransferRequest, VoidRequest

# Where a row of an account, or of a hold, has what movements change.
_DEBITS, _CREDITS, _HELD, _ENTRIES = 5, 6, 7, 8
_HOLD_ACCOUNT, _HOLD_POSTED, _HOLD_VOIDED = 1, 4, 5

_encode = msgspec.json.Encoder(order="sorted").encode


class WalletFold(Fold):
    """Accounts, holds, transfers and answers of one shard."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.accounts = Table(
            "wallet_account",
            key=("account_id",),
            columns=(
                *("account_id", "kind", "owner", "currency", "may_overdraw"),
                *("debits", "credits", "held", "entries"),
            ),
        )
        self.holds = Table(
            "wallet_hold",
            key=("key",),
            columns=("key", "account_id", "micros", "currency", "posted", "voided", "refusal"),
        )
        self.transfers = Table(
            "wallet_transfer",
            key=("key",),
            columns=(
                *("key", "debit_id", "credit_id", "micros", "currency", "hold_key", "whole"),
                *("debit_after", "credit_after", "debit_no", "credit_no", "booked_at"),
            ),
        )
        self.answers = Table(
            "wallet_answer",
            key=("verb", "key"),
            columns=("verb", "key", "request", "micros", "refusal"),
        )
        super().__init__(self.accounts, self.holds, self.transfers, self.answers)
        self.takes = {AccountOpened: self._open, BookingRefused: self._refuse}
        self._moves = {
            "hold": self._hold,
            "post": self._post,
            "void": self._void,
            "transfer": self._transfer,
        }

    def move(self, told: Told) -> None:
        """Book the movements of any fact, in their order."""
        for movement in told.fact.movements:
            book = self._moves.get(movement.kind)
            if book is None:
                self.odd(told, f"moves money by {movement.kind!r}, which is no verb of the wallet")
            else:
                book(movement, told)

    def _open(self, fact: AccountOpened, told: Told) -> None:
        opened: Row = [fact.account_id, fact.kind, fact.owner, fact.currency, fact.may_overdraw]
        self.add_row(self.accounts, [*opened, 0, 0, 0, 0], told)

    def _hold(self, item: Movement, told: Told) -> None:
        account = self._account(item.account, told)
        if account is not None:
            account[_HELD] += item.micros
        row: Row = [item.key, item.account, item.micros, item.currency, 0, 0, None]
        self.add_row(self.holds, row, told)

    def _post(self, item: Movement, told: Told) -> None:
        self._draw(item.hold, item.micros, _HOLD_POSTED, told)
        self._transfer(item, told)

    def _void(self, item: Movement, told: Told) -> None:
        self._draw(item.key, item.micros, _HOLD_VOIDED, told)
        request = VoidRequest(
            shard=self.shard,
            key=item.void_key or item.key,
            hold_key=item.key,
            micros=item.micros if item.part else None,
        )
        self._answer("void", request, item.micros, None, told)

    def _draw(self, key: str | None, micros: int, into: int, told: Told) -> None:
        hold = self.find_row(self.holds, key, told)
        if hold is not None:
            hold[into] += micros
            account = self._account(hold[_HOLD_ACCOUNT], told)
            if account is not None:
                account[_HELD] -= micros

    def _transfer(self, item: Movement, told: Told) -> None:
        giver, taker = self._account(item.debit, told), self._account(item.credit, told)
        if giver is None or taker is None:
            return
        giver[_DEBITS] += item.micros
        giver[_ENTRIES] += 1
        taker[_CREDITS] += item.micros
        taker[_ENTRIES] += 1
        row: Row = [
            item.key,
            item.debit,
            item.credit,
            item.micros,
            item.currency,
            item.hold,
            item.hold is not None and not item.part,
            giver[_CREDITS] - giver[_DEBITS],
            taker[_CREDITS] - taker[_DEBITS],
            giver[_ENTRIES],
            taker[_ENTRIES],
            told.recorded_at,
        ]
        self.add_row(self.transfers, row, told)

    def _refuse(self, fact: BookingRefused, told: Told) -> None:
        if fact.kind == "hold":
            micros = int(fact.micros or 0)
            row: Row = [fact.key, fact.account, micros, fact.currency, 0, 0, fact.reason]
            self.add_row(self.holds, row, told)
        else:
            self._answer(fact.kind, self._request(fact), 0, fact.reason, told)

    def _request(self, fact: BookingRefused) -> Request:
        """Return what was asked, as it was asked."""
        asked: dict[str, Any] = {
            "type": fact.kind,
            "shard": self.shard,
            "key": fact.key,
            "micros": None if fact.micros is None else int(fact.micros),
            "currency": fact.currency,
            "hold_key": fact.hold,
            "debit_id": fact.debit,
            "credit_id": fact.credit,
        }
        said = {name: value for name, value in asked.items() if value is not None}
        return msgspec.convert(said, PostRequest | VoidRequest | TransferRequest)

    def _answer(
        self, verb: str, request: Request, micros: int, refusal: str | None, told: Told
    ) -> None:
        row: Row = [verb, request.key, _encode(request).decode(), micros, refusal]
        self.add_row(self.answers, row, told)

    def _account(self, account_id: str | None, told: Told) -> Row | None:
        return self.find_row(self.accounts, account_id, told)
