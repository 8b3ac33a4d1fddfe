"""Free bets and boosts in play are held while their bets wait, and are nobody's to sell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integration.sportsbook.test_boosts import boosted
from integration.sportsbook.test_boosts import usable as usable_boosts
from integration.sportsbook.test_cash_out import quote
from integration.sportsbook.test_delay import DELAY, EVENT, HOME, suspended
from integration.sportsbook.test_delay import go as go_on
from integration.sportsbook.test_delay import wish as wish_in_play
from integration.sportsbook.test_each_way import set_terms
from integration.sportsbook.test_free_bets import give, given, usable
from integration.sportsbook.test_free_bets_corrected import (
    bet_on,
    cancelled,
    cancelled_no_more,
    standing,
)
from integration.sportsbook.test_shapes import the_record_agrees
from integration.sportsbook.world import KICK_OFF, UNIT, World, legs_of
from pitboss.db import Database
from pitboss.kernel.ids import derived_id
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook.betting.model import BetState, Gift, Given, Shape
from pitboss.sportsbook.cash_out.model import Refusal, Refused
from pitboss.sportsbook.catalog.model import EventStatus


@pytest.fixture
async def world(database: Database) -> World:
    """Event A is under way, and its bets wait."""
    made = World(database=database)
    await made.event("A")
    made.clock.advance(KICK_OFF + timedelta(minutes=3) - made.clock.now())
    await go_on(made, status=EventStatus.LIVE, score="0-0", in_play_open=True, bet_delay_seconds=6)
    await made.reprice((HOME, "2.6"))
    return made


async def test_a_free_bet_waits_with_its_bet_and_moves_no_money(world: World) -> None:
    player = await world.player(units=1)
    bet_id = await wish_in_play(world, player, units=10, shape=await given(world, player))
    assert (await world.bet(player, bet_id)).state is BetState.DELAYED
    assert await usable(world, player) == []
    await the_record_agrees(world)

    world.clock.advance(DELAY)
    await world.process()
    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED
    await world.score(EVENT, 1, 0)
    await world.settle()

    (delayed,) = await world.facts(shard_of(player), "bet.delayed")
    assert "movements" not in delayed
    assert await world.balance(player) == (17 * UNIT, 0)
    assert await world.totals() == {"EUR": 0}
    await the_record_agrees(world)


async def test_a_free_bet_comes_back_when_its_bet_is_refused_after_the_delay(world: World) -> None:
    player = await world.player(units=1)
    shape = await given(world, player)
    bet_id = await wish_in_play(world, player, units=10, shape=shape)
    await suspended(world)
    world.clock.advance(DELAY)
    await world.process()

    assert (await world.bet(player, bet_id)).state is BetState.REFUSED
    assert [item.id for item in await usable(world, player)] == [shape.free_bet]
    assert await world.balance(player) == (1 * UNIT, 0)
    await the_record_agrees(world)


async def test_a_free_bet_that_ends_within_the_delay_was_held_in_time(world: World) -> None:
    player = await world.player(units=1)
    gift = Gift(
        id=derived_id("free_bet", player, "short"),
        player_id=player,
        stake_micros=10 * UNIT,
        currency="EUR",
        expires_at=world.clock.now() + timedelta(seconds=1),
    )
    assert await give(world, gift) == (Given(changed=True),)
    bet_id = await wish_in_play(world, player, units=10, shape=Shape(free_bet=gift.id))

    world.clock.advance(DELAY)
    await world.process()

    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED


@pytest.mark.parametrize("stopped", [False, True])
async def test_a_free_bet_that_waits_is_taken_again_by_the_bet_that_was_void_before(
    world: World, stopped: bool
) -> None:
    player = await world.player(units=1)
    await world.event("D", starts_at=KICK_OFF + timedelta(days=1))
    shape = await given(world, player)
    first = await bet_on(world, player, "D", shape)
    await cancelled(world, "D", minutes=0)
    waits = await wish_in_play(world, player, units=10, shape=shape)

    await cancelled_no_more(world, "D", minutes=1)
    both = await standing(world, shape)
    if stopped:
        await suspended(world)
    world.clock.advance(DELAY)
    await world.process()

    # What was held for it in time is its own, whatever became of the other one.
    bet = await world.bet(player, waits)
    assert bet.state is (BetState.REFUSED if stopped else BetState.ACCEPTED)
    assert both == [waits, first]
    assert await standing(world, shape) == ([first] if stopped else [waits, first])
    assert await usable(world, player) == []
    await the_record_agrees(world)


@pytest.mark.parametrize("stopped", [False, True])
async def test_a_boost_waits_with_its_bet_and_comes_back_if_that_is_refused(
    world: World, stopped: bool
) -> None:
    player = await world.player(units=10)
    shape = await boosted(world, player)
    bet_id = await wish_in_play(world, player, units=10, shape=shape)
    assert await usable_boosts(world, player) == []
    await the_record_agrees(world)
    if stopped:
        await suspended(world)
    world.clock.advance(DELAY)
    await world.process()

    bet = await world.bet(player, bet_id)
    assert bet.state is (BetState.REFUSED if stopped else BetState.ACCEPTED)
    back = [item.id for item in await usable_boosts(world, player)]
    assert back == ([shape.boost] if stopped else [])
    if not stopped:
        await world.score(EVENT, 1, 0)
        await world.settle()
        # Ten at 2.6 win sixteen, and a tenth of that.
        assert await world.balance(player) == (27_600_000, 0)
    await the_record_agrees(world)


async def test_a_free_bet_waits_for_one_bet_only(world: World) -> None:
    player = await world.player(units=1)
    shape = await given(world, player)
    await wish_in_play(world, player, units=10, shape=shape)

    other = await wish_in_play(world, player, units=10, shape=shape)

    assert (await world.bet(player, other)).refusal == "free_bet_used"
    assert await usable(world, player) == []


@pytest.mark.parametrize("parts", ["win", "place", "each_way"])
async def test_what_no_price_says_is_not_bought_back(world: World, parts: str) -> None:
    player = await world.player()
    await world.event("C", starts_at=KICK_OFF + timedelta(days=1))
    await set_terms(world, "C")
    free = (await given(world, player)).free_bet if parts == "win" else None
    shape = Shape(parts=parts, free_bet=free)
    bet_id = await world.wish(player, *legs_of("C"), units=10, shape=shape)
    await world.process()
    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED

    answer = await quote(world, player, bet_id)

    assert answer == Refused(reason=Refusal.CASH_OUT_NOT_OFFERED)
