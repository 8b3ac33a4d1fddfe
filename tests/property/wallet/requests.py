"""Requests that meet: few accounts, few keys, amounts at every edge."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from pitboss.kernel.money import AMOUNT_MICROS_MAX
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import (
    HoldRequest,
    PostRequest,
    Request,
    TransferRequest,
    VoidRequest,
)
from property.wallet.vault import account, account_id, key

SHARDS = (Shard(0), Shard(63))

# The same names in both shards: neither may ever be taken for the other.
ACCOUNTS = tuple(
    account(shard, name, currency, may_overdraw=name in {"bank", "house"})
    for shard in SHARDS
    for name, currency in (
        ("bank", "EUR"),
        ("house", "EUR"),
        ("ann", "EUR"),
        ("ben", "EUR"),
        ("gil", "GBP"),
    )
)
NAMES = ("bank", "house", "ann", "ben", "gil", "nobody")

shards = st.sampled_from(SHARDS)
account_ids = st.sampled_from([account_id(name) for name in NAMES])
keys = st.sampled_from([key(str(number)) for number in range(8)])
currencies = st.sampled_from(("EUR", "EUR", "EUR", "GBP"))
edges = st.sampled_from(
    (0, -1, AMOUNT_MICROS_MAX, AMOUNT_MICROS_MAX + 1, 2**63 - 1, 2**63, -(2**63), -(2**70))
)
amounts = st.one_of(st.integers(1, 20), st.integers(1, 20), edges)
parts = st.none() | amounts

holds = st.builds(
    HoldRequest,
    shard=shards,
    key=keys,
    account_id=account_ids,
    micros=amounts,
    currency=currencies,
)
posts = st.builds(
    PostRequest, shard=shards, key=keys, hold_key=keys, credit_id=account_ids, micros=parts
)
voids = st.builds(VoidRequest, shard=shards, key=keys, hold_key=keys, micros=parts)
transfers = st.builds(
    TransferRequest,
    shard=shards,
    key=keys,
    debit_id=account_ids,
    credit_id=account_ids,
    micros=amounts,
    currency=currencies,
)
BY_VERB: Mapping[type[Request], st.SearchStrategy[Request]] = {
    HoldRequest: holds,
    PostRequest: posts,
    VoidRequest: voids,
    TransferRequest: transfers,
}
requests: st.SearchStrategy[Request] = st.one_of(*BY_VERB.values())
batches = st.lists(requests, max_size=40)

# What the players bring with them, so that most holds find something to hold.
FUNDING: tuple[Request, ...] = tuple(
    TransferRequest(
        shard=shard,
        key=key(f"funding {name}"),
        debit_id=account_id("bank"),
        credit_id=account_id(name),
        micros=60,
        currency="EUR",
    )
    for shard in SHARDS
    for name in ("ann", "ben")
)
