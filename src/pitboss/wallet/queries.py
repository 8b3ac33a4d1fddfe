"""Reads of the wallet."""

from __future__ import annotations

from collections.abc import Collection

from pitboss.db import Transaction
from pitboss.kernel.ids import AccountId, PlayerId
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import Account, StatementEntry

from . import store

STATEMENT_PAGE_MAX = 200
ACCOUNTS_PAGE_MAX = 1_000


async def find_balances(
    tx: Transaction, accounts: Collection[tuple[Shard, AccountId]]
) -> list[Account]:
    """Return those of the accounts that are open, as they stand."""
    return await store.find_accounts(tx, accounts)


async def find_receivables(
    tx: Transaction, shards: Collection[Shard], *, owner: PlayerId | None = None
) -> list[Account]:
    """Return the accounts in which players of these shards owe something, by shard and id.

    What is owed is `-posted`, in micros.  With `owner`, of that player alone.
    """
    return await store.find_receivables(tx, shards, owner)


async def find_statement(
    tx: Transaction,
    shard: Shard,
    account_id: AccountId,
    *,
    before_no: int | None = None,
    limit: int = STATEMENT_PAGE_MAX,
) -> list[StatementEntry]:
    """Return an account's entries, newest first, at most 200 at once.

    `before_no` continues below the last entry of the page before.
    """
    return await store.find_entries(
        tx, shard, account_id, before_no=before_no, limit=min(limit, STATEMENT_PAGE_MAX)
    )


async def find_totals(tx: Transaction) -> dict[tuple[str, str, str], tuple[int, int, int]]:
    """Return (debits, credits, held) summed per currency, kind and, for the house, owner."""
    return await store.find_totals(tx)


async def find_all_balances(
    tx: Transaction,
    shard: Shard,
    *,
    after: AccountId | None = None,
    limit: int = ACCOUNTS_PAGE_MAX,
) -> list[Account]:
    """Return a shard's accounts in order of their ids, at most 1,000 at once.

    `after` continues behind the last account of the page before.
    """
    return await store.find_accounts_page(
        tx, shard, after=after, limit=min(limit, ACCOUNTS_PAGE_MAX)
    )


async def find_entry_sums(
    tx: Transaction, shard: Shard
) -> dict[tuple[AccountId, str], tuple[int, int]]:
    """Return (entries, sum of their movements) of a shard per account and currency.

    For audits: it reads every entry there is.
    """
    return await store.find_entry_sums(tx, shard)
