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
from pitboss.sportsbook.settlement.model import MarketResult, SelectionResult, Walk

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


async def lock_cursor(tx: Transaction, partition: Partition) -> int | None:
    """Lock a partition's cursor and return its result; None if another settler has it."""
    row = await tx.fetch_one(
        "SELECT result_no FROM settlement_cursor WHERE partition = $1 FOR UPDATE SKIP LOCKED",
        partition,
    )
    return None if row is None else int(row["result_no"])


async def move_cursor(tx: Transaction, partition: Partition, result_no: int) -> None:
    """Write up to which result a partition has begun."""
    await tx.execute(
        "UPDATE settlement_cursor SET result_no = $2 WHERE partition = $1", partition, result_no
    )


async def find_walks(tx: Transaction, partition: Partition) -> list[Walk]:
    """Return the results that a partition is settling, the oldest first."""
    rows = await tx.fetch(
        "SELECT result_no, market_id, after_shard, after_bet FROM settlement_walk"
        " WHERE partition = $1 ORDER BY result_no",
        partition,
    )
    return [_walk(row, partition) for row in rows]


async def save_walks(tx: Transaction, walks: Sequence[Walk]) -> None:
    """Write how far these walks are, new ones included."""
    if not walks:
        return
    await tx.execute(
        "INSERT INTO settlement_walk (partition, result_no, market_id, after_shard, after_bet)"
        " SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::smallint[],"
        "   $5::uuid[])"
        " ON CONFLICT (partition, result_no) DO UPDATE"
        " SET after_shard = excluded.after_shard, after_bet = excluded.after_bet",
        [walk.partition for walk in walks],
        [walk.result_no for walk in walks],
        [walk.market_id for walk in walks],
        [None if walk.after is None else walk.after.shard for walk in walks],
        [None if walk.after is None else walk.after.bet_id for walk in walks],
    )


async def end_walks(tx: Transaction, partition: Partition, result_nos: Collection[int]) -> None:
    """Forget walks that are done."""
    if result_nos:
        await tx.execute(
            "DELETE FROM settlement_walk WHERE partition = $1 AND result_no = ANY($2::bigint[])",
            partition,
            list(result_nos),
        )


async def find_lags(tx: Transaction) -> dict[Partition, int]:
    """Return how many results each partition has still to settle."""
    rows = await tx.fetch(
        "SELECT partition, (SELECT coalesce(max(no), 0) FROM settlement_result) - result_no"
        "   + (SELECT count(*) FROM settlement_walk AS walk"
        "      WHERE walk.partition = cursor.partition) AS lag"
        " FROM settlement_cursor AS cursor ORDER BY partition"
    )
    return {Partition(row["partition"]): row["lag"] for row in rows}


def _walk(row: asyncpg.Record, partition: Partition) -> Walk:
    after = None
    if row["after_bet"] is not None:
        after = OpenBet(shard=row["after_shard"], bet_id=BetId(str(row["after_bet"])))
    return Walk(
        partition=partition,
        result_no=row["result_no"],
        market_id=MarketId(str(row["market_id"])),
        after=after,
    )


def _result(row: asyncpg.Record) -> MarketResult:
    return MarketResult(
        no=row["no"],
        market_id=MarketId(str(row["market_id"])),
        version=row["version"],
        event_id=EventId(str(row["event_id"])),
        selections=_decode(row["results"]),
    )
