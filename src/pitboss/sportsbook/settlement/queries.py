"""Reads of settlement."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pitboss.db import Transaction
from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.kernel.shards import Partition
from pitboss.sportsbook.settlement.model import MarketResult, Result, Settled, Terms, Unsettled

from . import rules, store


async def find_results(
    tx: Transaction, market_ids: Collection[MarketId]
) -> dict[MarketId, MarketResult]:
    """Return the newest result of each market that has one."""
    return await store.find_results(tx, market_ids)


async def find_lags(tx: Transaction) -> dict[Partition, int]:
    """Return how many results each partition's players still wait for."""
    return await store.find_lags(tx)


def replay(terms: Terms, results: Mapping[SelectionId, Result]) -> Settled | Unsettled:
    """Return what a bet pays, worked out again from its terms and the results on record.

    Settlement itself asks the same rule, so whoever reads both from facts must find the returns
    that were booked, to the coin.  Pure: unlike its neighbours it reads nothing.
    """
    return rules.settle(terms, results)
