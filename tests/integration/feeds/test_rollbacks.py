"""What a feed takes back of results: the outcomes it names, or all of a market."""

from __future__ import annotations

from integration.feeds.world import World
from pitboss.sportsbook.feeds.model import Reason
from unit.feeds.said import bet_settlement, correction, home_won

from .test_reading import sold


def rollback(world: World, *outcomes: int) -> bytes:
    inside = "".join(f'<outcome id="{item}"/>' for item in outcomes)
    return correction(
        "rollback_bet_settlement", at=world.ms, markets=f'<market id="1">{inside}</market>'
    )


async def settled(world: World) -> None:
    await sold(world)
    await world.send(bet_settlement(home_won(), at=world.ms))
    world.later(1)


async def test_a_rollback_of_an_outcome_takes_back_that_one_only(world: World) -> None:
    await settled(world)

    await world.send(rollback(world, 3))

    assert await world.result() == {"home": True, "draw": False}
    assert await world.reasons() == {}


async def test_a_rollback_without_outcomes_takes_back_the_market(world: World) -> None:
    await settled(world)

    await world.send(rollback(world))

    assert await world.result() == {}


async def test_a_rollback_of_an_outcome_that_we_do_not_know_is_owed(world: World) -> None:
    await settled(world)

    await world.send(rollback(world, 3, 77))

    assert await world.result() == {"home": True, "draw": False, "away": False}
    (parked,) = await world.parked()
    assert (parked.reason, parked.owed) == (Reason.UNKNOWN_SELECTION, True)
