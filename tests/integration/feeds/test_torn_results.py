"""Results that cannot be true are believed in no part, and kept for staff."""

from __future__ import annotations

import pytest

from integration.feeds.world import World
from pitboss.sportsbook import feeds
from pitboss.sportsbook.feeds.model import ParkedState, Reason
from unit.feeds.said import bet_settlement, home_won, results

from .test_reading import sold

WON, LOST, HALF = 'result="1"', 'result="0"', 'result="1" dead_heat_factor="0.5"'


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (results(1, [(1, WON), (2, WON), (3, LOST)]), Reason.REFUSED),
        (results(1, [(1, LOST), (2, LOST), (3, LOST)]), Reason.REFUSED),
        (results(1, [(1, WON), (2, LOST), (3, LOST), (1, LOST)]), Reason.CONTRADICTION),
    ],
    ids=["several winners", "no winner", "one that won and lost"],
)
async def test_a_result_that_cannot_be_is_owed_and_decides_nothing(
    world: World, said: str, reason: Reason
) -> None:
    await sold(world)

    await world.send(bet_settlement(said, at=world.ms))

    assert await world.result() == {}
    assert [(item.reason, item.owed) for item in await world.parked()] == [(reason, True)]


async def test_a_market_that_is_said_to_have_ended_in_two_ways_at_once_is_owed(
    world: World,
) -> None:
    await sold(world)
    draw = results(1, [(1, LOST), (2, WON), (3, LOST)])

    await world.send(bet_settlement(home_won() + draw, at=world.ms))

    assert await world.result() == {}
    assert await world.reasons() == {Reason.CONTRADICTION: 2}


async def test_those_who_share_a_win_and_what_is_said_twice_are_believed(world: World) -> None:
    await sold(world)
    shared = results(1, [(1, HALF), (2, HALF), (3, LOST), (3, LOST)])

    await world.send(bet_settlement(shared, at=world.ms))

    assert await world.result() == {"home": True, "draw": True, "away": False}
    assert await world.reasons() == {}


async def test_a_second_winner_is_recorded_and_owed_and_none_counts_until_it_is_mended(
    world: World,
) -> None:
    await sold(world)
    await world.send(bet_settlement(results(1, [(1, WON)]), at=world.ms))
    world.later(1)
    await world.send(bet_settlement(results(1, [(3, WON)]), at=world.ms))
    torn = await world.result()
    (parked,) = await world.parked()

    await again(world, parked.id)
    (still,) = await world.parked()
    await world.send(bet_settlement(results(1, [(1, LOST), (2, LOST)]), at=world.ms))
    await again(world, parked.id)

    assert torn == {}
    assert (parked.reason, parked.owed) == (Reason.CONTRADICTION, True)
    assert (still.state, still.times) == (ParkedState.WAITING, 2)
    assert await world.result() == {"home": False, "draw": False, "away": True}
    assert [item.state for item in await world.parked()] == [ParkedState.APPLIED]


async def again(world: World, parked_id: str) -> None:
    """Have something parked tried again."""
    async with world.turn() as turn:
        await feeds.decide(turn, parked_id, ParkedState.WANTED, by="tester")
    world.later(5)
    await world.send()
