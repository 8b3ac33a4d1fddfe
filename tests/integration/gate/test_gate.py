"""The gate on the real database: one look for a batch, and nothing changes behind its back."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import pytest

from integration.players.keys import KEYS
from pitboss import gate, jurisdictions, messages
from pitboss.db import Database
from pitboss.gate.model import Answer, Check, DepositCheck, Permit, Product, Refusal, Refused
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import PlayerId, derived_id, new_id
from pitboss.kernel.shards import SHARDS_ALL, SYSTEM_SHARD, shard_of
from pitboss.messages.model import Memory
from pitboss.players import identity
from pitboss.players.identity.model import (
    PlayerStatus,
    RegisterRequest,
    StatusReason,
    StatusRequest,
    parse_email,
    parse_name,
)

NOW = datetime(2024, 5, 19, 15, 0, tzinfo=UTC)
ENTROPY = SystemEntropy()
PERMIT = Permit(jurisdiction="demo", rules_version=jurisdictions.get("demo").rules_version)


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


async def suspend(database: Database, player_id: PlayerId) -> None:
    async with messages.turn(
        database, [shard_of(player_id)], now=NOW, actor="staff", entropy=ENTROPY
    ) as turn:
        await identity.set_status(turn, [suspension(player_id)])


def suspension(player_id: PlayerId) -> StatusRequest:
    return StatusRequest(
        key=derived_id("suspend", player_id),
        player_id=player_id,
        status=PlayerStatus.SUSPENDED,
        reason=StatusReason.STAFF_DECISION,
    )


def wager(player_id: PlayerId, stake_micros: int = 1_000_000) -> Check:
    return Check(
        player_id=player_id,
        product=Product.SPORTSBOOK,
        stake_micros=stake_micros,
        currency="GBP",
    )


async def test_every_check_of_a_batch_is_answered_in_order(database: Database) -> None:
    players = await some_players(database, 10)
    await suspend(database, players[3])
    stranger = PlayerId(new_id(NOW, ENTROPY))

    async with messages.turn(
        database, SHARDS_ALL, now=NOW, actor="worker", entropy=ENTROPY
    ) as turn:
        answers = await gate.check(
            turn,
            [*(wager(player) for player in players), wager(stranger), wager(players[0], 1)],
        )
        none = await gate.check(turn, [])

    expected: list[Permit | Refused] = [PERMIT] * 10
    expected[3] = Refused(reason=Refusal.PLAYER_NOT_ACTIVE)
    expected += [
        Refused(reason=Refusal.UNKNOWN_PLAYER),
        Refused(reason=Refusal.STAKE_TOO_SMALL),
    ]
    assert answers == tuple(expected)
    assert none == ()


async def test_a_player_whose_licence_is_gone_is_refused_and_stops_nobody_else(
    database: Database,
) -> None:
    ann, bob = await some_players(database, 2)
    async with database.transaction() as tx:
        await tx.execute("UPDATE player SET jurisdiction = 'gone' WHERE player_id = $1", ann)

    async with messages.turn(
        database, SHARDS_ALL, now=NOW, actor="worker", entropy=ENTROPY
    ) as turn:
        answers = await gate.check(turn, [wager(ann), wager(bob)])

    assert answers == (Refused(reason=Refusal.UNKNOWN_JURISDICTION), PERMIT)


async def test_a_suspended_player_may_not_pay_in(database: Database) -> None:
    ann, bob = await some_players(database, 2)
    await suspend(database, ann)

    async with messages.turn(
        database, SHARDS_ALL, now=NOW, actor="worker", entropy=ENTROPY
    ) as turn:
        answers = await gate.check_deposits(
            turn,
            [
                DepositCheck(player_id=player, micros=10_000_000, currency="GBP")
                for player in (ann, bob)
            ],
        )

    assert answers == (Refused(reason=Refusal.PLAYER_NOT_ACTIVE), PERMIT)


async def test_the_gate_is_only_asked_under_the_players_turn(database: Database) -> None:
    (ann,) = await some_players(database, 1)

    async with messages.turn(
        database, [SYSTEM_SHARD], now=NOW, actor="worker", entropy=ENTROPY
    ) as turn:
        with pytest.raises(InvariantBroken):
            await gate.check(turn, [wager(ann)])
        with pytest.raises(InvariantBroken):
            await gate.check_deposits(turn, [DepositCheck(player_id=ann, micros=1, currency="GBP")])


async def test_a_permit_stays_true_until_its_turn_ends(database: Database) -> None:
    (ann,) = await some_players(database, 1)

    async with messages.turn(
        database, [shard_of(ann)], now=NOW, actor="worker", entropy=ENTROPY
    ) as turn:
        before = await gate.check(turn, [wager(ann)])
        suspension = asyncio.create_task(suspend(database, ann))
        done, _ = await asyncio.wait([suspension], timeout=0.1)
        after = await gate.check(turn, [wager(ann)])
    await suspension

    async with messages.turn(
        database, [shard_of(ann)], now=NOW, actor="worker", entropy=ENTROPY
    ) as turn:
        at_last = await gate.check(turn, [wager(ann)])
    assert not done
    assert before == after == (PERMIT,)
    assert at_last == (Refused(reason=Refusal.PLAYER_NOT_ACTIVE),)


async def test_a_process_that_remembers_a_player_sees_the_suspension(database: Database) -> None:
    (ann,) = await some_players(database, 1)
    memory = Memory()

    async def ask() -> Answer:
        async with (
            database.transaction() as tx,
            messages.join_turn(
                tx, [shard_of(ann)], now=NOW, actor="test", entropy=ENTROPY, memory=memory
            ) as turn,
        ):
            (answer,) = await gate.check(turn, [wager(ann)])
        return answer

    before = [await ask(), await ask()]
    await suspend(database, ann)

    assert before == [PERMIT, PERMIT]
    assert await ask() == Refused(reason=Refusal.PLAYER_NOT_ACTIVE)


async def test_a_suspension_is_seen_in_the_turn_that_made_it(database: Database) -> None:
    (ann,) = await some_players(database, 1)

    async with messages.turn(
        database, [shard_of(ann)], now=NOW, actor="staff", entropy=ENTROPY
    ) as turn:
        (before,) = await gate.check(turn, [wager(ann)])
        await identity.set_status(turn, [suspension(ann)])
        (after,) = await gate.check(turn, [wager(ann)])

    assert (before, after) == (PERMIT, Refused(reason=Refusal.PLAYER_NOT_ACTIVE))
