"""Whatever is asked of the wallet, facts alone make its rows again, to the last column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.folding import Told
from pitboss.kernel.shards import Shard
from pitboss.wallet.facts import AccountOpened, BookingRefused
from pitboss.wallet.folding import WalletFold
from pitboss.wallet.model import Account, Request
from property.wallet.requests import ACCOUNTS, FUNDING, batches
from property.wallet.vault import Vault, movements

BOOKED_AT = datetime(2026, 8, 1, tzinfo=UTC)


class Moved(Fact, frozen=True, kw_only=True, tag="test.moved"):
    """What a batch moved."""


class Scribe:
    """Folds what a vault tells, shard by shard, as its facts would."""

    def __init__(self) -> None:
        self.folds: dict[Shard, WalletFold] = {}
        self.seq = 0

    def tell(self, shard: Shard, fact: Fact) -> None:
        """Take a fact of a shard."""
        self.seq += 1
        fold = self.folds.setdefault(shard, WalletFold(shard))
        told = Told(shard=shard, seq=self.seq, recorded_at=BOOKED_AT, cause=None, fact=fact)
        take = fold.takes.get(type(fact))
        if take is not None:
            take(fact, told)
        fold.move(told)

    def rows(self, name: str) -> set[tuple[object, ...]]:
        """Return the rows of a table, with their shards."""
        return {
            (shard, *row)
            for shard, fold in self.folds.items()
            for table in fold.tables
            if table.name == name
            for row in table.rows.values()
        }


def opened(account: Account) -> AccountOpened:
    """Return the fact that an account was opened."""
    return AccountOpened(
        account_id=account.id,
        kind=account.kind,
        owner=account.owner,
        currency=account.currency,
        may_overdraw=account.may_overdraw,
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(batches, max_size=4))
def test_facts_make_every_row_of_the_wallet_again(asked: list[list[Request]]) -> None:
    vault, scribe = Vault.of(ACCOUNTS), Scribe()
    for account in ACCOUNTS:
        scribe.tell(account.shard, opened(account))

    for batch in (FUNDING, *asked):
        book_and_tell(vault, scribe, batch)

    assert [fold.oddities for fold in scribe.folds.values() if fold.oddities] == []
    assert scribe.rows("wallet_account") == {
        (
            *(item.shard, item.id, item.kind, item.owner, item.currency, item.may_overdraw),
            *(item.debits, item.credits, item.held, item.entries),
        )
        for item in vault.accounts.values()
    }
    assert scribe.rows("wallet_hold") == {
        (
            *(item.shard, item.key, item.account_id, item.micros, item.currency),
            *(item.posted, item.voided, item.refusal),
        )
        for item in vault.holds.values()
    }
    assert scribe.rows("wallet_transfer") == {
        (
            *(item.shard, item.key, item.debit_id, item.credit_id, item.micros, item.currency),
            *(item.hold_key, item.whole, item.debit_after, item.credit_after),
            *(item.debit_no, item.credit_no, BOOKED_AT),
        )
        for item in vault.transfers.values()
    }
    assert scribe.rows("wallet_answer") == {
        (item.shard, item.verb, item.key, item.request, item.micros, item.refusal)
        for item in vault.answers.values()
    }


def book_and_tell(vault: Vault, scribe: Scribe, batch: Sequence[Request]) -> None:
    """Book a batch, and tell what it moved and what it refused, as the wallet does."""
    holds, answers = set(vault.holds), set(vault.answers)
    moved: list[tuple[Shard, Movement]] = movements(batch, vault.book(batch))
    for place, hold in vault.holds.items():
        if place not in holds and hold.refusal is not None:
            scribe.tell(hold.shard, BookingRefused.of_hold(hold))
    for name, answer in vault.answers.items():
        if name not in answers and answer.refusal is not None:
            scribe.tell(answer.shard, BookingRefused.of_answer(answer))
    for shard, movement in moved:
        scribe.tell(shard, Moved(movements=(movement,)))
