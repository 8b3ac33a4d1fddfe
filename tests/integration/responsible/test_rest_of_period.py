"""A limit of losses that is used up under a licence which allows no play then: Pennsylvania's."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from integration.responsible.test_limits import DAILY_LOSS, UNIT, accepted, refusals, set_limit
from integration.sportsbook.test_free_bets import given, usable
from integration.sportsbook.world import KICK_OFF, World, legs_of
from paced import put_in_force
from pitboss import jurisdictions
from pitboss.db import Database
from pitboss.jurisdictions.model import OpenStakes, WhenReached
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.responsible import limits
from pitboss.responsible.limits.model import Changed

PENNSYLVANIA = {
    "limits": {
        "when_reached": WhenReached.REST_OF_PERIOD,
        "loss_open_stakes": OpenStakes.COUNTED,
    }
}
RACERS = 60


@pytest.fixture
def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a sportsbook under such a licence."""
    put_in_force(monkeypatch, PENNSYLVANIA)
    return World(database=database)


async def bet(world: World, player: PlayerId, name: str, units: int) -> None:
    """Bet on the home side of an event, and have it decided."""
    await world.wish(player, *legs_of(name), units=units)
    await world.process()


async def test_what_is_won_after_a_limit_was_used_up_does_not_open_it_before_its_period_ends(
    world: World,
) -> None:
    assert jurisdictions.get("PA").limits.when_reached is WhenReached.REST_OF_PERIOD
    ann, later = await world.player(units=100), KICK_OFF + timedelta(days=2)
    event, _ = await world.event("A"), await world.event("B", starts_at=later)
    await set_limit(world, ann, DAILY_LOSS, 10)
    await bet(world, ann, "A", 6)
    await bet(world, ann, "A", 4)
    await world.score(event, 3, 0)
    await world.settle()
    await bet(world, ann, "B", 1)

    # The home side has won: nothing is lost, and more than was staked has come back.
    assert await accepted(world, ann) == 10 * UNIT
    assert await refusals(world, ann) == ["limit_closed"]
    (reached,) = await world.facts(shard_of(ann), "limit.reached")
    assert (reached["kind"], reached["period"], reached["value"]) == ("loss", "day", 10 * UNIT)
    async with world.database.reading() as tx:
        (limit,) = await limits.list_limits(tx, ann, now=world.clock.now())
    assert limit.closed_until is not None
    world.clock.advance(limit.closed_until - world.clock.now() - timedelta(seconds=1))
    await bet(world, ann, "B", 1)
    world.clock.advance(timedelta(seconds=1))
    await bet(world, ann, "B", 1)
    assert await refusals(world, ann) == ["limit_closed"] * 2
    assert await accepted(world, ann) == 11 * UNIT


async def test_a_processor_that_remembers_nothing_knows_a_closed_limit_too(world: World) -> None:
    ann = await world.player(units=100)
    event, _ = await world.event("A"), await world.event("B")
    await set_limit(world, ann, DAILY_LOSS, 10)
    await bet(world, ann, "A", 10)
    await world.score(event, 3, 0)
    await world.settle()
    world.processors.clear()
    await bet(world, ann, "B", 1)

    assert await refusals(world, ann) == ["limit_closed"]


async def test_a_closed_limit_takes_no_free_bet_either_and_none_is_used(world: World) -> None:
    ann = await world.player(units=100)
    await world.event("A")
    await set_limit(world, ann, DAILY_LOSS, 10)
    shape = await given(world, ann)
    await bet(world, ann, "A", 10)

    await world.wish(ann, *legs_of("A"), units=10, shape=shape)
    await world.process()

    assert await refusals(world, ann) == ["limit_closed"]
    assert [gift.id for gift in await usable(world, ann)] == [shape.free_bet]


async def test_a_stake_for_which_there_is_no_room_closes_nothing(world: World) -> None:
    ann = await world.player(units=100)
    event, _ = await world.event("A"), await world.event("B")
    await set_limit(world, ann, DAILY_LOSS, 10)
    await bet(world, ann, "A", 9)
    await bet(world, ann, "A", 2)
    await world.score(event, 3, 0)
    await world.settle()
    await bet(world, ann, "B", 2)

    assert await accepted(world, ann) == 11 * UNIT
    assert await world.facts(shard_of(ann), "limit.reached") == []


async def test_a_limit_closes_once_whatever_races_to_its_edge(world: World) -> None:
    ann = await world.player(units=10_000)
    event = await world.event("A")
    await world.event("B")
    await set_limit(world, ann, DAILY_LOSS, 25)
    await asyncio.gather(
        *(world.wish(ann, *legs_of("AB"[number % 2]), units=1) for number in range(RACERS))
    )
    await asyncio.gather(world.process(), world.score(event, 3, 0))
    await world.settle()
    await asyncio.gather(*(world.wish(ann, *legs_of("B"), units=1) for _ in range(RACERS)))
    await world.process()

    # Whatever had been won when the last room went, no more was ever taken after that.
    assert await accepted(world, ann) == 25 * UNIT
    assert len(await world.facts(shard_of(ann), "limit.reached")) == 1


async def test_a_limit_that_was_lowered_to_less_than_is_lost_closes_at_the_next_stake(
    world: World,
) -> None:
    ann, later = await world.player(units=100), KICK_OFF + timedelta(days=2)
    event, _ = await world.event("A"), await world.event("B", starts_at=later)
    await set_limit(world, ann, DAILY_LOSS, 20)
    await bet(world, ann, "A", 12)
    await set_limit(world, ann, DAILY_LOSS, 10)
    await bet(world, ann, "B", 1)
    await bet(world, ann, "B", 1)
    await world.score(event, 3, 0)
    await world.settle()
    await bet(world, ann, "B", 1)

    assert await accepted(world, ann) == 12 * UNIT
    assert await refusals(world, ann) == ["above_loss_limit", "limit_closed", "limit_closed"]
    assert len(await world.facts(shard_of(ann), "limit.reached")) == 1


async def test_saying_a_closed_limit_again_changes_nothing_and_a_lower_one_stays_closed(
    world: World,
) -> None:
    ann = await world.player(units=100)
    await world.event("A")
    await set_limit(world, ann, DAILY_LOSS, 10)
    await bet(world, ann, "A", 10)
    async with world.database.reading() as tx:
        (closed,) = await limits.list_limits(tx, ann, now=world.clock.now())

    again = await set_limit(world, ann, DAILY_LOSS, 10)
    lower = await set_limit(world, ann, DAILY_LOSS, 5)

    assert again == Changed(limit=closed)
    assert isinstance(lower, Changed)
    assert lower.limit.closed_until == closed.closed_until is not None
    assert await world.facts(shard_of(ann), "limit.loosening_withdrawn") == []
