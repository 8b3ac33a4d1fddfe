"""Promises about the rewards of who is excluded: they are cancelled soon, whatever else goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from integration.games.rewarding import Giving
from integration.games.world import PROVIDER, listing
from pitboss.db import Database
from pitboss.games import rewards
from pitboss.games.rewards.model import (
    CreateOutcome,
    Ending,
    Place,
    Prepaid,
    Reward,
    RewardState,
    Why,
)
from pitboss.games.rewards.ports import Rewards
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import PlayerId
from pitboss.messages import Turn
from pitboss.responsible.exclusion.model import Kind
from pitboss.workers import rewards as loops


@dataclass(slots=True)
class Slow:
    """A provider's port that says when it is asked for a reward, and then takes its time."""

    port: Rewards
    asked: asyncio.Event
    answered: asyncio.Event

    async def list_prepaids(self, game: str, currency: str) -> list[Prepaid]:
        """Ask for them."""
        return await self.port.list_prepaids(game, currency)

    async def create(self, reward: Reward) -> CreateOutcome:
        """Ask, when it is let go on."""
        self.asked.set()
        await self.answered.wait()
        return await self.port.create(reward)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.port, name)


@pytest.fixture
async def world(database: Database) -> Giving:
    world = Giving(database=database)
    await world.list_games()
    return world


@pytest.fixture
async def ann(world: Giving) -> PlayerId:
    return await world.player()


async def reaches(world: Giving, reward: Reward, state: RewardState) -> None:
    """Wait until a reward is in this state."""
    async with asyncio.timeout(10):
        while (await world.reward(reward.place)).state is not state:  # noqa: ASYNC110 - a loop does it
            await asyncio.sleep(0.02)


async def test_nobody_who_is_excluded_waits_behind_a_provider_that_is_slow(
    world: Giving, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "SWEEP_SECONDS", 0.05)
    reward = await world.granted(ann)
    await world.requested(await world.player())
    stop, asked, answered = asyncio.Event(), asyncio.Event(), asyncio.Event()
    port = Slow(world.port, asked, answered)
    running = asyncio.create_task(world.loop(port).run(stop))
    async with asyncio.timeout(10):
        await asked.wait()

    await world.keep_away(ann, Kind.EXCLUSION, months=6)

    await reaches(world, reward, RewardState.CANCELLING)
    answered.set()
    stop.set()
    await running


async def test_nobody_waits_behind_a_provider_that_is_slow(world: Giving, ann: PlayerId) -> None:
    await world.list_games(listing(provider="quick"))
    held = [await world.requested(ann) for _ in range(2)]
    stop, asked, answered = asyncio.Event(), asyncio.Event(), asyncio.Event()
    loop = world.loop()
    loop.providers = {PROVIDER: Slow(world.port, asked, answered), "quick": world.port}
    running = asyncio.create_task(loop.run(stop))
    async with asyncio.timeout(10):
        await asked.wait()

    passing = await world.requested(ann, provider="quick")

    await reaches(world, passing, RewardState.GRANTED)
    states = {(await world.reward(item.place)).state for item in held}
    answered.set()
    for item in held:
        await reaches(world, item, RewardState.GRANTED)
    stop.set()
    await running
    assert states == {RewardState.SENT}


async def test_one_reward_that_breaks_takes_no_other_along(
    world: Giving, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await world.granted(ann), await world.granted(ann)
    broken = min((first.ends_at, *first.place), (second.ends_at, *second.place))[2]
    await world.keep_away(ann, Kind.EXCLUSION, months=6)
    cancel = rewards.cancel

    async def break_one(turn: Turn, place: Place, why: Why) -> Any:
        if place[1] == broken:
            raise InvariantBroken("this one is broken")
        return await cancel(turn, place, why)

    monkeypatch.setattr(rewards, "cancel", break_one)

    swept = await world.loop().sweep()

    assert swept == 1
    states = {(await world.reward(item.place)).state for item in (first, second)}
    assert states == {RewardState.GRANTED, RewardState.CANCELLING}


async def test_what_is_over_is_not_looked_through_for_who_is_excluded(
    world: Giving, ann: PlayerId
) -> None:
    over = await world.granted(ann, ends_at=world.clock.now() + timedelta(hours=1))
    open_ = [await world.granted(ann) for _ in range(3)]
    await world.keep_away(ann, Kind.EXCLUSION, months=6)
    world.clock.advance(timedelta(hours=2))

    found: list[Reward] = []
    after: Ending | None = None
    pages = 0
    async with world.database.reading() as tx:
        while pages == 0 or after is not None:
            page, after = await rewards.find_forfeited(
                tx, now=world.clock.now(), after=after, limit=1
            )
            found += page
            pages += 1

    assert pages == len(open_) + 1
    assert {item.id for item in found} == {item.id for item in open_}
    assert (await world.reward(over.place)).state is RewardState.GRANTED
