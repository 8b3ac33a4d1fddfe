"""A combination in play is looked at twice, and its price grows old by itself."""

from __future__ import annotations

import pytest

from integration.sportsbook.test_combinations import (
    HOME,
    MINUTE,
    OVER,
    on_sale,
    price,
    refusal,
    wish,
)
from integration.sportsbook.test_delay import DELAY
from integration.sportsbook.test_delay import go as go_on
from integration.sportsbook.test_shapes import the_record_agrees
from integration.sportsbook.world import KICK_OFF, UNIT, World
from pitboss.db import Database
from pitboss.sportsbook.betting.model import IN_PLAY_PRICE_AGE_MAX, BetState
from pitboss.sportsbook.catalog.model import EventStatus
from pitboss.sportsbook.combinations.model import Priced


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    await made.event("A")
    return made


async def test_a_combination_in_play_waits_and_is_looked_at_again(world: World) -> None:
    world.clock.advance(KICK_OFF + MINUTE - world.clock.now())
    change = {"status": EventStatus.LIVE, "score": "0-0", "in_play_open": True}
    await go_on(world, **change, bet_delay_seconds=6)
    await world.push(1, (HOME, "2.5"), (OVER, "1.9"))
    player, one = await world.player(units=30), await on_sale(world)
    taken = await wish(world, player, one)
    await world.process()
    assert (await world.bet(player, taken)).state is BetState.DELAYED
    await the_record_agrees(world)
    world.clock.advance(DELAY)
    await world.process()
    assert (await world.bet(player, taken)).state is BetState.ACCEPTED

    overtaken = await wish(world, player, one)
    await world.process()
    await price(world, HOME, OVER, at="3.9")
    world.clock.advance(DELAY)
    assert await refusal(world, player, overtaken) == "price_changed"
    assert await world.balance(player) == (30 * UNIT, 10 * UNIT)

    # The parts are confirmed all the time; nobody has said anew what they make together.
    world.clock.advance(IN_PLAY_PRICE_AGE_MAX + MINUTE)
    await world.push(2, (HOME, "2.5"), (OVER, "1.9"))
    stale = await wish(world, player, one, tick=2)
    assert await refusal(world, player, stale) == "price_stale"
    confirmed = await price(world, HOME, OVER, at="3.9")
    assert isinstance(confirmed, Priced)
    assert (confirmed.changed, confirmed.combination.tick) == (False, 2)
    fresh = await wish(world, player, confirmed.combination)
    await world.process()
    assert (await world.bet(player, fresh)).state is BetState.DELAYED
    await the_record_agrees(world)
