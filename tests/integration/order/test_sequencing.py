"""Promises of the sequencer: one order of all facts, without a gap, that no writer waits for."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from integration.messages.world import NOW, Noted, World, envelope, stream_id
from pitboss import messages, order
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.ids import FactId, new_id
from pitboss.kernel.shards import CATALOGUE_SHARD, PLAYER_SHARDS, SYSTEM_SHARD, Shard
from pitboss.messages.errors import Fenced
from pitboss.order.model import PlacedFact
from pitboss.workers.sequencer import Sequencer

HERE, THERE = Shard(3), Shard(60)


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def sequencer(world: World, owner: str = "one") -> Sequencer:
    """Return a sequencer at work."""
    found = Sequencer(owner=owner, database=world.database, clock=ManualClock(NOW))
    assert await found.take_over()
    return found


async def read(world: World, from_position: int = 0, limit: int = 10_000) -> list[PlacedFact]:
    """Return what a reader reads."""
    async with world.database.reading() as tx:
        return await order.read(tx, from_position=from_position, limit=limit)


def texts(facts: list[PlacedFact]) -> list[str]:
    """Return what the facts say."""
    return [envelope(fact)["data"]["text"] for fact in facts]


async def test_facts_get_positions_without_a_gap_each_shard_in_its_own_order(world: World) -> None:
    work = await sequencer(world)
    await world.note(THERE, "a", "b")
    await world.note(HERE, "c")
    first = await work.step()
    await world.note(HERE, "d")
    await world.note(THERE, "e")
    second = await work.step()

    facts = await read(world)
    assert (first, second) == (3, 2)
    assert [fact.position for fact in facts] == [0, 1, 2, 3, 4]
    assert texts(facts) == ["c", "a", "b", "d", "e"]
    assert [fact.seq for fact in facts] == [1, 1, 2, 2, 3]


async def test_the_catalogue_comes_before_the_players_who_rest_on_it(world: World) -> None:
    work = await sequencer(world)
    for shard in (HERE, CATALOGUE_SHARD, SYSTEM_SHARD):
        await world.note(shard, str(shard))

    await work.step()

    assert texts(await read(world)) == [str(CATALOGUE_SHARD), str(SYSTEM_SHARD), str(HERE)]


async def test_sequencing_when_there_is_nothing_changes_nothing(world: World) -> None:
    work = await sequencer(world)
    await world.note(HERE, "a")

    assert [await work.step() for _ in range(3)] == [1, 0, 0]
    async with world.database.reading() as tx:
        assert await order.read_end(tx) == 1


async def test_a_transaction_that_stays_open_keeps_back_only_its_own_facts(world: World) -> None:
    work = await sequencer(world)
    async with world.turn(HERE) as turn:
        turn.publish(HERE, stream_id("some"), Noted(text="late"))
        await turn.seal()
        await world.note(THERE, "early")
        seen = await work.step()
    later = await work.step()

    assert (seen, later) == (1, 1)
    assert texts(await read(world)) == ["early", "late"]


async def test_a_reader_may_begin_and_stop_anywhere(world: World) -> None:
    work = await sequencer(world)
    for number in range(6):
        await world.note(HERE if number % 2 else THERE, *(f"{number}.{n}" for n in range(3)))
        if number % 3 == 2:
            await work.step()
    everything = await read(world)

    assert len(everything) == 18
    for start in range(20):
        for limit in (1, 2, 5, 18, 30):
            assert await read(world, start, limit) == everything[start : start + limit]


async def test_positions_are_found_by_shard_and_seq(world: World) -> None:
    work = await sequencer(world)
    await world.note(THERE, "a", "b")
    await world.note(HERE, "c")
    await work.step()
    await world.note(HERE, "not yet")

    places = {(THERE, 2), (HERE, 1), (HERE, 2), (Shard(9), 1)}
    async with world.database.reading() as tx:
        assert await order.find_positions(tx, places) == {(THERE, 2): 2, (HERE, 1): 0}


async def test_a_fact_is_found_by_its_id_and_none_where_there_is_none(world: World) -> None:
    work = await sequencer(world)
    await world.note(HERE, "a", "b")
    await work.step()
    facts = await read(world)
    strangers = [new_id(NOW + timedelta(hours=hours), world.entropy) for hours in (-1, 0, 1)]

    async with world.database.reading() as tx:
        found = [await order.find_fact(tx, FactId(envelope(fact)["id"])) for fact in facts]
        missing = [await order.find_fact(tx, FactId(stranger)) for stranger in strangers]
    assert found == facts
    assert missing == [None, None, None]


async def test_a_fact_is_found_whatever_the_clocks_of_its_neighbours_said(world: World) -> None:
    work = await sequencer(world)
    # One after the other by machines whose clocks are some seconds apart.
    for seconds in (0, 3, -2, 1):
        async with messages.turn(
            world.database,
            [HERE],
            now=NOW + timedelta(seconds=seconds),
            actor="test",
            entropy=world.entropy,
        ) as turn:
            for text in ("a", "b"):
                turn.publish(HERE, stream_id("some"), Noted(text=text))
    await work.step()
    facts = await read(world)

    async with world.database.reading() as tx:
        found = [await order.find_fact(tx, FactId(envelope(fact)["id"])) for fact in facts]
    assert found == facts


async def test_a_second_sequencer_waits_while_the_first_one_lives(world: World) -> None:
    await sequencer(world)
    twin = Sequencer(owner="two", database=world.database, clock=ManualClock(NOW))

    assert not await twin.take_over()


async def test_a_sequencer_whose_lease_has_run_out_meets_the_fence_and_gives_nothing(
    world: World,
) -> None:
    old = await sequencer(world)
    async with world.database.transaction() as tx:
        await tx.execute("UPDATE sequencer SET lease_until = '-infinity'")
    new = await sequencer(world, "two")
    await world.note(HERE, "a")

    with pytest.raises(Fenced):
        await old.step()
    assert await read(world) == []
    assert await new.step() == 1


async def test_two_that_both_believe_to_be_it_give_no_position_twice(world: World) -> None:
    old = await sequencer(world)
    new = await sequencer(world)
    chance = random.Random(5)

    async def write() -> None:
        for _ in range(20):
            await world.note(Shard(chance.randrange(PLAYER_SHARDS)), "x", "y")

    async def insist(work: Sequencer) -> None:
        for _ in range(30):
            try:
                await work.step()
            except Fenced:
                await work.take_over()
            await asyncio.sleep(0.001)

    await asyncio.gather(write(), write(), insist(old), insist(new))
    while True:
        try:
            if not await new.step():
                break
        except Fenced:
            await new.take_over()

    facts = await read(world)
    assert [fact.position for fact in facts] == list(range(80))
    assert len({(fact.shard, fact.seq) for fact in facts}) == 80
    async with world.database.reading() as tx:
        heads = await messages.read_heads(tx)
    assert sum(head.seq for head in heads) == 80


async def test_readers_never_see_a_gap_or_a_fact_before_one_that_it_rests_on(world: World) -> None:
    """Each writer notes in a second shard what it saw in the first, as bets rest on prices."""
    work = await sequencer(world)
    over = asyncio.Event()
    seen: list[PlacedFact] = []

    async def prices() -> None:
        for number in range(40):
            await world.note(CATALOGUE_SHARD, f"price {number}")

    async def bets(shard: Shard) -> None:
        for _ in range(40):
            async with world.database.reading() as tx:
                price = await messages.read_seq(tx, CATALOGUE_SHARD)
            await world.note(shard, f"bet on {price}")

    async def follow() -> None:
        while not over.is_set():
            await work.step()
            seen.extend(await read(world, len(seen)))
            await asyncio.sleep(0)

    following = asyncio.create_task(follow())
    await asyncio.gather(prices(), bets(HERE), bets(THERE))
    over.set()
    await following
    await work.step()
    seen.extend(await read(world, len(seen)))

    assert [fact.position for fact in seen] == list(range(120))
    prices_before = 0
    for text in texts(seen):
        if text.startswith("price"):
            prices_before += 1
        else:
            assert int(text.removeprefix("bet on ")) <= prices_before
