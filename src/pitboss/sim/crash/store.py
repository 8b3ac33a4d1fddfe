"""The SQL of crashes: cutting connections, watching takeovers, reading what is there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from pitboss.sim.crash.evidence import Evidence, LoggedBet, PaymentRow

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# What the processes of an instance call themselves; see `db.pool`.
THEIR_NAME = "pitboss"
OUR_NAME = "crash"
CONNECT_SECONDS_MAX = 5.0
STATEMENT_SECONDS_MAX = 60.0
# What a server that is killed again and again answers with, in the middle of anything.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who owns a partition, and how far it is."""

    owner: str
    epoch: int
    next_offset: int


async def connect(url: str) -> Connection:
    """Open a connection that is not taken for one of the platform's."""
    return await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS_MAX,
        command_timeout=STATEMENT_SECONDS_MAX,
        server_settings={"application_name": OUR_NAME, "jit": "off"},
    )


async def cut_writers(connection: Connection) -> int:
    """Break off every session that has written in a transaction and has not committed yet."""
    rows = await connection.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = $1 AND backend_xid IS NOT NULL",
        THEIR_NAME,
    )
    return len(rows)


async def find_backend(connection: Connection) -> int | None:
    """Return the process id of one of the platform's sessions, rather one that is at work."""
    pid: int | None = await connection.fetchval(
        "SELECT pid FROM pg_stat_activity WHERE application_name = $1"
        " ORDER BY (backend_xid IS NOT NULL) DESC, (state = 'active') DESC LIMIT 1",
        THEIR_NAME,
    )
    return pid


async def count_stuck(connection: Connection, seconds: float) -> int:
    """Return how many transactions have had nothing from their client for so long."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"
        " AND state = 'idle in transaction'"
        " AND state_change < clock_timestamp() - make_interval(secs => $2)",
        THEIR_NAME,
        seconds,
    )
    return count


async def find_places(connection: Connection, partitions: Collection[int]) -> dict[int, Place]:
    """Return who owns these partitions, and how far they are."""
    rows = await connection.fetch(
        "SELECT partition, owner, epoch, next_offset FROM log_consumer"
        " WHERE partition = ANY($1::smallint[])",
        list(partitions),
    )
    return {
        row["partition"]: Place(
            owner=row["owner"], epoch=row["epoch"], next_offset=row["next_offset"]
        )
        for row in rows
    }


async def count_waiting(connection: Connection) -> dict[str, int]:
    """Return how much is still to be decided, settled, paid, and given its position."""
    row = await connection.fetchrow(
        "SELECT (SELECT sum(head.next_offset - consumer.next_offset)::bigint FROM log_head AS head"
        "        JOIN log_consumer AS consumer USING (partition)) AS commands,"
        " (SELECT count(*) FROM bet WHERE state = 'accepted') AS bets,"
        " (SELECT count(*) FROM payment WHERE state IN ('requested', 'submitted')) AS payments,"
        " (SELECT sum(seq) FROM shard_head)::bigint - (SELECT position FROM sequencer) AS facts"
    )
    return {} if row is None else dict(row)


async def read_evidence(connection: Connection) -> Evidence:
    """Return what the tables say."""
    log = await connection.fetch(
        "SELECT command_id, key, body ->> 'player_id' AS player_id,"
        " (body ->> 'stake_micros')::bigint AS micros"
        " FROM (SELECT command_id, key, convert_from(body, 'UTF8')::jsonb AS body FROM command)"
        " AS read"
    )
    bets = await connection.fetch("SELECT bet_id, state FROM bet")
    payments = await connection.fetch(
        "SELECT payment_id, player_id, kind, state, micros FROM payment"
    )
    set_aside = await connection.fetch(
        # A bet that nobody could decide on was refused unread; what is no bet was set aside.
        "SELECT coalesce(data ->> 'bet_id', data ->> 'command_id') AS id"
        " FROM (SELECT convert_from(body, 'UTF8')::jsonb -> 'data' AS data FROM fact) AS read"
        " WHERE data ->> 'type' = 'command.set_aside'"
        "   OR (data ->> 'type' = 'bet.refused' AND data ->> 'reason' = 'unreadable')"
    )
    return Evidence(
        log=tuple(
            LoggedBet(
                id=str(row["command_id"]),
                key=str(row["key"]),
                player_id=row["player_id"],
                micros=row["micros"],
            )
            for row in log
        ),
        bets={str(row["bet_id"]): row["state"] for row in bets},
        payments=tuple(
            PaymentRow(
                id=str(row["payment_id"]),
                player_id=str(row["player_id"]),
                kind=row["kind"],
                state=row["state"],
                micros=row["micros"],
            )
            for row in payments
        ),
        set_aside=tuple(row["id"] for row in set_aside),
    )
