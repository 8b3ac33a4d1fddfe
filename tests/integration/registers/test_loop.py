"""The loop that asks registers: daily, after a crash, while one is down, and never in the way."""

from __future__ import annotations

import asyncio

import pytest

from integration.cashier.world import until
from integration.players.people import assert_rebuilt, facts
from integration.registers.world import World
from pitboss import registers
from pitboss.db import Database
from pitboss.jurisdictions.model import Moment
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.registers.model import FAILURES_MAX, Answer, RegisterState, Verdict


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def state(world: World) -> RegisterState:
    async with world.database.reading() as tx:
        (found,) = await registers.find_states(tx, at=world.clock.now())
    return found


async def everybody(world: World, count: int = 5) -> list[PlayerId]:
    return [await world.player(f"p{number}") for number in range(count)]


def asked(world: World) -> int:
    return sum(len(questions) for _, questions in world.fake.asked)


async def test_who_was_there_before_the_register_is_found_and_asked_about(world: World) -> None:
    people = await everybody(world)
    await world.player("bob", "demo", "EUR")

    count = await world.loop().round()

    assert count == asked(world) == len(people)
    assert [await world.verdict(item) for item in people] == [Verdict.CLEAR] * len(people)
    assert (await state(world)).up is True
    await assert_rebuilt(world.database)


async def test_everybody_is_asked_about_every_day_and_whom_it_names_stops_playing(
    world: World,
) -> None:
    people = await everybody(world)
    loop = world.loop()
    await loop.round()
    again = await loop.round()
    world.fake.answers["p3"] = Answer.EXCLUDED
    world.later(hours=20)

    count = await loop.round()

    assert (again, count) == (0, len(people))
    assert [await world.verdict(item) for item in people].count(Verdict.EXCLUDED) == 1
    assert len(await world.exclusions(people[3])) == 1
    assert {moment for moment, _ in world.fake.asked} == {Moment.DAILY}


async def test_whom_the_register_lets_go_is_released_by_the_daily_round(world: World) -> None:
    ann = await world.player("ann")
    await world.hear(ann, Answer.EXCLUDED)
    world.later(hours=20)

    await world.loop().round()

    (kept,) = await world.exclusions(ann)
    assert kept.released_at is not None


async def test_a_loop_that_was_killed_is_gone_on_with_where_it_was(world: World) -> None:
    people = await everybody(world, 8)
    first = world.loop()
    shard = None
    for number in range(64):
        # It dies after the first shard in which somebody is, and after its commit.
        if await first.step(Shard(number)):
            shard = number
            break
    done = asked(world)

    await world.loop().round()

    assert shard is not None
    assert 0 < done < len(people)
    assert asked(world) == len(people)
    assert [await world.verdict(item) for item in people] == [Verdict.CLEAR] * len(people)


async def test_a_register_that_is_down_is_told_of_left_alone_and_asked_when_it_is_back(
    world: World,
) -> None:
    people = await everybody(world, 2 * FAILURES_MAX + 2)
    world.fake.away = True
    loop = world.loop()
    await loop.round()
    down, tries = await state(world), len(world.fake.asked)
    world.fake.away = False
    resting = await loop.round()
    for _ in range(40):
        world.later(minutes=10)
        await loop.round()
        loop.search_now()

    assert (down.up, down.reason) == (False, "away")
    assert down.waiting > 0
    assert tries == FAILURES_MAX
    assert resting == 0
    assert (await state(world)).up is True
    assert [await world.verdict(item) for item in people] == [Verdict.CLEAR] * len(people)
    assert await world.told("register.down") == ["register.down"]
    assert await world.told("register.up") == ["register.up"]
    await assert_rebuilt(world.database)


async def test_a_day_of_many_players_is_few_facts(world: World) -> None:
    people = await everybody(world, 12)
    await world.loop().round()

    told = [fact["type"] for fact in await facts(world.database)]

    lanes = len({shard_of(item) for item in people})
    assert told.count("personal.read_in_bulk") == lanes
    assert told.count("register.answered") == lanes


async def test_a_check_that_somebody_wants_is_made_soon(world: World) -> None:
    ann = await world.player("ann")
    loop = world.loop()
    await loop.round()
    async with world.database.transaction() as tx:
        count = await registers.want_checks(
            tx, [ann], moment=Moment.MARKETING, at=world.clock.now()
        )

    assert (count, await loop.round()) == (1, 1)
    # Britain's register is not asked for advertising, so it is asked as the licence says.
    assert world.fake.asked[-1][0] is Moment.REGISTRATION
    found = await world.standing(ann)
    assert found is not None
    assert found.answer is Answer.NOT_EXCLUDED


async def test_the_loop_ends_when_it_is_told_to(world: World) -> None:
    await everybody(world, 2)
    stop = asyncio.Event()
    running = asyncio.create_task(world.loop().run(stop))
    await until(lambda: asked(world) == 2)
    stop.set()

    async with asyncio.timeout(10):
        await running
