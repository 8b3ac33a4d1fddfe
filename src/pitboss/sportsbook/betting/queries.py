"""Reads of betting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.kernel.ids import BetId, MarketId, PlayerId
from pitboss.kernel.shards import Shard
from pitboss.sportsbook.betting.model import Bet, OpenBet, Waiting

from . import store


async def find_bet(tx: Transaction, shard: Shard, bet_id: BetId) -> Bet | None:
    """Return a decided bet."""
    return (await store.find_bets(tx, [(shard, bet_id)])).get(bet_id)


async def find_bets(tx: Transaction, places: Collection[tuple[Shard, BetId]]) -> dict[BetId, Bet]:
    """Return those of the bets that are decided."""
    return await store.find_bets(tx, places)


async def find_owner(tx: Transaction, bet_id: BetId) -> PlayerId | None:
    """Return whose bet a decided one is."""
    return await store.find_owner(tx, bet_id)


async def find_waiting(tx: Transaction, places: Sequence[tuple[Shard, BetId]]) -> list[Waiting]:
    """Return those of the bets that are accepted and not settled yet, in the order asked."""
    return await store.find_waiting(tx, places)


async def find_open_bets(
    tx: Transaction,
    market_id: MarketId,
    *,
    shards: tuple[Shard, Shard],
    after: OpenBet | None,
    limit: int,
) -> list[OpenBet]:
    """Return accepted bets with a leg in this market, in order of shard and id.

    `shards` are the first and the last lane to look in; `after` continues behind a bet.
    """
    return await store.find_open_bets(tx, market_id, shards=shards, after=after, limit=limit)


async def find_open_bets_of(
    tx: Transaction, shard: Shard, player_id: PlayerId, *, decided_before: datetime | None
) -> list[Waiting]:
    """Return a player's accepted bets that are not settled yet, by their ids.

    It looks through the bets of the shard, so nobody who is waited for asks it.  With
    `decided_before`, only those that were decided earlier.
    """
    return await store.find_open_bets_of(tx, shard, player_id, decided_before=decided_before)


async def find_totals(tx: Transaction) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Return (bets, stakes, returns) per (currency, state)."""
    return await store.find_totals(tx)
