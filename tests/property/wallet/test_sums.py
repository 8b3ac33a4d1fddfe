"""Laws of holds that are granted by their account's sum, in one comparison."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.ids import AccountId
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import Account, HoldRequest
from pitboss.wallet.rules import Books, sum_up
from property.wallet.requests import ACCOUNTS, FUNDING, holds
from property.wallet.vault import Place, Vault

many_holds = st.lists(holds, max_size=40)


def raise_held(
    accounts: dict[Place, Account], batch: list[HoldRequest]
) -> set[tuple[Shard, AccountId]]:
    """Do what the store does in one statement; return which accounts had enough."""
    raised: set[tuple[Shard, AccountId]] = set()
    for item in sum_up(batch):
        account = accounts.get((item.shard, item.account_id))
        if account is None or account.currency != item.currency:
            continue
        if account.may_overdraw or account.available >= item.micros:
            place = (item.shard, item.account_id)
            accounts[place] = msgspec.structs.replace(account, held=account.held + item.micros)
            raised.add(place)
    return raised


@given(many_holds)
def test_holds_granted_by_their_sum_are_answered_as_one_by_one(batch: list[HoldRequest]) -> None:
    vault = Vault.of(ACCOUNTS)
    vault.book(FUNDING)
    accounts = dict(vault.accounts)
    raised = raise_held(accounts, batch)
    rest = [account for place, account in accounts.items() if place not in raised]
    books = Books(rest, [], [], [], raised=raised)

    answers = books.decide(batch)

    assert answers == vault.book(batch)
    assert {(item.shard, item.key): item for item in books.new_holds()} == vault.holds
    accounts |= {(item.shard, str(item.id)): item for item in books.changed_accounts()}
    assert accounts == vault.accounts


@given(many_holds)
def test_what_is_summed_up_names_each_account_once(batch: list[HoldRequest]) -> None:
    sums = sum_up(batch)

    assert len({(item.shard, item.account_id) for item in sums}) == len(sums)
