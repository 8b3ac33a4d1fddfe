"""The baseline of trading: what one bet adds to the book of its selection, and takes out of it."""

from __future__ import annotations

from pitboss.bench.server import Connection
from pitboss.kernel.shards import Shard, partition_of
from pitboss.sportsbook.betting.model import Leg

_ADD = (
    "INSERT INTO trading_book AS book (selection_id, currency, partition, market_id, event_id,"
    "  bets, stake_micros, winnings_micros) VALUES ($1, $2, $3, $4, $5, 1, $6, $7)"
    " ON CONFLICT (selection_id, currency, partition) DO UPDATE SET bets = book.bets + 1,"
    "  stake_micros = book.stake_micros + $6, winnings_micros = book.winnings_micros + $7"
)
_RELEASE = (
    "UPDATE trading_book SET bets = bets - 1, stake_micros = stake_micros - $4,"
    " winnings_micros = winnings_micros - $5"
    " WHERE selection_id = $1 AND currency = $2 AND partition = $3"
)


async def add(connection: Connection, shard: Shard, leg: Leg, stake_micros: int, code: str) -> None:
    """Add a single to the book."""
    key = (leg.selection_id, code, partition_of(shard))
    amounts = (stake_micros, _winnings(leg, stake_micros))
    await connection.execute(_ADD, *key, leg.market_id, leg.event_id, *amounts)


async def release(
    connection: Connection, shard: Shard, leg: Leg, stake_micros: int, code: str
) -> None:
    """Take a single out of the book."""
    key = (leg.selection_id, code, partition_of(shard))
    await connection.execute(_RELEASE, *key, stake_micros, _winnings(leg, stake_micros))


def _winnings(leg: Leg, stake_micros: int) -> int:
    """Return what a single would win, rounded up."""
    top, bottom = leg.price_exact.as_integer_ratio()
    return -(-stake_micros * (top - bottom) // bottom)
