"""Promises of the command log: each key once, offsets without a gap, visible in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from integration.messages.world import NOW, World, entry
from integration.races import RACERS, race, shuffles
from pitboss import messages
from pitboss.db import Database, Transaction
from pitboss.kernel.shards import PARTITIONS_ALL, Partition
from pitboss.messages.model import AppendAnswer, Appended, Backlog, Entry, KeyReused

ZERO, ONE, TWO = Partition(0), Partition(1), Partition(2)


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def append(tx: Transaction, entries: Sequence[Entry]) -> tuple[AppendAnswer, ...]:
    return await messages.append(tx, entries, now=NOW)


async def test_what_was_appended_is_read_in_order(world: World) -> None:
    first, second, third = entry("a"), entry("b"), entry("c")

    answers = await world.append(first, second)
    await world.append(third)

    assert answers == tuple(
        Appended(command_id=item.command_id, repeated=False) for item in (first, second)
    )
    found = await world.commands(ZERO)
    assert [(item.offset, item.command_id, item.body) for item in found] == [
        (0, first.command_id, b"a"),
        (1, second.command_id, b"b"),
        (2, third.command_id, b"c"),
    ]
    assert {item.appended_at for item in found} == {NOW}


async def test_every_partition_counts_by_itself(world: World) -> None:
    await world.append(entry("a", partition=0), entry("b", partition=2), entry("c", partition=2))
    await world.append(entry("d", partition=0))

    assert [item.offset for item in await world.commands(ZERO)] == [0, 1]
    assert [item.offset for item in await world.commands(ONE)] == []
    assert [item.offset for item in await world.commands(TWO)] == [0, 1]
    async with world.database.reading() as tx:
        assert await messages.read_ends(tx) == {0: 2, 1: 0, 2: 2, 3: 0}


async def test_nothing_appended_is_nothing_answered(world: World) -> None:
    assert await world.append() == ()


async def test_a_key_that_is_used_again_is_answered_with_its_first_command(world: World) -> None:
    first = entry("a")
    await world.append(first)

    answers = await world.append(
        entry("b"), entry("a", command="another"), entry("a", body=b"other")
    )

    assert answers == (
        Appended(command_id=entry("b").command_id, repeated=False),
        Appended(command_id=first.command_id, repeated=True),
        KeyReused(command_id=first.command_id),
    )
    assert [item.body for item in await world.commands(ZERO)] == [b"a", b"b"]


async def test_a_batch_answers_as_its_entries_would_one_by_one(world: World) -> None:
    batch = [
        entry("a"),
        entry("b"),
        entry("a", command="again"),
        entry("b", body=b"other"),
        entry("c"),
        entry("a", partition=1, command="elsewhere"),
    ]

    together = await world.append(*batch)
    async with world.database.reading() as tx:
        known = await messages.find_answers(tx, batch)
    one_by_one = [(await world.append(item))[0] for item in batch]

    a, b = entry("a").command_id, entry("b").command_id
    assert together[2:4] == (Appended(command_id=a, repeated=True), KeyReused(command_id=b))
    assert list(known) == one_by_one
    assert [item.offset for item in await world.commands(ZERO)] == [0, 1, 2]
    assert [item.offset for item in await world.commands(ONE)] == [0]


async def test_answers_are_found_without_appending(world: World) -> None:
    await world.append(entry("a"))

    async with world.database.reading() as tx:
        answers = await messages.find_answers(
            tx, [entry("new"), entry("a", command="again"), entry("a", body=b"other")]
        )

    assert answers == (
        None,
        Appended(command_id=entry("a").command_id, repeated=True),
        KeyReused(command_id=entry("a").command_id),
    )
    assert len(await world.commands(ZERO)) == 1


async def test_a_command_is_found_by_its_id_in_its_partition(world: World) -> None:
    await world.append(entry("a"), entry("b"))
    wanted = entry("b").command_id

    async with world.database.reading() as tx:
        found = await messages.find_command(tx, ZERO, wanted)
        elsewhere = await messages.find_command(tx, ONE, wanted)

    assert found == (await world.commands(ZERO))[1]
    assert elsewhere is None


async def test_commands_are_read_from_an_offset_up_to_a_limit(world: World) -> None:
    await world.append(*(entry(str(number)) for number in range(5)))

    async with world.database.reading() as tx:
        some = await messages.read_commands(tx, ZERO, from_offset=1, limit=3)
        rest = await messages.read_commands(tx, ZERO, from_offset=4, limit=3)
        none = await messages.read_commands(tx, ZERO, from_offset=5, limit=3)

    assert [item.offset for item in some] == [1, 2, 3]
    assert [item.offset for item in rest] == [4]
    assert none == []


async def test_an_append_that_is_rolled_back_leaves_no_gap_and_its_keys_free(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        async with world.database.transaction() as tx:
            await append(tx, [entry("a"), entry("b")])
            raise ZeroDivisionError

    answers = await world.append(entry("b", command="later"))

    assert answers == (Appended(command_id=entry("later").command_id, repeated=False),)
    assert [item.offset for item in await world.commands(ZERO)] == [0]


async def test_the_backlog_is_what_is_not_consumed_yet(world: World) -> None:
    await world.append(*(entry(str(number)) for number in range(3)), entry("x", partition=2))
    epoch = await world.take_over(ZERO, "one")
    assert epoch is not None
    await world.consume(ZERO, epoch=epoch, from_offset=0, to_offset=2)

    async with world.database.reading() as tx:
        before = await messages.find_backlogs(tx)
    await world.consume(ZERO, epoch=epoch, from_offset=2, to_offset=3)
    async with world.database.reading() as tx:
        after = await messages.find_backlogs(tx)

    assert before == [
        Backlog(partition=ZERO, waiting=1, oldest_at=NOW),
        Backlog(partition=ONE, waiting=0, oldest_at=None),
        Backlog(partition=TWO, waiting=1, oldest_at=NOW),
        Backlog(partition=Partition(3), waiting=0, oldest_at=None),
    ]
    assert after[0] == Backlog(partition=ZERO, waiting=0, oldest_at=None)


@pytest.mark.parametrize("change", ["UPDATE {} SET body = ''", "DELETE FROM {}", "TRUNCATE {}"])
async def test_commands_are_not_changed(world: World, owned: Database, change: str) -> None:
    await world.append(entry("a"))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        async with owned.transaction() as tx:
            await tx.execute(change.format("command"))


@pytest.mark.parametrize("seed", range(3))
async def test_racers_with_the_same_keys_append_each_once(world: World, seed: int) -> None:
    keys = [(f"{number}", number % len(PARTITIONS_ALL)) for number in range(60)]
    # Each racer proposes an id of its own, as each request to the edge does.
    batches = [
        [
            entry(name, partition=partition, command=f"{name} by {racer}", body=name.encode())
            for name, partition in order
        ]
        for racer, order in enumerate(shuffles(keys, seed=seed))
    ]

    answers = await race(world.database, batches, append)

    heard: dict[tuple[int, str], list[AppendAnswer]] = {}
    for batch, mine in zip(batches, answers, strict=True):
        for item, answer in zip(batch, mine, strict=True):
            heard.setdefault((item.partition, item.key), []).append(answer)
    assert len(heard) == len(keys)
    for got in heard.values():
        assert len({answer.command_id for answer in got}) == 1
        assert sum(isinstance(item, Appended) and not item.repeated for item in got) == 1
        assert sum(isinstance(item, Appended) and item.repeated for item in got) == RACERS - 1
    for partition in PARTITIONS_ALL:
        found = await world.commands(partition)
        assert [item.offset for item in found] == list(range(15))
        assert {item.command_id for item in found} == {
            got[0].command_id for place, got in heard.items() if place[0] == partition
        }


async def test_of_racers_with_one_key_and_other_bodies_one_is_taken(world: World) -> None:
    batches = [[entry("a", command=f"by {racer}", body=b"%d" % racer)] for racer in range(RACERS)]

    answers = await race(world.database, batches, append)

    (found,) = await world.commands(ZERO)
    assert [answer for (answer,) in answers].count(
        Appended(command_id=found.command_id, repeated=False)
    ) == 1
    assert [answer for (answer,) in answers].count(KeyReused(command_id=found.command_id)) == 7


async def test_whoever_reads_during_a_race_sees_no_gap_that_is_filled_later(world: World) -> None:
    batches = [[entry(f"{racer} {number}") for number in range(20)] for racer in range(RACERS)]
    seen: list[list[int]] = []
    over = asyncio.Event()

    async def watch() -> None:
        while not over.is_set():
            seen.append([item.offset for item in await world.commands(ZERO)])

    watching = asyncio.create_task(watch())
    for part in range(0, 20, 4):
        await race(world.database, [batch[part : part + 4] for batch in batches], append)
    over.set()
    await watching

    assert all(offsets == list(range(len(offsets))) for offsets in seen)
    assert len({len(offsets) for offsets in seen}) > 1
    assert len(await world.commands(ZERO)) == 160
