"""What a turn remembers is what is there: nobody else's write, and no undone one, is overlooked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from integration.messages.world import NOW, Noted, World, stream_id
from pitboss import messages
from pitboss.db import Database
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn
from pitboss.messages.model import REMEMBERED_MAX, Memory

HERE, THERE = Shard(3), Shard(60)


class Broke(Exception):
    """A test broke off a turn."""


@dataclass(slots=True, kw_only=True)
class Rememberer:
    """A process with a memory, and a table of one row that it reads into it."""

    world: World
    memory: Memory = field(default_factory=Memory)
    reads: int = 0

    async def turn(self, act: Callable[[Turn], None], *shards: Shard) -> None:
        """Do something in a turn of one's own, and commit."""
        async with (
            self.world.database.transaction() as tx,
            messages.join_turn(
                tx,
                shards or (HERE,),
                now=NOW,
                actor="test",
                entropy=self.world.entropy,
                memory=self.memory,
            ) as held,
        ):
            act(held)

    def look(self, turn: Turn) -> None:
        """Read what is not remembered."""
        known = turn.recall(HERE, str)
        if "row" not in known:
            self.reads += 1
            known["row"] = "as it is"


def note(turn: Turn) -> None:
    """Publish something."""
    turn.publish(HERE, stream_id("some"), Noted(text="by us"))


@pytest.fixture
async def mind(database: Database) -> Rememberer:
    made = Rememberer(world=World(database=database))
    await made.turn(made.look)
    return made


async def test_what_was_read_is_remembered_through_turns_of_ones_own(mind: Rememberer) -> None:
    await mind.turn(note)
    await mind.turn(note)
    await mind.turn(mind.look)

    assert mind.reads == 1


async def test_a_write_of_somebody_else_makes_it_read_again(mind: Rememberer) -> None:
    await mind.world.note(HERE, "by another")

    await mind.turn(mind.look)

    assert mind.reads == 2


async def test_a_write_elsewhere_does_not(mind: Rememberer) -> None:
    await mind.world.note(THERE, "by another")

    await mind.turn(mind.look, HERE, THERE)

    assert mind.reads == 1


async def test_what_was_read_in_a_turn_that_failed_is_not_believed(mind: Rememberer) -> None:
    def break_off(turn: Turn) -> None:
        turn.recall(HERE, str)["row"] = "as it never was"
        raise Broke

    with pytest.raises(Broke):
        await mind.turn(break_off)
    await mind.turn(mind.look)

    assert mind.reads == 2


async def test_a_turn_that_was_sealed_and_rolled_back_misleads_nobody(mind: Rememberer) -> None:
    def change(turn: Turn) -> None:
        turn.recall(HERE, str)["row"] = "as it never was"
        note(turn)

    with pytest.raises(Broke):
        async with mind.world.database.transaction() as tx:
            async with messages.join_turn(
                tx,
                [HERE],
                now=NOW,
                actor="test",
                entropy=mind.world.entropy,
                memory=mind.memory,
            ) as turn:
                change(turn)
            raise Broke
    await mind.world.note(HERE, "by another, under the same seq")
    await mind.turn(mind.look)

    assert mind.reads == 2


async def test_a_turn_without_a_memory_remembers_for_itself_alone(mind: Rememberer) -> None:
    async with mind.world.turn(HERE) as turn:
        mind.look(turn)
        mind.look(turn)

    assert mind.reads == 2


async def test_memory_is_bounded_between_turns_and_loses_nothing_in_one(mind: Rememberer) -> None:
    held: list[int] = []

    def remember_much(turn: Turn) -> None:
        for number in range(REMEMBERED_MAX + 1):
            turn.recall(HERE, str)[str(number)] = "row"
        held.append(len(turn.recall(HERE, str)))

    def count(turn: Turn) -> None:
        held.append(len(turn.recall(HERE, str)))

    await mind.turn(remember_much)
    await mind.turn(count)

    # With the row that was there before.
    assert held == [REMEMBERED_MAX + 2, 0]
