"""Players to test with, and what the tests of their rooms do again and again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec

from integration.players.keys import KEYS
from pitboss import messages
from pitboss.audit import rebuild
from pitboss.db import Database
from pitboss.db.errors import TransactionConflict
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import PlayerId, derived_id, new_id
from pitboss.kernel.shards import SHARDS_ALL, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.model import (
    RegisterAnswer,
    Registered,
    RegisterRequest,
    parse_email,
    parse_name,
)

NOW = datetime(2024, 5, 19, 15, 0, tzinfo=UTC)
ENTROPY = SystemEntropy()

T = TypeVar("T")


def some_request(name: str = "ann", **changes: Any) -> RegisterRequest:
    """Return the registration of somebody of this name, born in 1990, in Great Britain."""
    request = RegisterRequest(
        key=derived_id("key", name),
        player_id=PlayerId(new_id(NOW, ENTROPY)),
        jurisdiction="GB",
        currency="GBP",
        email=parse_email(f"{name}@example.com"),
        password_hash=f"$argon2id$of-{name}",
        given_name=parse_name(name.title(), field="given_name"),
        family_name=parse_name("Lovelace", field="family_name"),
        born_on=date(1990, 1, 1),
    )
    return replace(request, **changes)


async def register(database: Database, request: RegisterRequest) -> RegisterAnswer:
    """Register somebody."""

    async def work(turn: Turn) -> RegisterAnswer:
        (answer,) = await identity.register(turn, [request], keys=KEYS)
        return answer

    return await in_turn(database, request.player_id, work)


async def some_player(database: Database, name: str = "ann", **changes: Any) -> PlayerId:
    """Return somebody who has registered."""
    request = some_request(name, **changes)
    answer = await register(database, request)
    assert isinstance(answer, Registered), answer
    return request.player_id


async def in_turn(
    database: Database,
    player_id: PlayerId,
    work: Callable[[Turn], Awaitable[T]],
    *,
    now: datetime = NOW,
    actor: str = "player",
) -> T:
    """Do this work in a turn of the player's shard, again if the database chose another one."""
    while True:
        try:
            async with messages.turn(
                database, [shard_of(player_id)], now=now, actor=actor, entropy=ENTROPY
            ) as turn:
                return await work(turn)
        except TransactionConflict:
            continue


async def facts(database: Database, *, since: str = "") -> list[dict[str, Any]]:
    """Return the data of every fact whose type starts so, shard by shard."""
    async with database.transaction() as tx:
        told = [
            msgspec.json.decode(fact.body)["data"]
            for shard in SHARDS_ALL
            for fact in await messages.read_facts(tx, shard, after_seq=0)
        ]
    return [data for data in told if data["type"].startswith(since)]


async def assert_rebuilt(database: Database) -> None:
    """Check that every table is what the facts make of it."""
    async with database.moment() as tx:
        report = await rebuild.check(tx)
    assert report.oddities == []
    assert report.differences == []
