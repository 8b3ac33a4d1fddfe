"""What is offered instead of a bet above a limit, on a real database."""

from __future__ import annotations

import pytest

from integration.sportsbook.world import UNIT, World, legs_of
from pitboss.db import Database
from pitboss.kernel.ids import BetId
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import betting, trading
from pitboss.sportsbook.betting.model import (
    BetState,
    Lines,
    PlaceBet,
    Shape,
    SlipLeg,
    StakeMax,
)
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


@pytest.mark.parametrize(
    ("one", "offered"),
    [(None, 1_000), (999 * 10 * UNIT, 10), (999 * UNIT // 20, 0)],
    ids=["by the licence", "by the limit of one bet", "less than the licence's least stake"],
)
async def test_what_could_return_too_much_is_refused_with_the_stake_that_would_pass(
    world: World, one: int | None, offered: int
) -> None:
    """The demo licence lets a bet return a million, and takes no stake below 0.10."""
    player = await world.player(units=10_000)
    await world.event("A")
    await limit(world, one=one)
    await world.reprice((legs_of("A")[0], "1000"))

    bet_id = await world.wish(player, *legs_of("A"), units=2_000, tick=2)
    await world.process()

    bet = await world.bet(player, bet_id)
    assert (bet.state, bet.refusal) == (BetState.REFUSED, "returns_too_large")
    assert (bet.stake_micros, bet.stake_other_micros) == (2_000 * UNIT, offered * UNIT)
    if offered:
        again = await world.wish(player, *legs_of("A"), units=offered, tick=2)
        more = await world.wish(player, *legs_of("A"), stake_micros=offered * UNIT + 10_000, tick=2)
        await world.process()
        assert (await world.bet(player, again)).state is BetState.ACCEPTED
        assert (await world.bet(player, more)).state is BetState.REFUSED


async def test_no_stake_is_offered_below_the_least_that_the_licence_takes(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    # At 5/2 a stake of 0.09 wins 0.135; the demo licence takes none below 0.10.
    await limit(world, one=14 * UNIT // 100)

    bet_id = await world.wish(player, *legs_of("A"), units=4)
    await world.process()

    bet = await world.bet(player, bet_id)
    assert (bet.refusal, bet.stake_other_micros) == ("bet_limit", 0)
    wish = PlaceBet(
        bet_id=BetId(""),
        player_id=player,
        currency="EUR",
        stake_micros=0,
        legs=(SlipLeg(selection_id=legs_of("A")[0], tick=1),),
    )
    async with world.database.reading() as tx:
        found = await betting.find_stake_max(tx, wish, now=world.clock.now())
    assert found == StakeMax(micros=0, bound="bet_limit")


async def test_a_slip_that_came_twice_at_once_is_offered_what_the_first_one_is(
    world: World,
) -> None:
    player = await world.player(units=100)
    await world.event("A")
    await limit(world, one=3 * UNIT)

    ids = [await world.wish(player, *legs_of("A"), units=4, again=False) for _ in range(2)]
    await world.process()

    bets = [await world.bet(player, bet_id) for bet_id in ids]
    assert [(bet.refusal, bet.stake_other_micros) for bet in bets] == [
        ("bet_limit", 2 * UNIT),
        ("bet_limit", 2 * UNIT),
    ]
