"""What is on the account of who is excluded is paid out unasked, where the licence wants that."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from integration.cashier.world import World
from paced import put_in_force
from pitboss import cashier, jurisdictions
from pitboss.cashier.model import NewsStatus, Payment, PaymentKind, PaymentState
from pitboss.db import Database
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.responsible import exclusion
from pitboss.responsible.exclusion.model import Excluded, Initiator, Kind, Reason, Wish
from pitboss.workers.balances import Walk
from proofs import Proves

CODES = tuple(code for code in jurisdictions.codes() if code != "demo")
RETURNING = {"exclusion": {"balance_returned": True}}
RACERS = 6


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def keep_away(world: World, player: PlayerId, kind: Kind = Kind.EXCLUSION) -> None:
    wish = Wish(
        key=derived_id("exclusion", player, kind),
        player_id=player,
        kind=kind,
        initiator=Initiator.PLAYER,
        reason=Reason.PLAYERS_CHOICE,
        months=6 if kind is Kind.EXCLUSION else None,
        hours=24 if kind is Kind.TIME_OUT else None,
    )
    async with world.turn(shard_of(player)) as turn:
        answer = await exclusion.exclude(turn, wish, jurisdictions.get("demo"))
    assert isinstance(answer, Excluded)


async def walk(world: World, *, page: int = 2) -> None:
    """Walk once through all who are excluded."""
    walker = Walk(database=world.database, clock=world.clock, entropy=world.entropy, page=page)
    while await walker.step():
        pass


async def withdrawals(world: World, player: PlayerId) -> list[Payment]:
    """Return a player's withdrawals, the newest first."""
    async with world.database.reading() as tx:
        found = await cashier.find_payments(tx, shard_of(player), player)
    return [payment for payment in found if payment.kind is PaymentKind.WITHDRAWAL]


@pytest.mark.parametrize("code", CODES)
async def test_an_excluded_player_is_paid_out_unasked_where_the_licence_says_so(
    world: World, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("exclusion.balance_returned", code)
    returned = jurisdictions.get(code).exclusion.balance_returned
    put_in_force(monkeypatch, {"exclusion": {"balance_returned": returned}})
    ann, paused, playing = [await world.player(units=20) for _ in range(3)]
    await keep_away(world, ann)
    await keep_away(world, paused, Kind.TIME_OUT)

    await walk(world)
    await walk(world)

    assert [len(await withdrawals(world, one)) for one in (paused, playing)] == [0, 0]
    if not returned:
        assert await withdrawals(world, ann) == []
        assert await world.balance(ann) == (20, 0)
        return
    (payment,) = await withdrawals(world, ann)
    assert await world.balance(ann) == (20, 20)
    await world.tell(world.news(payment, NewsStatus.SUCCEEDED))
    assert await world.balance(ann) == (0, 0)


async def test_what_comes_onto_the_account_later_is_paid_out_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, RETURNING)
    ann = await world.player(units=20)
    late = await world.deposit(ann, units=7)
    await keep_away(world, ann)
    await walk(world)
    world.clock.advance(timedelta(minutes=1))
    await world.tell(world.news(late, NewsStatus.SUCCEEDED))

    await walk(world)

    assert [item.micros // 1_000_000 for item in await withdrawals(world, ann)] == [7, 20]
    assert await world.balance(ann) == (27, 27)


async def test_a_payout_that_fails_is_tried_again_after_an_hour_and_not_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, RETURNING)
    ann = await world.player(units=20)
    await keep_away(world, ann)
    await walk(world)
    (payment,) = await withdrawals(world, ann)
    await world.tell(world.news(payment, NewsStatus.FAILED))
    counts = []
    for minutes in (1, 58, 2):
        world.clock.advance(timedelta(minutes=minutes))
        await walk(world)
        counts.append(len(await withdrawals(world, ann)))

    assert counts == [1, 1, 2]
    assert [item.state for item in await withdrawals(world, ann)] == [
        PaymentState.REQUESTED,
        PaymentState.FAILED,
    ]


async def test_many_who_walk_at_once_pay_out_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, RETURNING)
    players = [await world.player(units=5) for _ in range(5)]
    for player in players:
        await keep_away(world, player)

    await asyncio.gather(*(walk(world, page=3) for _ in range(RACERS)))

    assert [len(await withdrawals(world, player)) for player in players] == [1] * 5
    assert [await world.balance(player) for player in players] == [(5, 5)] * 5
