"""Promises about rounds that their providers leave open: a loop ends them, each by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from integration.cashier.world import UNIT
from integration.games.test_rounds import ann as ann
from integration.games.test_rounds import world as world
from integration.games.world import PROVIDER, Games, stake
from pitboss.games import rounds
from pitboss.games.rounds.model import Resolution, round_id_of
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn
from pitboss.workers.rounds import Resolver


@pytest.fixture
def resolver(world: Games) -> Resolver:
    return Resolver(
        database=world.database,
        clock=world.clock,
        entropy=world.entropy,
        open_for=timedelta(hours=48),
        rule=Resolution.VOID,
    )


async def test_a_loop_ends_what_was_left_open(
    world: Games, ann: PlayerId, resolver: Resolver
) -> None:
    await world.done(ann, stake("b1", 5))
    early = await resolver.step()
    world.clock.advance(timedelta(hours=49))

    stop = asyncio.Event()
    loop = asyncio.create_task(resolver.run(stop))
    async with asyncio.timeout(30):
        while (await world.round(ann)).closed_at is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    stop.set()
    await loop

    assert early == 0
    assert await world.has(ann) == 100 * UNIT


async def test_a_round_that_breaks_holds_up_no_other_that_is_left_open(
    world: Games, ann: PlayerId, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b1", "b2", "b3"):
        await world.done(ann, stake(name, 5), ref=f"round of {name}")
    world.clock.advance(timedelta(hours=49))
    broken = round_id_of(PROVIDER, ann, "round of b1")
    resolve = rounds.resolve

    async def break_one(
        turn: Turn, places: Sequence[tuple[Shard, str]], *how: Any, **by: Any
    ) -> Any:
        if any(round_id == broken for _, round_id in places):
            raise InvariantBroken("this one is broken")
        return await resolve(turn, places, *how, **by)

    monkeypatch.setattr(rounds, "resolve", break_one)

    steps = [await resolver.step(), await resolver.step()]

    async with world.database.reading() as tx:
        left = await rounds.find_open_rounds(tx, before=world.clock.now())
    assert steps == [3, 0]
    assert [item.id for item in left] == [broken]
    assert await world.has(ann) == 95 * UNIT
