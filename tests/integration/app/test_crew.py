"""Several processes read one moment of a database as if they were one."""

from __future__ import annotations

import os

import pytest

from integration.app.work import Broken, break_down, count_facts, folding
from integration.sportsbook.world import World, legs_of
from pitboss.app.crew import Crew
from pitboss.audit import rebuild
from pitboss.audit.reading.ports import in_turn, lots_of
from pitboss.db import Database
from pitboss.kernel.shards import SHARDS_ALL


async def test_every_lot_is_done_once_by_another_process(world: World) -> None:
    crew = Crew(url=world.database.url, processes=2)
    async with world.database.moment() as tx:
        done = [item async for item in crew.spread(tx, count_facts, lots_of(SHARDS_ALL))]

    assert sorted(shard for lot, _ in done for shard in lot) == list(SHARDS_ALL)
    assert os.getpid() not in {pid for _, (pid, _) in done}


async def test_all_see_the_moment_that_was_shared_and_nothing_later(world: World) -> None:
    crew = Crew(url=world.database.url, processes=2)
    async with world.database.moment() as tx:
        _, before = await count_facts(tx, SHARDS_ALL)
        await world.player()
        done = [item async for item in crew.spread(tx, count_facts, lots_of(SHARDS_ALL))]

    assert sum(facts for _, (_, facts) in done) == before


async def test_what_one_raises_is_raised_here(database: Database) -> None:
    crew = Crew(url=database.url, processes=2)
    with pytest.raises(Broken, match="lot"):
        async with database.moment() as tx:
            async for _ in crew.spread(tx, break_down, lots_of(SHARDS_ALL)):
                pass


async def test_a_crew_finds_what_one_process_finds(world: World) -> None:
    crew = Crew(url=world.database.url, processes=2)
    async with world.database.moment() as tx:
        alone = await rebuild.check(tx, spread=folding(in_turn))
        together = await rebuild.check(tx, spread=folding(crew.spread))

    assert together.facts == alone.facts > 0
    assert together.tables == alone.tables
    assert together.ok


@pytest.fixture
async def world(database: Database) -> World:
    """Give a sportsbook in which something has happened."""
    world = World(database=database)
    players = [await world.player(units=100) for _ in range(20)]
    await world.event("A")
    for player in players:
        await world.wish(player, *legs_of("A"), units=5)
    await world.process()
    return world
