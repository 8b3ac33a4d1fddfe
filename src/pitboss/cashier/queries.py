"""Reads of the cashier."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pitboss import wallet
from pitboss.cashier.model import Payment, PaymentNews, SavedNews
from pitboss.db import Transaction
from pitboss.kernel.ids import PaymentId, PlayerId
from pitboss.kernel.shards import SYSTEM_SHARD, Shard, shard_of
from pitboss.players.identity.model import Obligation, Player
from pitboss.wallet.model import player_account

from . import rules, store

PAYMENTS_PAGE_MAX = 200


async def find_payment(tx: Transaction, shard: Shard, payment_id: PaymentId) -> Payment | None:
    """Return a payment."""
    return (await store.find_payments(tx, [(shard, payment_id)])).get(payment_id)


async def find_payments(
    tx: Transaction,
    shard: Shard,
    player_id: PlayerId,
    *,
    before: Payment | None = None,
    limit: int = PAYMENTS_PAGE_MAX,
) -> list[Payment]:
    """Return a player's payments, newest first, at most 200 at once.

    `before` continues below the last payment of the page before.
    """
    return await store.find_by_player(
        tx, shard, player_id, before=before, limit=min(limit, PAYMENTS_PAGE_MAX)
    )


async def find_shards(tx: Transaction, news: Sequence[PaymentNews]) -> set[Shard]:
    """Return the shards whose turn it takes to record this news.

    News of a payment that is not known here belongs to the system's shard.
    """
    payments = await store.find_anywhere(tx, {item.payment_id for item in news})
    known = [payments.get(item.payment_id) for item in news]
    return {SYSTEM_SHARD if payment is None else payment.shard for payment in known}


async def find_due(
    tx: Transaction, shards: Collection[Shard], provider: str, *, at: datetime, limit: int
) -> list[Payment]:
    """Return open payments that the payments loop is to look at now, the longest due first.

    `at` is the machine's time, not the platform's.
    """
    return await store.find_due(tx, shards, provider, at=at, limit=limit)


async def count_open(tx: Transaction) -> int:
    """Return how many payments have not ended."""
    return await store.count_open(tx)


async def find_open(tx: Transaction, *, limit: int = PAYMENTS_PAGE_MAX) -> list[Payment]:
    """Return payments that have not ended, the oldest first."""
    return await store.find_open(tx, limit=min(limit, PAYMENTS_PAGE_MAX))


async def find_obligations(
    tx: Transaction, players: Collection[Player]
) -> dict[PlayerId, frozenset[Obligation]]:
    """Return what is still between us and each of these players: money, holds, open payments.

    Under the turn of their shards this is the last word.
    """
    accounts = {player_account(player.id, player.currency): player.id for player in players}
    places = [(shard_of(player_id), account_id) for account_id, player_id in accounts.items()]
    balances = await wallet.find_balances(tx, places)
    owing = await store.find_owing(tx, set(accounts.values()))
    return rules.obligations(
        {accounts[account.id]: account for account in balances}, owing, set(accounts.values())
    )


async def find_refused_news(tx: Transaction, *, limit: int = PAYMENTS_PAGE_MAX) -> list[SavedNews]:
    """Return news that was not believed, the newest first: each needs a person to look at it."""
    return await store.find_refused_news(tx, limit=min(limit, PAYMENTS_PAGE_MAX))


async def find_totals(tx: Transaction) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return (payments, micros) per (currency, kind, state)."""
    return await store.find_totals(tx)
