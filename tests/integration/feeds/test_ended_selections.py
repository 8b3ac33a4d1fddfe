"""A selection of which a result counts is not sold again, whatever a feed says of its price."""

from __future__ import annotations

from integration.feeds.world import World
from pitboss.sportsbook.feeds.model import Reason
from unit.feeds.said import bet_settlement, correction, odds_change, one_x_two, results

from .test_reading import sold

# Nobody can draw any more, and the others are open.
NO_DRAW = results(1, [(1, 'result="-1"'), (2, 'result="0"'), (3, 'result="-1"')])


async def without_a_draw(world: World) -> None:
    await sold(world)
    await world.send(bet_settlement(NO_DRAW, at=world.ms))
    world.later(1)


async def test_a_price_for_what_has_lost_opens_only_the_others_and_staff_see_it(
    world: World,
) -> None:
    await without_a_draw(world)

    for _ in range(2):
        await world.send(odds_change(one_x_two(), at=world.ms))
        world.later(1)

    assert not (await world.offer("draw")).market_open
    assert (await world.offer("home")).market_open
    assert await world.reasons() == {Reason.MARKET_CLOSED: 2}


async def test_what_had_lost_is_sold_again_once_its_result_is_rolled_back(world: World) -> None:
    await without_a_draw(world)
    await world.send(correction("rollback_bet_settlement", at=world.ms))
    world.later(1)

    await world.send(odds_change(one_x_two(), at=world.ms))

    assert (await world.offer("draw")).market_open
    assert await world.reasons() == {}
