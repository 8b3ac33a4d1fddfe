"""Several processes read one moment of a database as if they were one."""

from __future__ import annotations

import os
from typing import Any

import pytest

from integration.sportsbook.world import Given, World, legs_of
from pitboss.app.crew import Crew
from pitboss.audit import rebuild
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.audit.reading.ports import Lot, Spread, in_turn, lots_of
from pitboss.audit.rebuild.model import Part
from pitboss.audit.rebuild.queries import check_shards
from pitboss.db import Database, Transaction
from pitboss.kernel.errors import PlatformError
from pitboss.kernel.shards import SHARDS_ALL


class Broken(PlatformError):
    """What a work may raise."""


async def count_facts(tx: Transaction, lot: Lot) -> tuple[int, int]:
    """Return who counted, and how many facts these shards have."""
    rows = await tx.fetch("SELECT seq FROM shard_head WHERE shard = ANY($1::smallint[])", list(lot))
    return os.getpid(), sum(row["seq"] for row in rows)


async def fold(tx: Transaction, lot: Lot) -> Part:
    """Fold with a reader that knows the facts of these tests too."""
    return await check_shards(tx, lot, reader=Reader((*ALL_FACTS, Given)))


def folding(spread: Spread) -> Any:
    """Return how the same is spread with that reader."""
    return lambda tx, _, lots: spread(tx, fold, lots)


async def break_down(tx: Transaction, lot: Lot) -> None:
    """Fail, whatever the lot."""
    raise Broken(f"lot {lot[0]}")


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
