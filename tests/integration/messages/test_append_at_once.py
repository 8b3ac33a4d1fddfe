"""Appending in one statement is appending: in order, without a gap, each key once."""

from __future__ import annotations

import asyncio
import random

import pytest

from integration.messages.world import NOW, World, entry
from pitboss import messages
from pitboss.db import Database
from pitboss.kernel.shards import CATALOGUE_SHARD, PARTITIONS_ALL, Partition, Shard
from pitboss.messages.model import Entry

ZERO, ONE = PARTITIONS_ALL[0], PARTITIONS_ALL[1]
WRITERS = 8
ROUNDS = 12


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def append_at_once(world: World, *entries: Entry) -> int | None:
    async with world.database.at_once() as tx:
        return await messages.append_at_once(tx, entries, now=NOW, watching=CATALOGUE_SHARD)


async def test_commands_are_numbered_in_order_in_each_partition(world: World) -> None:
    await world.append(entry("a"), entry("b", partition=ONE))

    seq = await append_at_once(
        world, entry("c"), entry("d", partition=ONE), entry("e"), entry("f", partition=ONE)
    )

    assert seq == 0
    for partition, keys in ((ZERO, ("a", "c", "e")), (ONE, ("b", "d", "f"))):
        found = await world.commands(partition)
        assert [item.offset for item in found] == [0, 1, 2]
        assert [item.command_id for item in found] == [
            entry(key, partition=partition).command_id for key in keys
        ]


@pytest.mark.parametrize("twins", [("new", "old"), ("new", "new")])
async def test_a_key_that_is_used_already_appends_nothing_at_all(
    world: World, twins: tuple[str, str]
) -> None:
    await world.append(entry("old"))

    assert await append_at_once(world, entry("other"), *(entry(key) for key in twins)) is None

    assert [item.offset for item in await world.commands(ZERO)] == [0]
    # Nothing is left locked, and no offset is missing.
    assert await append_at_once(world, entry("later")) == 0
    assert [item.offset for item in await world.commands(ZERO)] == [0, 1]


async def test_who_appends_at_once_hears_where_the_catalogue_is(world: World) -> None:
    await world.note(CATALOGUE_SHARD, "a", "b")

    assert await append_at_once(world, entry("a")) == 2


async def test_writers_of_both_kinds_leave_no_gap_and_block_nobody_for_ever(world: World) -> None:
    chance = random.Random(5)
    appended: list[tuple[Partition, str]] = []

    async def write(writer: int) -> None:
        for number in range(ROUNDS):
            entries = [
                entry(f"{writer} {number} {place}", partition=chance.choice(PARTITIONS_ALL))
                for place in range(chance.randint(1, 9))
            ]
            if (writer + number) % 2:
                assert await append_at_once(world, *entries) is not None
            else:
                await world.append(*entries)
            appended.extend((item.partition, item.command_id) for item in entries)

    async with asyncio.timeout(60):
        await asyncio.gather(*(write(writer) for writer in range(WRITERS)))

    found = [(p, item) for p in PARTITIONS_ALL for item in await world.commands(p)]
    assert {(partition, item.command_id) for partition, item in found} == set(appended)
    for partition in PARTITIONS_ALL:
        offsets = [item.offset for place, item in found if place == partition]
        assert offsets == list(range(len(offsets)))
    async with world.database.reading() as tx:
        ends = await messages.read_ends(tx)
    assert sum(ends.values()) == len(appended)


async def test_what_rests_on_something_that_was_revoked_is_not_appended(world: World) -> None:
    (shard, other) = (Shard(1), Shard(2))
    async with world.database.reading() as tx:
        seen = await messages.read_revocations(tx, [shard, other])

    async def ask(key: str, resting_on: dict[Shard, int]) -> int | None:
        async with world.database.at_once() as tx:
            return await messages.append_at_once(
                tx, [entry(key)], now=NOW, watching=CATALOGUE_SHARD, resting_on=resting_on
            )

    before = await ask("before", seen)
    async with world.turn(shard) as turn:
        turn.revoke(shard)
        during = await ask("during", seen)
    after = await ask("after", seen)
    others = await ask("others", {other: seen[other]})
    async with world.database.reading() as tx:
        again = await messages.read_revocations(tx, [shard, other])
    anew = await ask("anew", again)

    assert (before, during, after, others, anew) == (0, 0, None, 0, 0)
    assert again == {shard: seen[shard] + 1, other: seen[other]}
    assert len(await world.commands(ZERO)) == 4
