"""Reads of the cashier."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from pitboss import jurisdictions, wallet
from pitboss.cashier.model import (
    DueWins,
    Instruments,
    Payment,
    PaymentNews,
    PaymentRequest,
    SavedNews,
)
from pitboss.db import Transaction
from pitboss.kernel.ids import IdempotencyKey, PaymentId, PlayerId, derived_id
from pitboss.kernel.money import currency
from pitboss.kernel.shards import SYSTEM_SHARD, Shard, shard_of
from pitboss.players import identity
from pitboss.players.identity.model import Obligation, Player
from pitboss.responsible import exclusion, limits
from pitboss.responsible.exclusion.model import Kind as ExclusionKind
from pitboss.responsible.limits.model import Payout
from pitboss.wallet.model import Account, player_account

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


async def find_instruments(
    tx: Transaction, payments: Collection[Payment]
) -> dict[PaymentId, Instruments]:
    """Return what the players' licences say of the instruments of these payments.

    Under a licence that is not known, the strictest.
    Source: the licence's `payments.own_instruments_only` and `closed_loop`.
    """
    players = await identity.find_players(
        tx, sorted({(item.shard, item.player_id) for item in payments})
    )
    licences = {item: jurisdictions.find(one.jurisdiction) for item, one in players.items()}
    return {
        item.id: Instruments.under(licences.get(item.player_id), item.kind) for item in payments
    }


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


async def find_returnable(
    tx: Transaction, places: Sequence[tuple[Shard, PlayerId]], *, now: datetime
) -> list[PaymentRequest]:
    """Return the withdrawals that pay out what is on the accounts of those who are excluded.

    Of players whose licence wants that unasked, and only of what is neither held nor less than a
    minor unit.  One whose withdrawal has failed, or was refused, within the last hour is left out.
    Under the turn of their shards this is the last word.  Source: the licence's
    `exclusion.balance_returned`.
    """
    players = await identity.find_players(tx, places)
    licences = {
        player.id: licence
        for player in players.values()
        if (licence := jurisdictions.find(player.jurisdiction)) is not None
        and licence.exclusion.balance_returned
    }
    if not licences:
        return []
    kept_away = await exclusion.find_kept_away(tx, licences, now=now)
    excluded = [
        players[item] for item, kept in kept_away.items() if kept.kind is ExclusionKind.EXCLUSION
    ]
    owners = {player_account(player.id, player.currency): player for player in excluded}
    accounts = await wallet.find_balances(
        tx, [(player.shard, account_id) for account_id, player in owners.items()]
    )
    found = [
        request
        for account in accounts
        if (request := rules.return_of(account, owners[account.id], now=now)) is not None
    ]
    since = now - rules.RETURNED_AGAIN_AFTER
    failing = await store.find_failing(
        tx, [(shard_of(item.player_id), item.player_id) for item in found], since=since
    )
    return [item for item in found if item.player_id not in failing]


async def find_due_wins(
    tx: Transaction, places: Sequence[tuple[Shard, PlayerId]], *, now: datetime
) -> list[DueWins]:
    """Return what of these players' wins is to be paid out now, above the sums that they named.

    Of players whose licence offers that, who owe the house nothing, and of whom no withdrawal has
    failed, or was refused, within the last hour.  Under the turn of their shards this is the last
    word.  Source: GlüStV 2021, § 6b(3) (DE); the licence's `payments.auto_payout_offered`.
    """
    payouts = await limits.find_payouts(tx, places)
    players = await identity.find_players(
        tx, [(item.shard, item.player_id) for item in payouts.values()]
    )
    offered = {item.id: payouts[item.id] for item in players.values() if _is_offered(item)}
    if not offered:
        return []
    accounts = await wallet.find_balances(
        tx,
        [(one.shard, player_account(one.player_id, one.currency)) for one in offered.values()],
    )
    asked = [(one.shard, one.payment_id) for one in offered.values() if one.payment_id is not None]
    last = await store.find_payments(tx, asked)
    found = [
        due
        for account in accounts
        if (due := _wins_of(account, offered[PlayerId(account.owner)], last)) is not None
    ]
    if not found:
        return []
    mine = [(item.payout.shard, item.payout.player_id) for item in found]
    failing = await store.find_failing(tx, mine, since=now - rules.RETURNED_AGAIN_AFTER)
    owing = await wallet.find_receivables(tx, {shard for shard, _ in mine})
    left_alone = failing | {account.owner for account in owing}
    return [item for item in found if item.payout.player_id not in left_alone]


def _is_offered(player: Player) -> bool:
    licence = jurisdictions.find(player.jurisdiction)
    return licence is not None and licence.payments.auto_payout_offered


def _wins_of(account: Account, payout: Payout, last: Mapping[PaymentId, Payment]) -> DueWins | None:
    """Return the wish that pays out what a player has won above the sum, if there is any.

    `last` are the payments that were asked for last: what one has failed to pay counts again, and
    while one is on its way, which may still fail, there is no other.
    """
    before = None if payout.payment_id is None else last.get(payout.payment_id)
    if before is not None and before.is_on_its_way:
        return None
    again = before is not None and before.has_paid_nothing
    due = payout.due(available=account.available, failed=again)
    if due <= 0:
        return None
    most = rules.MINOR_UNITS_MAX * currency(payout.currency).minor_unit_micros
    request = PaymentRequest(
        player_id=payout.player_id,
        # The number tells one payment from the next, whoever asks and however often.
        key=IdempotencyKey(derived_id("wins paid out", payout.player_id, str(payout.number + 1))),
        micros=min(due, most),
        currency=payout.currency,
    )
    return DueWins(payout=payout, request=request, again=again, left_micros=max(due - most, 0))


async def find_refused_news(tx: Transaction, *, limit: int = PAYMENTS_PAGE_MAX) -> list[SavedNews]:
    """Return news that was not believed, the newest first: each needs a person to look at it."""
    return await store.find_refused_news(tx, limit=min(limit, PAYMENTS_PAGE_MAX))


async def find_totals(tx: Transaction) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return (payments, micros) per (currency, kind, state)."""
    return await store.find_totals(tx)
