"""The baseline: the same content, one transaction a request, as most teams write it.

Prepared statements, one round trip for each step, the chain's head locked last and briefly.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import msgspec

from pitboss.bench import server
from pitboss.bench.server import Connection
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import new_id
from pitboss.kernel.instants import write_instant
from pitboss.wallet.model import HoldRequest, Refusal

CLIENTS = 8

Wish = TypeVar("Wish")

_encode = msgspec.json.Encoder(order="sorted").encode


async def rate(
    url: str,
    wishes: Iterator[Wish],
    act: Callable[[Connection, Wish], Awaitable[None]],
    *,
    clients: int,
    seconds: float,
) -> tuple[int, float]:
    """Have each client do one wish after the other; return how many in how many seconds."""
    async with contextlib.AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(server.connected(url)) for _ in range(clients)
        ]
        started = time.perf_counter()
        done = 0

        async def client(connection: Connection) -> None:
            nonlocal done
            while time.perf_counter() - started < seconds:
                await act(connection, next(wishes))
                done += 1

        await asyncio.gather(*map(client, connections))
        return done, time.perf_counter() - started


async def hold(connection: Connection, request: HoldRequest) -> Refusal | None:
    """Set money aside inside the caller's transaction; say why not, if not."""
    account = await connection.fetchrow(
        "SELECT currency, credits - debits - held AS available FROM wallet_account"
        " WHERE shard = $1 AND account_id = $2 FOR UPDATE",
        request.shard,
        request.account_id,
    )
    refusal = None
    if account is None:
        refusal = Refusal.UNKNOWN_ACCOUNT
    elif account["currency"] != request.currency:
        refusal = Refusal.WRONG_CURRENCY
    elif account["available"] < request.micros:
        refusal = Refusal.INSUFFICIENT_FUNDS
    await connection.execute(
        "INSERT INTO wallet_hold (shard, key, account_id, micros, currency, refusal)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        request.shard,
        request.key,
        request.account_id,
        request.micros,
        request.currency,
        refusal,
    )
    if refusal is None:
        await connection.execute(
            "UPDATE wallet_account SET held = held + $3 WHERE shard = $1 AND account_id = $2",
            request.shard,
            request.account_id,
            request.micros,
        )
    return refusal


async def tell(
    connection: Connection,
    shard: int,
    stream: str,
    fact: Fact,
    *,
    clock: Clock,
    entropy: Entropy,
) -> None:
    """Append a fact behind its shard's last one, inside the caller's transaction."""
    head = await connection.fetchrow(
        "SELECT seq, head_hash FROM shard_head WHERE shard = $1 FOR UPDATE", shard
    )
    version = await connection.fetchval(
        "INSERT INTO stream_head AS head (shard, stream, version) VALUES ($1, $2, 1)"
        " ON CONFLICT (shard, stream) DO UPDATE SET version = head.version + 1"
        " RETURNING head.version",
        shard,
        stream,
    )
    assert head is not None  # noqa: S101 - the migration made every head
    now = clock.now()
    seq = head["seq"] + 1
    body = _encode(
        {
            "actor": "bench",
            "data": fact,
            "id": new_id(now, entropy),
            "prev": head["head_hash"].hex(),
            "rec": write_instant(now),
            "seq": seq,
            "shard": shard,
            "stream": stream,
            "sv": fact.schema_version,
            "v": 1,
            "ver": version,
        }
    )
    await connection.execute(
        "INSERT INTO fact (shard, seq, stream, version, body) VALUES ($1, $2, $3, $4, $5)",
        shard,
        seq,
        stream,
        version,
        body,
    )
    await connection.execute(
        "UPDATE shard_head SET seq = $2, head_hash = $3 WHERE shard = $1",
        shard,
        seq,
        hashlib.sha256(b"\x00" + body).digest(),
    )
