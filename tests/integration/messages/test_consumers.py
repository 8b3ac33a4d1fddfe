"""Promises about who processes a partition: one at a time, and who was replaced finds out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from integration.messages.world import NOW, Noted, World, entry, stream_id
from integration.races import RACERS, race
from pitboss import messages
from pitboss.db import Database, Transaction
from pitboss.kernel.shards import Partition, shards_of
from pitboss.messages.errors import Fenced

ZERO, ONE = Partition(0), Partition(1)
MINE = shards_of(ZERO)[3]


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def work(
    world: World, tx: Transaction, *, epoch: int, from_offset: int, text: str = "done"
) -> None:
    """Do what a processor does with one command: a fact, and the offset."""
    async with messages.join_turn(
        tx, [MINE], now=NOW, actor="processor", entropy=world.entropy, epoch=epoch
    ) as turn:
        turn.publish(MINE, stream_id("some"), Noted(text=text))
    await messages.consume(
        tx, ZERO, epoch=epoch, from_offset=from_offset, to_offset=from_offset + 1
    )


async def test_a_partition_that_nobody_has_is_taken_over(world: World) -> None:
    epoch = await world.take_over(ZERO, "one")

    mine, other = await world.consumer(ZERO), await world.consumer(ONE)
    assert (mine.owner, mine.epoch, mine.next_offset) == ("one", epoch, 0)
    assert epoch is not None
    assert (other.owner, other.epoch) == ("", 0)


async def test_nobody_is_replaced_while_the_lease_runs(world: World) -> None:
    first = await world.take_over(ZERO, "one")
    refused = await world.take_over(ZERO, "two")
    await world.let_lease_run_out(ZERO)
    second = await world.take_over(ZERO, "two")

    assert refused is None
    assert first is not None
    assert second is not None
    assert second > first
    assert (await world.consumer(ZERO)).owner == "two"


async def test_who_starts_again_need_not_wait_for_the_own_lease(world: World) -> None:
    first = await world.take_over(ZERO, "one")
    second = await world.take_over(ZERO, "one")

    assert first is not None
    assert second is not None
    assert second > first


async def test_a_lease_is_renewed_by_its_owner_alone(world: World) -> None:
    first = await world.take_over(ZERO, "one")
    assert first is not None
    await world.let_lease_run_out(ZERO)
    async with world.database.transaction() as tx:
        await messages.renew_lease(tx, ZERO, epoch=first)
    renewed = await world.take_over(ZERO, "two")
    await world.let_lease_run_out(ZERO)
    second = await world.take_over(ZERO, "two")

    assert renewed is None
    assert second is not None
    with pytest.raises(Fenced):
        async with world.database.transaction() as tx:
            await messages.renew_lease(tx, ZERO, epoch=first)


async def test_offsets_move_on_from_where_they_are_and_nowhere_else(world: World) -> None:
    epoch = await world.take_over(ZERO, "one")
    assert epoch is not None
    await world.consume(ZERO, epoch=epoch, from_offset=0, to_offset=5)

    for stale, from_offset in ((epoch, 0), (epoch, 4), (epoch - 1, 5), (epoch + 1, 5)):
        with pytest.raises(Fenced):
            await world.consume(ZERO, epoch=stale, from_offset=from_offset, to_offset=9)

    assert (await world.consumer(ZERO)).next_offset == 5


async def test_an_offset_moves_with_its_effects_or_not_at_all(world: World) -> None:
    epoch = await world.take_over(ZERO, "one")
    assert epoch is not None
    with pytest.raises(ZeroDivisionError):
        async with world.database.transaction() as tx:
            await work(world, tx, epoch=epoch, from_offset=0)
            raise ZeroDivisionError
    with pytest.raises(Fenced):
        async with world.database.transaction() as tx:
            await work(world, tx, epoch=epoch, from_offset=7)

    assert (await world.consumer(ZERO)).next_offset == 0
    assert await world.texts(MINE) == []

    async with world.database.transaction() as tx:
        await work(world, tx, epoch=epoch, from_offset=0)
    assert (await world.consumer(ZERO)).next_offset == 1
    assert await world.texts(MINE) == ["done"]


async def test_who_was_replaced_can_write_nothing(world: World) -> None:
    old = await world.take_over(ZERO, "old")
    await world.let_lease_run_out(ZERO)
    new = await world.take_over(ZERO, "new")
    assert old is not None
    assert new is not None

    for shard in shards_of(ZERO):
        with pytest.raises(Fenced):
            async with (
                world.database.transaction() as tx,
                messages.join_turn(
                    tx, [shard], now=NOW, actor="zombie", entropy=world.entropy, epoch=old
                ),
            ):
                pytest.fail("the zombie got a turn")
    async with world.database.transaction() as tx:
        await work(world, tx, epoch=new, from_offset=0, text="by new")

    assert await world.texts(MINE) == ["by new"]


async def test_who_is_at_work_is_not_replaced_before_the_work_is_committed(world: World) -> None:
    epoch = await world.take_over(ZERO, "slow")
    assert epoch is not None
    await world.let_lease_run_out(ZERO)

    async with world.database.transaction() as tx:
        async with messages.join_turn(
            tx, [MINE], now=NOW, actor="processor", entropy=world.entropy, epoch=epoch
        ) as turn:
            # In the middle, where locks taken in another order would meet in a deadlock.
            heir = asyncio.create_task(world.take_over(ZERO, "heir"))
            done, _ = await asyncio.wait([heir], timeout=0.2)
            turn.publish(MINE, stream_id("some"), Noted(text="done"))
        await messages.consume(tx, ZERO, epoch=epoch, from_offset=0, to_offset=1)
    async with asyncio.timeout(10):
        taken = await heir

    # The heir waited, and found that the slow one lives after all.
    assert not done
    assert taken is None
    assert await world.texts(MINE) == ["done"]
    assert (await world.consumer(ZERO)).owner == "slow"


async def test_a_head_that_moved_under_a_turn_takes_no_facts_from_it(world: World) -> None:
    with pytest.raises(Fenced):
        async with world.turn(MINE) as turn:
            turn.publish(MINE, stream_id("some"), Noted(text="too late"))
            await turn.tx.execute("UPDATE shard_head SET epoch = epoch + 1 WHERE shard = $1", MINE)

    assert await world.texts(MINE) == []
    assert (await world.head(MINE)).seq == 0


async def test_of_eight_who_race_for_a_partition_one_gets_it(world: World) -> None:
    async def take(tx: Transaction, names: Sequence[str]) -> int | None:
        return await messages.take_over(tx, ZERO, owner=names[0])

    epochs = await race(world.database, [[f"racer {number}"] for number in range(RACERS)], take)

    assert [epoch for epoch in epochs if epoch is not None] == [1]
    winner = epochs.index(1)
    assert (await world.consumer(ZERO)).owner == f"racer {winner}"


async def test_of_eight_who_race_under_one_name_the_last_is_the_owner(world: World) -> None:
    async def take(tx: Transaction, names: Sequence[str]) -> int | None:
        return await messages.take_over(tx, ZERO, owner=names[0])

    epochs = await race(world.database, [["twin"]] * RACERS, take)

    assert sorted(epoch for epoch in epochs if epoch is not None) == list(range(1, RACERS + 1))
    assert (await world.consumer(ZERO)).epoch == RACERS
    assert (await world.head(MINE)).epoch == RACERS


async def test_of_eight_who_race_to_do_the_same_command_one_does_it(world: World) -> None:
    await world.append(entry("a"))
    epoch = await world.take_over(ZERO, "twins")
    assert epoch is not None

    async def do(tx: Transaction, _: Sequence[str]) -> bool:
        try:
            await work(world, tx, epoch=epoch, from_offset=0)
        except Fenced:
            # As whoever is fenced off does: nothing of this is committed.
            await tx.execute("ROLLBACK")
            await tx.execute("BEGIN")
            return False
        return True

    did = await race(world.database, [[""]] * RACERS, do)

    assert sum(did) == 1
    assert await world.texts(MINE) == ["done"]
    assert (await world.consumer(ZERO)).next_offset == 1
    assert await world.chain_holds(MINE) == 1
