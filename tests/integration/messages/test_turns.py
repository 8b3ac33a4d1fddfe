"""Promises of a turn: what is published is numbered and chained, in the order of commits."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import asyncpg
import pytest

from integration.messages.world import NOW, Noted, World, envelope, stream_id
from integration.races import RACERS, race
from pitboss import messages
from pitboss.db import Database, Transaction
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.facts import Movement
from pitboss.kernel.shards import CATALOGUE_SHARD, SHARDS_ALL, Shard

HERE, THERE = Shard(3), Shard(60)
MOVED = Movement(kind="void", key=stream_id("hold"), micros=5, currency="EUR")


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def test_facts_are_numbered_in_the_order_in_which_they_were_published(world: World) -> None:
    await world.note(HERE, "a", "b")
    await world.note(HERE, "c", stream="other")
    await world.note(HERE, "d")

    facts = await world.facts(HERE)
    assert await world.texts(HERE) == ["a", "b", "c", "d"]
    assert [fact.seq for fact in facts] == [1, 2, 3, 4]
    assert [fact.version for fact in facts] == [1, 2, 1, 3]
    assert [fact.stream == stream_id("other") for fact in facts] == [False, False, True, False]
    assert await world.chain_holds(HERE) == 4
    assert (envelope(facts[0])["actor"], envelope(facts[0])["rec"]) == (
        "test",
        "2026-08-01T12:00:00.000000Z",
    )


async def test_every_shard_is_a_chain_of_its_own(world: World) -> None:
    async with world.turn(HERE, THERE) as turn:
        for number, shard in enumerate((HERE, THERE, HERE)):
            turn.publish(shard, stream_id("one stream"), Noted(text=str(number)))

    assert [await world.texts(shard) for shard in (HERE, THERE)] == [["0", "2"], ["1"]]
    assert [await world.chain_holds(shard) for shard in (HERE, THERE, Shard(0))] == [2, 1, 0]


async def test_what_caused_a_fact_is_in_it(world: World) -> None:
    async with world.turn(HERE) as turn:
        turn.publish(HERE, stream_id("some"), Noted(text="b"), cause=stream_id("a command"))

    (fact,) = await world.facts(HERE)
    assert envelope(fact)["cause"] == stream_id("a command")


async def test_a_turn_that_fails_publishes_nothing_and_leaves_no_gap(world: World) -> None:
    await world.note(HERE, "before")
    with pytest.raises(ZeroDivisionError):
        async with world.turn(HERE) as turn:
            turn.publish(HERE, stream_id("some"), Noted(text="never"))
            raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError):
        async with world.database.transaction() as tx:
            async with messages.join_turn(
                tx, [HERE], now=NOW, actor="test", entropy=world.entropy
            ) as turn:
                turn.publish(HERE, stream_id("some"), Noted(text="sealed, and never committed"))
            raise ZeroDivisionError
    await world.note(HERE, "after")

    assert await world.texts(HERE) == ["before", "after"]
    assert await world.chain_holds(HERE) == 2


async def test_a_turn_in_which_nothing_happened_moves_no_head(world: World) -> None:
    await world.note(HERE, "a")
    before = await world.head(HERE)

    async with world.turn(HERE, THERE):
        pass

    assert await world.head(HERE) == before


async def test_several_turns_in_one_transaction_go_on_from_each_other(world: World) -> None:
    async with world.database.transaction() as tx:
        for text in ("a", "b"):
            async with messages.join_turn(
                tx, [HERE], now=NOW, actor="test", entropy=world.entropy
            ) as turn:
                turn.publish(HERE, stream_id("some"), Noted(text=text))

    assert await world.texts(HERE) == ["a", "b"]
    assert await world.chain_holds(HERE) == 2


async def test_facts_are_published_only_by_who_has_the_turn_of_their_shard(world: World) -> None:
    async with world.turn(HERE) as turn:
        with pytest.raises(InvariantBroken):
            turn.publish(THERE, stream_id("some"), Noted(text="not mine to say"))


async def test_a_movement_is_told_once_in_its_shard(world: World) -> None:
    told = Noted(text="moved", movements=(MOVED,))
    async with world.turn(HERE, THERE) as turn:
        with pytest.raises(InvariantBroken):
            turn.publish(HERE, stream_id("some"), told)
        turn.owe(HERE, MOVED)
        with pytest.raises(InvariantBroken):
            turn.publish(THERE, stream_id("some"), told)
        turn.publish(HERE, stream_id("some"), told)
        with pytest.raises(InvariantBroken):
            turn.publish(HERE, stream_id("some"), told)

    (fact,) = await world.facts(HERE)
    assert envelope(fact)["data"]["movements"] == [
        {"kind": "void", "key": MOVED.key, "micros": 5, "currency": "EUR"}
    ]


async def test_a_turn_that_does_not_tell_of_its_movements_fails(world: World) -> None:
    with pytest.raises(InvariantBroken):
        async with world.turn(HERE) as turn:
            turn.owe(HERE, MOVED)
            turn.owe(HERE, MOVED)
            turn.publish(HERE, stream_id("some"), Noted(text="one of two", movements=(MOVED,)))

    assert await world.facts(HERE) == []


async def test_facts_are_read_after_a_seq_up_to_a_limit(world: World) -> None:
    await world.note(HERE, *"abcde")

    async with world.database.reading() as tx:
        some = await messages.read_facts(tx, HERE, after_seq=1, limit=2)
        rest = await messages.read_facts(tx, HERE, after_seq=4)
        heads = await messages.read_heads(tx)

    assert [fact.seq for fact in some] == [2, 3]
    assert [fact.seq for fact in rest] == [5]
    assert [head.shard for head in heads] == list(SHARDS_ALL)
    assert {head.shard: head.seq for head in heads if head.seq} == {HERE: 5}


@pytest.mark.parametrize("change", ["UPDATE {} SET body = ''", "DELETE FROM {}", "TRUNCATE {}"])
async def test_facts_are_not_changed(world: World, owned: Database, change: str) -> None:
    await world.note(HERE, "a")

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        async with owned.transaction() as tx:
            await tx.execute(change.format("fact"))


async def test_who_looks_under_a_shared_lock_keeps_writers_out_and_readers_not(
    world: World,
) -> None:
    await world.note(HERE, "a")

    async with world.database.transaction() as one, world.database.transaction() as two:
        seqs = [await messages.lock_shared(tx, HERE) for tx in (one, two)]
        writing = asyncio.create_task(world.note(HERE, "b"))
        done, _ = await asyncio.wait([writing], timeout=0.2)
        still = await messages.read_seq(one, HERE)
    async with asyncio.timeout(10):
        await writing

    assert (seqs, done, still) == ([1, 1], set(), 1)
    assert await world.texts(HERE) == ["a", "b"]


async def test_a_steady_stream_of_readers_does_not_keep_a_writer_out(world: World) -> None:
    over, looks = asyncio.Event(), Counter[int]()

    async def look(reader: int) -> None:
        await asyncio.sleep(reader * 0.007)
        while not over.is_set():
            async with world.database.transaction() as tx:
                await messages.lock_shared(tx, CATALOGUE_SHARD)
                # As long as a batch of bets takes.
                await asyncio.sleep(0.05)
            looks[reader] += 1

    async with asyncio.timeout(60), asyncio.TaskGroup() as readers:
        for reader in range(RACERS):
            readers.create_task(look(reader))
        await asyncio.sleep(0.2)
        try:
            async with asyncio.timeout(20):
                for number in range(10):
                    await world.note(CATALOGUE_SHARD, str(number))
        finally:
            over.set()

    assert len(await world.texts(CATALOGUE_SHARD)) == 10
    # And writers do not keep readers out.
    assert set(looks) == set(range(RACERS))


async def test_a_seq_is_read_without_waiting_for_who_writes(world: World) -> None:
    await world.note(HERE, "a")

    async with world.turn(HERE) as turn, world.database.reading() as tx:
        turn.publish(HERE, stream_id("some"), Noted(text="b"))
        async with asyncio.timeout(10):
            before = await messages.read_seq(tx, HERE)
    async with world.database.reading() as tx:
        after = await messages.read_seq(tx, HERE)

    assert (before, after) == (1, 2)


@pytest.mark.parametrize("seed", range(3))
async def test_racing_turns_leave_every_chain_whole(world: World, seed: int) -> None:
    # Sets of shards that overlap in every way: whoever locked them in an order of its own would
    # sooner or later wait for somebody who waits.
    shards = [Shard(number) for number in (0, 1, 2, 30, 63, 64)]

    async def write(tx: Transaction, rounds: Sequence[str]) -> None:
        dice = random.Random(rounds[0])
        mine = dice.sample(shards, dice.randint(1, len(shards)))
        async with messages.join_turn(
            tx, mine, now=NOW, actor="racer", entropy=SystemEntropy()
        ) as turn:
            for text in rounds:
                for shard in dice.sample(mine, len(mine)):
                    turn.publish(shard, stream_id(dice.choice("xyz")), Noted(text=text))

    said = Counter[str]()
    for number in range(5):
        batches = [[f"{seed} {number} {racer} {n}" for n in range(4)] for racer in range(RACERS)]
        await race(world.database, batches, write)
        for batch in batches:
            dice = random.Random(batch[0])
            mine = dice.sample(shards, dice.randint(1, len(shards)))
            said.update({text: len(mine) for text in batch})

    assert sum([await world.chain_holds(shard) for shard in shards]) == said.total()
    heard = Counter([text for shard in shards for text in await world.texts(shard)])
    assert heard == said


async def test_whoever_reads_during_a_race_sees_no_gap_that_is_filled_later(world: World) -> None:
    seen: list[list[int]] = []
    over = asyncio.Event()

    async def watch() -> None:
        while not over.is_set():
            seen.append([fact.seq for fact in await world.facts(HERE)])

    async def write(tx: Transaction, texts: Sequence[str]) -> None:
        async with messages.join_turn(
            tx, [HERE], now=NOW, actor="racer", entropy=SystemEntropy()
        ) as turn:
            for text in texts:
                turn.publish(HERE, stream_id(text), Noted(text=text))

    watching = asyncio.create_task(watch())
    for _ in range(5):
        await race(world.database, [["a", "b", "c"]] * RACERS, write)
    over.set()
    await watching

    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in seen)
    assert len({len(seqs) for seqs in seen}) > 1
    assert await world.chain_holds(HERE) == 5 * 3 * RACERS
