"""Writes about what a recovery of all there is leaves out: it is not sold any more."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.kernel.ids import MarketId
from pitboss.messages import Turn
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import MarketStatus, StatusChange
from pitboss.sportsbook.feeds import store
from pitboss.sportsbook.feeds.model import Hold


async def suspend_left_out(turn: Turn, market_ids: Sequence[MarketId]) -> None:
    """Suspend markets that a producer does not tell of any more.

    Its prices are from before the gap, and nobody knows what became of them in it.  The next price
    that it gives opens a market again.
    """
    changes = [StatusChange(market_id=one, status=MarketStatus.SUSPENDED) for one in market_ids]
    await catalog.set_status(turn, changes)
    await store.save_holds(turn.tx, dict.fromkeys(market_ids, Hold.FEED))
