"""The SQL of cash-out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec

from pitboss.db import Transaction
from pitboss.kernel.ids import BetId
from pitboss.kernel.shards import Partition, Shard, shards_of
from pitboss.sportsbook.cash_out.model import Quote, Request, State

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Quote).decode


async def find_request(tx: Transaction, shard: Shard, request_id: str) -> Request | None:
    """Return a request."""
    row = await tx.fetch_one(
        "SELECT * FROM cash_out WHERE shard = $1 AND request_id = $2", shard, request_id
    )
    return None if row is None else _request(row)


async def find_requests_of(tx: Transaction, shard: Shard, bet_id: BetId) -> list[Request]:
    """Return the requests about a bet, the oldest first."""
    rows = await tx.fetch(
        "SELECT * FROM cash_out WHERE shard = $1 AND bet_id = $2 ORDER BY asked_at, request_id",
        shard,
        bet_id,
    )
    return [_request(row) for row in rows]


async def lock_due(
    tx: Transaction, partition: Partition, *, now: datetime, limit: int
) -> list[Request]:
    """Lock requests whose delay is over, the oldest first; those of a twin are passed by."""
    lanes = shards_of(partition)
    rows = await tx.fetch(
        "SELECT * FROM cash_out WHERE state = 'delayed' AND decide_at <= $1"
        " AND shard BETWEEN $2 AND $3 ORDER BY decide_at, request_id LIMIT $4"
        " FOR UPDATE SKIP LOCKED",
        now,
        lanes[0],
        lanes[-1],
        limit,
    )
    return [_request(row) for row in rows]


async def save_requests(tx: Transaction, requests: Sequence[Request]) -> None:
    """Write requests as they stand; one that was delayed is decided once."""
    for item in requests:
        await tx.execute(
            "INSERT INTO cash_out (shard, request_id, bet_id, player_id, quote, state, reason,"
            "   asked_at, decide_at, decided_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
            " ON CONFLICT (shard, request_id) DO UPDATE SET state = excluded.state,"
            "   reason = excluded.reason, decided_at = excluded.decided_at"
            " WHERE cash_out.state = 'delayed'",
            item.shard,
            item.request_id,
            item.quote.bet_id,
            item.quote.player_id,
            _encode(item.quote),
            item.state,
            item.reason,
            item.asked_at,
            item.decide_at,
            item.decided_at,
        )


def _request(row: asyncpg.Record) -> Request:
    return Request(
        shard=row["shard"],
        request_id=str(row["request_id"]),
        quote=_decode(row["quote"]),
        state=State(row["state"]),
        reason=row["reason"],
        asked_at=row["asked_at"],
        decide_at=row["decide_at"],
        decided_at=row["decided_at"],
    )
