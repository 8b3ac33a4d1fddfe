"""What is offered instead of a bet above a limit, on a real database."""

from __future__ import annotations

import pytest

from integration.sportsbook.world import UNIT, World, legs_of
from pitboss.db import Database
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import trading
from pitboss.sportsbook.betting.model import BetState, Lines, Shape
from pitboss.sportsbook.trading.model import EVERYTHING, Scope, Wish


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def limit(world: World, *, one: int | None = None, total: int | None = None) -> None:
    """Let one bet, and all of them, win so much on a selection, in micros."""
    wish = Wish(
        scope=Scope.ALL,
        target=EVERYTHING,
        currency="EUR",
        bet_winnings_max=one,
        winnings_max=total,
    )
    async with world.turn(CATALOGUE_SHARD) as turn:
        await trading.set_limits(turn, [wish], by="staff:test")


async def test_legs_that_are_on_no_line_break_no_limit(world: World) -> None:
    player = await world.player(units=100)
    for name in "ABC":
        await world.event(name)
    await limit(world, one=3 * UNIT)
    # A single on the banker; the other two legs are on none of the lines.
    shape = Shape(lines=(Lines(legs=(0, 1), sizes=(0,), bankers=(2,)),))

    bet_id = await world.wish(player, *legs_of("ABC"), units=4, shape=shape)
    await world.process()

    bet = await world.bet(player, bet_id)
    assert (bet.state, bet.refusal) == (BetState.REFUSED, "bet_limit")
    assert bet.stake_other_micros == 2 * UNIT
