"""Reads of settlement."""

from __future__ import annotations

from collections.abc import Collection

from pitboss.db import Transaction
from pitboss.kernel.ids import MarketId
from pitboss.kernel.shards import Partition
from pitboss.sportsbook.settlement.model import MarketResult

from . import store


async def find_results(
    tx: Transaction, market_ids: Collection[MarketId]
) -> dict[MarketId, MarketResult]:
    """Return the newest result of each market that has one."""
    return await store.find_results(tx, market_ids)


async def find_lags(tx: Transaction) -> dict[Partition, int]:
    """Return how many results each partition's players still wait for."""
    return await store.find_lags(tx)
