"""The SQL of settlement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg
import msgspec

from pitboss.db import Transaction
from pitboss.kernel.ids import BetId, EventId, MarketId
from pitboss.kernel.shards import Partition
from pitboss.sportsbook.betting.model import OpenBet
from pitboss.sportsbook.settlement.model import Cursor, MarketResult, SelectionResult

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[SelectionResult, ...]).decode
_COLUMNS = "SELECT no, market_id, version, event_id, results FROM settlement_result"


async def find_last_no(tx: Transaction) -> int:
    """Return the number of the newest result, or 0."""
    row = await tx.fetch_one("SELECT coalesce(max(no), 0) AS no FROM settlement_result")
    return 0 if row is None else int(row["no"])


async def find_results(
    tx: Transaction, market_ids: Collection[MarketId]
) -> dict[MarketId, MarketResult]:
    """Return the newest result of each market that has one."""
    rows = await tx.fetch(
        _COLUMNS + " WHERE market_id = ANY($1::uuid[]) ORDER BY market_id, version",
        list(market_ids),
    )
    return {result.market_id: result for result in map(_result, rows)}


async def find_results_after(tx: Transaction, no: int, *, limit: int) -> list[MarketResult]:
    """Return the next results in their order."""
    rows = await tx.fetch(_COLUMNS + " WHERE no > $1 ORDER BY no LIMIT $2", no, limit)
    return [_result(row) for row in rows]


async def save_results(
    tx: Transaction, results: Sequence[MarketResult], recorded_at: datetime
) -> None:
    """Append results."""
    if not results:
        return
    await tx.copy_in(
        "settlement_result",
        ("no", "market_id", "version", "event_id", "results", "recorded_at"),
        [
            (
                item.no,
                item.market_id,
                item.version,
                item.event_id,
                _encode(item.selections),
                recorded_at,
            )
            for item in results
        ],
    )


async def lock_cursor(tx: Transaction, partition: Partition) -> Cursor | None:
    """Lock a partition's cursor; None if another settler has it."""
    row = await tx.fetch_one(
        "SELECT result_no, after_shard, after_bet FROM settlement_cursor"
        " WHERE partition = $1 FOR UPDATE SKIP LOCKED",
        partition,
    )
    if row is None:
        return None
    after = None
    if row["after_bet"] is not None:
        after = OpenBet(shard=row["after_shard"], bet_id=BetId(str(row["after_bet"])))
    return Cursor(partition=partition, result_no=row["result_no"], after=after)


async def move_cursor(tx: Transaction, cursor: Cursor) -> None:
    """Write how far a partition is settled."""
    await tx.execute(
        "UPDATE settlement_cursor SET result_no = $2, after_shard = $3, after_bet = $4"
        " WHERE partition = $1",
        cursor.partition,
        cursor.result_no,
        None if cursor.after is None else cursor.after.shard,
        None if cursor.after is None else cursor.after.bet_id,
    )


async def find_lags(tx: Transaction) -> dict[Partition, int]:
    """Return how many results each partition has still to settle."""
    rows = await tx.fetch(
        "SELECT partition, (SELECT coalesce(max(no), 0) FROM settlement_result) - result_no AS lag"
        " FROM settlement_cursor ORDER BY partition"
    )
    return {Partition(row["partition"]): row["lag"] for row in rows}


def _result(row: asyncpg.Record) -> MarketResult:
    return MarketResult(
        no=row["no"],
        market_id=MarketId(str(row["market_id"])),
        version=row["version"],
        event_id=EventId(str(row["event_id"])),
        selections=_decode(row["results"]),
    )
