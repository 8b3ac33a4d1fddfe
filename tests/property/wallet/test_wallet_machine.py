"""The wallet against a napkin: whatever is asked in whatever order, both say the same."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import (
    Answer,
    Booked,
    HoldRequest,
    PostRequest,
    Request,
    TransferRequest,
    VoidRequest,
)
from property.wallet.naive import NaiveWallet, Outcome
from property.wallet.requests import (
    ACCOUNTS,
    FUNDING,
    account_ids,
    amounts,
    batches,
    currencies,
    parts,
    shards,
)
from property.wallet.vault import Vault, key, movements, replay


class Clients(RuleBasedStateMachine):
    """Clients who hold, post, void, transfer, repeat themselves and reuse keys."""

    asked = Bundle("asked")
    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.vault = Vault.of(ACCOUNTS)
        self.naive = NaiveWallet()
        self.told: list[tuple[Shard, Movement]] = []
        self.keys = 0
        for account in ACCOUNTS:
            self.naive.open(
                (account.shard, account.id), account.currency, may_overdraw=account.may_overdraw
            )

    @initialize()
    def fund(self) -> None:
        self.ask(FUNDING)

    @rule(target=held, shard=shards, account_id=account_ids, micros=amounts, currency=currencies)
    def hold(self, shard: Shard, account_id: AccountId, micros: int, currency: str) -> HoldRequest:
        request = HoldRequest(
            shard=shard,
            key=self.fresh_key(),
            account_id=account_id,
            micros=micros,
            currency=currency,
        )
        self.ask([request])
        return request

    @rule(target=asked, hold=held, credit_id=account_ids, micros=parts)
    def post(self, hold: HoldRequest, credit_id: AccountId, micros: int | None) -> Request:
        request = PostRequest(
            shard=hold.shard,
            key=self.fresh_key(),
            hold_key=hold.key,
            credit_id=credit_id,
            micros=micros,
        )
        self.ask([request])
        return request

    @rule(target=asked, hold=held, micros=parts)
    def void(self, hold: HoldRequest, micros: int | None) -> Request:
        request = VoidRequest(
            shard=hold.shard, key=self.fresh_key(), hold_key=hold.key, micros=micros
        )
        self.ask([request])
        return request

    @rule(
        target=asked,
        shard=shards,
        debit_id=account_ids,
        credit_id=account_ids,
        micros=amounts,
        currency=currencies,
    )
    def transfer(
        self, shard: Shard, debit_id: AccountId, credit_id: AccountId, micros: int, currency: str
    ) -> Request:
        request = TransferRequest(
            shard=shard,
            key=self.fresh_key(),
            debit_id=debit_id,
            credit_id=credit_id,
            micros=micros,
            currency=currency,
        )
        self.ask([request])
        return request

    @rule(batch=batches)
    def collide(self, batch: list[Request]) -> None:
        self.ask(batch)

    @rule(request=st.one_of(asked, held))
    def repeat(self, request: Request) -> None:
        before = self.vault.copy()

        self.ask([request])

        assert self.vault == before

    @rule(request=st.one_of(asked, held), other=st.one_of(asked, held))
    def reuse_a_key(self, request: Request, other: Request) -> None:
        self.ask([msgspec.structs.replace(request, shard=other.shard, key=other.key)])

    @invariant()
    def both_see_the_same_books(self) -> None:
        accounts = self.vault.accounts
        assert {place: account.posted for place, account in accounts.items()} == self.naive.posted
        assert {place: account.held for place, account in accounts.items()} == self.naive.held
        granted = {place: hold for place, hold in self.vault.holds.items() if not hold.refusal}
        assert {place: hold.remaining for place, hold in granted.items()} == self.naive.left

    @invariant()
    def the_movements_tell_everything(self) -> None:
        assert replay(ACCOUNTS, self.told) == self.vault.accounts

    def ask(self, batch: Sequence[Request]) -> None:
        """Ask both, and compare what they say."""
        answers = self.vault.book(batch)
        self.told += movements(batch, answers)
        assert [said(answer) for answer in answers] == [self.naive.ask(item) for item in batch]

    def fresh_key(self) -> str:
        """Return a key that nobody has used."""
        self.keys += 1
        return key(f"machine {self.keys}")


def said(answer: Answer) -> tuple[Outcome, bool]:
    """Return an answer in the napkin's words; a repeated yes moves nothing."""
    if isinstance(answer, Booked):
        return answer.micros, answer.movement is None
    return answer.reason, False


TestClients = Clients.TestCase
TestClients.settings = settings(stateful_step_count=30, max_examples=60)
