"""Writes about what a recovery of all there is leaves out: it is not sold any more."""

from __future__ import annotations

from collections.abc import Collection

from pitboss.messages import Turn
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import MarketStatus, StatusChange, write_line
from pitboss.sportsbook.feeds import store
from pitboss.sportsbook.feeds.model import (
    Hold,
    ProducerId,
    ToldMarket,
    feed_of,
    join_line,
    market_key,
)


async def suspend_left_out(turn: Turn, producer: ProducerId, told: Collection[ToldMarket]) -> int:
    """Suspend the open markets of a producer that it did not tell of; return how many.

    Its prices are from before the gap, and nobody knows what became of them in it.  The next price
    that it gives opens a market again.
    """
    events = {event for event, _ in told}
    links = await store.find_links(turn.tx, feed_of(producer), events)
    sold = {(links[event], key) for event, key in told if event in links}
    left_out = [
        market.id
        for market in await catalog.find_open_of(turn.tx, producer)
        if (
            market.event_id,
            market_key(market.kind, join_line(write_line(market.line), market.specifiers)),
        )
        not in sold
    ]
    changes = [StatusChange(market_id=one, status=MarketStatus.SUSPENDED) for one in left_out]
    await catalog.set_status(turn, changes)
    await store.save_holds(turn.tx, dict.fromkeys(left_out, Hold.FEED))
    return len(left_out)
