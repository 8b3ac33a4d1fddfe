"""Laws of requests that are carried out before they are decided, in one statement."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.ids import AccountId
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import Account, Hold, HoldRequest, Request
from pitboss.wallet.rules import Books, drawn_whole, sum_up
from property.wallet.requests import ACCOUNTS, FUNDING, batches, holds
from property.wallet.vault import Place, Vault, key

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


@given(many_holds, batches)
def test_holds_drawn_before_the_decision_end_as_they_would_have(
    earlier: list[HoldRequest], batch: list[Request]
) -> None:
    vault = Vault.of(ACCOUNTS)
    vault.book(FUNDING)
    vault.book(earlier)
    fresh = [
        msgspec.structs.replace(item, key=key(f"fresh {number}"))
        for number, item in enumerate(batch)
    ]
    stored = dict(vault.holds)
    drawn = draw_whole(stored, fresh)
    books = Books(vault.accounts.values(), vault.holds.values(), [], [], drawn=drawn)

    answers = books.decide(fresh)

    assert answers == vault.book(fresh)
    stored |= {(item.shard, item.key): item for item in books.changed_holds()}
    stored |= {(item.shard, item.key): item for item in books.new_holds()}
    assert stored == vault.holds


def draw_whole(holds: dict[Place, Hold], batch: list[Request]) -> set[Place]:
    """Do what the store does in one statement; return which holds were untouched until then."""
    drawn: set[Place] = set()
    for place in drawn_whole(batch):
        hold = holds.get(place)
        if hold is not None and not hold.refusal and not hold.posted and not hold.voided:
            holds[place] = msgspec.structs.replace(hold, posted=hold.micros)
            drawn.add(place)
    return drawn
