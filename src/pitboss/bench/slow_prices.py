"""The baseline of a feed: each price in a transaction of its own, as most teams write it."""

from __future__ import annotations

from pitboss.bench import row_at_a_time
from pitboss.bench.server import Connection
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.price import write_price
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook.catalog.facts import PriceChanged
from pitboss.sportsbook.catalog.model import PriceChange


async def change(
    connection: Connection, wish: PriceChange, *, clock: Clock, entropy: Entropy
) -> None:
    """Give one selection a new price and the next tick, tell it, and commit."""
    async with connection.transaction():
        row = await connection.fetchrow(
            "SELECT market.event_id, selection.tick, market.status FROM catalog_selection AS"
            " selection JOIN catalog_market AS market USING (market_id)"
            " WHERE selection_id = $1 FOR UPDATE OF selection",
            wish.selection_id,
        )
        if row is None or row["status"] not in ("open", "suspended"):
            return
        price, tick = write_price(wish.price), row["tick"] + 1
        await connection.execute(
            "UPDATE catalog_selection SET price = $2, tick = $3, priced_at = $4"
            " WHERE selection_id = $1",
            *(wish.selection_id, price, tick, clock.now()),
        )
        await row_at_a_time.tell(
            connection,
            CATALOGUE_SHARD,
            str(row["event_id"]),
            PriceChanged(selection_id=wish.selection_id, price=price, tick=tick),
            clock=clock,
            entropy=entropy,
        )
