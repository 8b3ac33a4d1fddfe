"""Changes of status on the real database."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import msgspec
import pytest

from integration.players.keys import KEYS
from pitboss import messages
from pitboss.db import Database
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import PlayerId, derived_id, new_id
from pitboss.kernel.shards import SHARDS_ALL, SYSTEM_SHARD, shard_of
from pitboss.players import identity
from pitboss.players.identity.model import (
    PlayerStatus,
    Refusal,
    Refused,
    RegisterRequest,
    StatusAnswer,
    StatusReason,
    StatusRequest,
    StatusSet,
    parse_email,
    parse_name,
)

NOW = datetime(2024, 5, 19, 15, 0, tzinfo=UTC)
ENTROPY = SystemEntropy()


async def some_players(database: Database, number: int) -> list[PlayerId]:
    requests = [
        RegisterRequest(
            key=derived_id("key", str(each)),
            player_id=PlayerId(new_id(NOW, ENTROPY)),
            jurisdiction="demo",
            currency="GBP",
            email=parse_email(f"player{each}@example.com"),
            password_hash="$argon2id$hash",
            given_name=parse_name("Ann", field="given_name"),
            family_name=parse_name("Other", field="family_name"),
            born_on=date(1990, 1, 1),
        )
        for each in range(number)
    ]
    async with messages.turn(
        database, SHARDS_ALL, now=NOW, actor="player", entropy=ENTROPY
    ) as turn:
        await identity.register(turn, requests, keys=KEYS)
    return [request.player_id for request in requests]


async def set_status(
    database: Database, requests: Sequence[StatusRequest]
) -> tuple[StatusAnswer, ...]:
    shards = {shard_of(request.player_id) for request in requests}
    async with messages.turn(database, shards, now=NOW, actor="staff", entropy=ENTROPY) as turn:
        return await identity.set_status(turn, requests)


async def status_of(database: Database, player_id: PlayerId) -> PlayerStatus:
    async with database.transaction() as tx:
        return (await identity.get_player(tx, player_id)).status


async def changes_told(database: Database) -> list[dict[str, Any]]:
    async with database.transaction() as tx:
        told = [
            msgspec.json.decode(fact.body)
            for shard in SHARDS_ALL
            for fact in await messages.read_facts(tx, shard, after_seq=0)
        ]
    return [fact for fact in told if fact["data"]["type"] == "player.status_changed"]


def to(status: PlayerStatus, player_id: PlayerId, key: str) -> StatusRequest:
    return StatusRequest(
        key=derived_id("status", key),
        player_id=player_id,
        status=status,
        reason=StatusReason.STAFF_DECISION,
    )


async def test_a_change_of_status_is_kept_and_told(database: Database) -> None:
    (ann,) = await some_players(database, 1)

    answers = await set_status(database, [to(PlayerStatus.SUSPENDED, ann, "1")])

    (fact,) = await changes_told(database)
    assert answers == (StatusSet(player_id=ann, status=PlayerStatus.SUSPENDED),)
    assert await status_of(database, ann) is PlayerStatus.SUSPENDED
    assert fact["stream"] == ann
    assert fact["actor"] == "staff"
    assert fact["data"] == {
        "type": "player.status_changed",
        "player_id": ann,
        "before": "active",
        "after": "suspended",
        "reason": "staff_decision",
    }


async def test_an_old_key_does_not_bring_an_old_status_back(database: Database) -> None:
    (ann,) = await some_players(database, 1)
    suspend = to(PlayerStatus.SUSPENDED, ann, "1")
    first = await set_status(database, [suspend])
    await set_status(database, [to(PlayerStatus.ACTIVE, ann, "2")])

    again = await set_status(database, [suspend])
    other_body = await set_status(database, [to(PlayerStatus.CLOSED, ann, "1")])

    assert again == first
    assert other_body == (Refused(reason=Refusal.KEY_REUSED),)
    assert await status_of(database, ann) is PlayerStatus.ACTIVE
    assert len(await changes_told(database)) == 2


async def test_a_closed_account_stays_closed_and_the_refusal_is_kept(database: Database) -> None:
    (ann,) = await some_players(database, 1)
    await set_status(database, [to(PlayerStatus.CLOSED, ann, "1")])
    reopen = to(PlayerStatus.ACTIVE, ann, "2")

    answers = [await set_status(database, [reopen]) for _ in range(2)]

    assert answers == [(Refused(reason=Refusal.ACCOUNT_CLOSED),)] * 2
    assert await status_of(database, ann) is PlayerStatus.CLOSED
    assert len(await changes_told(database)) == 1


async def test_strangers_are_refused_and_stop_nobody_else(database: Database) -> None:
    (ann,) = await some_players(database, 1)
    stranger = PlayerId(new_id(NOW, ENTROPY))

    answers = await set_status(
        database,
        [to(PlayerStatus.SUSPENDED, stranger, "1"), to(PlayerStatus.SUSPENDED, ann, "2")],
    )

    assert answers == (
        Refused(reason=Refusal.UNKNOWN_PLAYER),
        StatusSet(player_id=ann, status=PlayerStatus.SUSPENDED),
    )


async def test_the_same_status_again_is_answered_and_not_told(database: Database) -> None:
    (ann,) = await some_players(database, 1)

    answers = await set_status(database, [to(PlayerStatus.ACTIVE, ann, "1")])

    assert answers == (StatusSet(player_id=ann, status=PlayerStatus.ACTIVE),)
    assert await changes_told(database) == []


async def test_eight_shuffles_of_one_batch_that_race_change_each_player_once(
    database: Database,
) -> None:
    players = await some_players(database, 20)
    batch = [to(PlayerStatus.SUSPENDED, player, str(each)) for each, player in enumerate(players)]
    barrier = asyncio.Barrier(8)

    async def race(seed: int) -> tuple[StatusAnswer, ...]:
        await barrier.wait()
        return await set_status(database, random.Random(seed).sample(batch, len(batch)))

    answers = await asyncio.gather(*(race(seed) for seed in range(8)))

    expected = {StatusSet(player_id=player, status=PlayerStatus.SUSPENDED) for player in players}
    assert all(set(each) == expected for each in answers)
    assert len(await changes_told(database)) == 20


async def test_no_status_changes_without_the_turn_of_the_shard(database: Database) -> None:
    (ann,) = await some_players(database, 1)

    with pytest.raises(InvariantBroken):
        async with messages.turn(
            database, [SYSTEM_SHARD], now=NOW, actor="staff", entropy=ENTROPY
        ) as turn:
            await identity.set_status(turn, [to(PlayerStatus.CLOSED, ann, "1")])

    assert await status_of(database, ann) is PlayerStatus.ACTIVE


async def test_an_empty_batch_is_answered_with_nothing(database: Database) -> None:
    assert await set_status(database, []) == ()


async def test_the_history_of_changes_cannot_be_edited(database: Database, owned: Database) -> None:
    (ann,) = await some_players(database, 1)
    await set_status(database, [to(PlayerStatus.SUSPENDED, ann, "1")])

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        async with owned.transaction() as tx:
            await tx.execute("DELETE FROM player_status_change")
