"""What ends or stops a market counts against a price from before it that would open it."""

from __future__ import annotations

import pytest

from integration.feeds.world import World
from unit.feeds.said import (
    bet_settlement,
    bet_stop,
    correction,
    home_won,
    market,
    odds_change,
    one_x_two,
    results,
)

from .test_reading import sold

GOALS = market(18, [(12, "1.9"), (13, "1.95")], specifiers="total=2.5")
OVER = results(18, [(12, 'result="1"'), (13, 'result="0"')], specifiers="total=2.5")
VOID = '<market id="18" specifiers="total=2.5"/>'


async def kinds_on_sale(world: World) -> set[str]:
    """Return the kinds of the markets that take bets."""
    event = await world.event()
    return {item.kind for item in event.markets if item.status == "open"} if event else set()


@pytest.mark.parametrize("voids", [False, True], ids=["a result", "a cancel"])
async def test_what_ends_a_market_keeps_an_older_price_from_opening_it(
    world: World, voids: bool
) -> None:
    await sold(world)
    at = world.ms + 2
    end = correction("bet_cancel", at=at, markets=VOID) if voids else bet_settlement(OVER, at=at)

    await world.send(end)
    await world.send(odds_change(GOALS, at=at - 1))
    assert await kinds_on_sale(world) == {"1x2"}

    await world.send(odds_change(GOALS, at=at + 1))
    assert await kinds_on_sale(world) == {"1x2", "total"}


@pytest.mark.parametrize("stops", [False, True], ids=["a result", "a stop"])
async def test_what_comes_before_its_event_keeps_an_older_price_from_opening_the_market(
    world: World, stops: bool
) -> None:
    await world.come_up()
    at = world.ms + 2

    await world.send(bet_stop(at=at) if stops else bet_settlement(home_won(), at=at))
    await world.send(odds_change(one_x_two(), at=at - 1))
    assert await kinds_on_sale(world) == set()

    await world.send(odds_change(one_x_two(), at=at + 1))
    assert await kinds_on_sale(world) == {"1x2"}
