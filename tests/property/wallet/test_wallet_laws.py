"""Laws of the wallet, over batches that were made to collide."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.facts import Movement
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import (
    Booked,
    Refusal,
    Refused,
    Request,
)
from property.wallet.requests import ACCOUNTS, BY_VERB, FUNDING, batches
from property.wallet.vault import Vault, as_repeated, movements, replay

REUSED = Refused(reason=Refusal.KEY_REUSED)


def funded() -> Vault:
    """Return a vault whose players have something to lose."""
    vault = Vault.of(ACCOUNTS)
    assert all(isinstance(answer, Booked) for answer in vault.book(FUNDING))
    return vault


@given(batches)
def test_a_batch_answers_as_its_requests_would_one_by_one(batch: list[Request]) -> None:
    together, apart = funded(), funded()

    answers = together.book(batch)
    single = [answer for request in batch for answer in apart.book([request])]

    assert list(answers) == single
    assert together == apart


@given(batches, st.data())
def test_a_batch_split_anywhere_answers_and_leaves_the_same(
    batch: list[Request], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(batch)), max_size=4), label="cuts"))
    together, apart = funded(), funded()

    answers = together.book(batch)
    split = [
        answer
        for start, end in pairwise([0, *cuts, len(batch)])
        for answer in apart.book(batch[start:end])
    ]

    assert list(answers) == split
    assert together == apart


@given(batches)
def test_asking_again_gets_the_same_answers_and_moves_nothing(batch: list[Request]) -> None:
    vault = funded()
    first = vault.book(batch)
    before = vault.copy()

    again = vault.book(batch)

    assert again == tuple(as_repeated(answer) for answer in first)
    assert vault == before


@given(batches, st.data())
def test_another_body_under_a_key_is_refused_and_changes_nothing(
    batch: list[Request], data: st.DataObject
) -> None:
    vault = funded()
    used = [
        request
        for request, answer in zip(batch, vault.book(batch), strict=True)
        if answer != REUSED and fits_a_column(request)
    ]
    others = [data.draw(other_bodies(request), label="other body") for request in used[:10]]
    before = vault.copy()

    answers = vault.book(others)

    assert set(answers) <= {REUSED}
    assert vault == before


@given(batches)
def test_what_is_held_is_never_more_than_what_is_posted(batch: list[Request]) -> None:
    vault = funded()
    for request in batch:
        vault.book([request])

        for account in vault.accounts.values():
            assert min(account.debits, account.credits, account.held) >= 0
            assert account.may_overdraw or account.held <= account.posted


@given(batches)
def test_every_currency_sums_to_zero(batch: list[Request]) -> None:
    vault = funded()

    vault.book(batch)

    sums: dict[str, int] = defaultdict(int)
    for account in vault.accounts.values():
        sums[account.currency] += account.posted
    assert set(sums.values()) == {0}


@given(batches)
def test_a_balance_is_the_sum_of_its_entries_and_what_is_held_of_its_holds(
    batch: list[Request],
) -> None:
    vault = funded()

    vault.book(batch)

    for (shard, name), account in vault.accounts.items():
        mine = [item for item in vault.transfers.values() if item.shard == shard]
        holds = [item for item in vault.holds.values() if item.shard == shard]
        assert account.debits == sum(item.micros for item in mine if item.debit_id == name)
        assert account.credits == sum(item.micros for item in mine if item.credit_id == name)
        assert account.held == sum(hold.remaining for hold in holds if hold.account_id == name)


@given(batches)
def test_replaying_the_movements_rebuilds_every_account(batch: list[Request]) -> None:
    vault = Vault.of(ACCOUNTS)
    wishes = [*FUNDING, *batch]

    answers = vault.book(wishes)

    assert replay(ACCOUNTS, movements(wishes, answers)) == vault.accounts


@given(batches)
def test_posts_and_voids_never_take_more_than_was_held(batch: list[Request]) -> None:
    vault = funded()

    told = movements(batch, vault.book(batch))

    for (shard, name), hold in vault.holds.items():
        posted = sum(drawn(told, shard, "post", name))
        voided = sum(drawn(told, shard, "void", name))
        assert (hold.posted, hold.voided) == (posted, voided)
        assert hold.refusal is not None or posted + voided <= hold.micros
        assert hold.refusal is None or posted + voided == 0


@given(batches)
def test_entries_are_numbered_without_a_gap_and_each_begins_where_the_last_ended(
    batch: list[Request],
) -> None:
    vault = funded()

    vault.book(batch)

    entries: dict[tuple[Shard, str], list[tuple[int, int, int]]] = defaultdict(list)
    for item in vault.transfers.values():
        debit = (item.debit_no, item.debit_after + item.micros, item.debit_after)
        credit = (item.credit_no, item.credit_after - item.micros, item.credit_after)
        entries[item.shard, item.debit_id].append(debit)
        entries[item.shard, item.credit_id].append(credit)
    for place, account in vault.accounts.items():
        ordered = sorted(entries[place])
        assert [number for number, _, _ in ordered] == list(range(1, account.entries + 1))
        balances = [0, *(after for _, _, after in ordered)]
        assert [before for _, before, _ in ordered] == balances[:-1]
        assert balances[-1] == account.posted


def fits_a_column(request: Request) -> bool:
    """Say whether the amount is one that can be remembered."""
    return request.micros is None or -(2**63) <= request.micros < 2**63


def other_bodies(like: Request) -> st.SearchStrategy[Request]:
    """Return requests with the key and verb of this one, that ask for something else."""

    def changed(item: Request) -> Request:
        return msgspec.structs.replace(item, shard=like.shard, key=like.key)

    # By its verb's own strategy: to filter all verbs for one throws away most of what is drawn.
    return (
        BY_VERB[type(like)].map(changed).filter(lambda item: item != like and fits_a_column(item))
    )


def drawn(told: list[tuple[Shard, Movement]], shard: Shard, kind: str, hold_key: str) -> list[int]:
    """Return what movements of one kind took from a hold."""
    return [
        item.micros
        for where, item in told
        if where == shard
        and item.kind == kind
        and (item.hold if kind == "post" else item.key) == hold_key
    ]
