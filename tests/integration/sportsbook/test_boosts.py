"""Boosts on a real database: given once, used once, and what is won is raised by no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from integration.sportsbook.test_cash_out import quote
from integration.sportsbook.test_corrections import settle, winner
from integration.sportsbook.test_shapes import named, state_of, the_record_agrees
from integration.sportsbook.test_trading import books, limit
from integration.sportsbook.world import UNIT, World, legs_of, market, selection
from pitboss.db import Database
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook import betting
from pitboss.sportsbook.betting.model import (
    BetState,
    Boost,
    BoostAnswer,
    Boosted,
    Boosting,
    BoostRefusal,
    NotBoosted,
    Shape,
)
from pitboss.sportsbook.cash_out.model import Refusal, Refused
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.model import Cancel, CancelRollback

HANDICAP = MarketKind.ASIAN_HANDICAP
(HOME,) = legs_of("A")  # at 5/2


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    for name in "AB":
        await made.event(name)
    return made


def boosting(
    world: World,
    player: PlayerId,
    name: str = "boost",
    *,
    share: str = "1/10",
    units: int = 10,
    days: int = 7,
) -> Boosting:
    """Return a boost to give, good for a week."""
    return Boosting(
        id=derived_id("boost", player, name),
        player_id=player,
        share=share,
        stake_micros_max=units * UNIT,
        currency="EUR",
        expires_at=world.clock.now() + timedelta(days=days),
    )


async def give(world: World, *wanted: Boosting) -> tuple[BoostAnswer, ...]:
    """Give boosts of one player."""
    async with world.turn(shard_of(wanted[0].player_id)) as turn:
        return await betting.give_boosts(turn, wanted)


async def boosted(
    world: World, player: PlayerId, name: str = "boost", share: str = "1/10"
) -> Shape:
    """Give a boost, and return the shape of a bet that names it."""
    wanted = boosting(world, player, name, share=share)
    assert await give(world, wanted) == (Boosted(changed=True),)
    return Shape(boost=wanted.id)


async def usable(world: World, player: PlayerId) -> Sequence[Boost]:
    """Return what the player can use now."""
    async with world.database.reading() as tx:
        return await betting.find_boosts_of(tx, shard_of(player), player, now=world.clock.now())


@pytest.mark.parametrize(
    ("names", "returns"),
    [
        # Ten at 5/2 win fifteen, and a tenth of that.
        ("A", 26_50),
        # Ten at 25/4 win 52.50, and a tenth of that.
        ("AB", 67_75),
    ],
)
async def test_a_boost_raises_what_a_single_or_an_accumulator_wins(
    world: World, names: str, returns: int
) -> None:
    player = await world.player(units=10)
    bet_id = await world.wish(player, *legs_of(names), units=10, shape=await boosted(world, player))
    await world.process()
    assert (await world.bet(player, bet_id)).shape == Shape(
        boost=derived_id("boost", player, "boost"), boosted="1/10"
    )
    assert await usable(world, player) == []

    for name in names:
        await world.score(await world.event(name), 1, 0)
    await world.settle()

    assert await state_of(world, player, bet_id) == (BetState.SETTLED, returns)
    assert await world.balance(player) == (returns * 10_000, 0)
    assert await world.totals() == {"EUR": 0}
    await the_record_agrees(world)


async def test_a_boost_raises_the_won_half_of_a_stake_and_no_lost_one(world: World) -> None:
    player, event = await world.player(units=20), await world.event("A")
    shape = await boosted(world, player)
    half = selection("A", HANDICAP, "home")
    bet_id = await world.wish(player, half, units=10, shape=shape)
    lost = await world.wish(
        player, selection("A", HANDICAP, "away"), units=10, shape=await boosted(world, player, "b")
    )
    await world.process()
    await world.score(event, 1, 0)
    await world.settle()

    # Half won at 2.05: ten times 1.05 / 2 are won, and a tenth of that.
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 15_77)
    # Half lost: five are back, which is no win.
    assert await state_of(world, player, lost) == (BetState.SETTLED, 5_00)
    await the_record_agrees(world)


async def test_a_correction_pays_what_was_boosted_too(world: World) -> None:
    player = await world.player(units=10)
    bet_id = await world.wish(player, HOME, units=10, shape=await boosted(world, player))
    await world.process()
    await settle(world, await winner(world, "A", after=timedelta(minutes=1), home=False))
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 0)

    await settle(world, await winner(world, "A", after=timedelta(minutes=2), home=True))

    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 26_50)
    await the_record_agrees(world)


async def test_the_boost_of_a_void_bet_can_be_used_again(world: World) -> None:
    player, event = await world.player(units=10), await world.event("A")
    shape = await boosted(world, player)
    await world.wish(player, HOME, units=10, shape=shape)
    await world.process()
    await world.abandon(event)
    await world.settle()

    assert [one.id for one in await usable(world, player)] == [shape.boost]
    assert await world.balance(player) == (10 * UNIT, 0)
    again = await world.wish(player, *legs_of("B"), units=10, shape=shape)
    await world.process()
    assert await state_of(world, player, again) == (BetState.ACCEPTED, None)
    await the_record_agrees(world)


async def test_a_boost_is_used_once_also_by_two_bets_of_one_batch(world: World) -> None:
    player = await world.player(units=100)
    shape = await boosted(world, player)
    stale = await world.wish(player, HOME, units=10, shape=shape, tick=9)
    twins = [await world.wish(player, *legs_of(name), units=10, shape=shape) for name in "AB"]
    await world.process()
    later = await world.wish(player, *legs_of("B"), units=9, shape=shape)
    await world.process()

    said = [(await world.bet(player, bet_id)).refusal for bet_id in (stale, *twins, later)]
    assert said == ["price_changed", None, "boost_used", "boost_used"]
    await the_record_agrees(world)


async def test_a_boost_is_its_players_for_small_stakes_until_it_is_over(world: World) -> None:
    ann, bob = await world.player(units=100), await world.player(units=100)
    shape = await boosted(world, ann)
    short = boosting(world, ann, "short", days=1)
    await give(world, short)
    theirs = await world.wish(bob, HOME, units=10, shape=shape)
    more = await world.wish(ann, HOME, units=11, shape=shape)
    nothing = await world.wish(ann, HOME, units=9, shape=Shape(boost=derived_id("none")))
    # Nobody says for themselves what they win.
    told = await world.wish(ann, HOME, units=8, shape=Shape(boosted="1"))
    system = Shape(lines=named("trixie").lines, boost=shape.boost)
    await world.event("C")
    lines = await world.wish(ann, *legs_of("ABC"), units=4, shape=system)
    await world.process()

    assert (await world.bet(bob, theirs)).refusal == "unknown_boost"
    said = [(await world.bet(ann, bet_id)).refusal for bet_id in (more, nothing, lines)]
    assert said == ["boost_stake_too_large", "unknown_boost", "unreadable"]
    shape_of_told = (await world.bet(ann, told)).shape
    assert shape_of_told is not None
    assert shape_of_told.boosted is None
    async with world.database.transaction() as tx:
        await tx.execute(
            "UPDATE boost SET expires_at = $2 WHERE boost = $1", short.id, world.clock.now()
        )
    over = await world.wish(ann, HOME, units=7, shape=Shape(boost=short.id))
    await world.process()
    assert (await world.bet(ann, over)).refusal == "boost_expired"


async def test_limits_are_held_against_what_a_boosted_bet_wins(world: World) -> None:
    player = await world.player(units=100)
    await limit(world, one=16 * UNIT)
    shape = await boosted(world, player)
    # Ten at 5/2 win fifteen, which is within the limit; boosted it is 16.50.
    above = await world.wish(player, HOME, units=10, shape=shape)
    await world.process()
    within = await world.wish(player, HOME, units=9, shape=shape)
    await world.process()

    assert (await world.bet(player, above)).refusal == "bet_limit"
    assert (await world.bet(player, within)).refusal is None
    # Nine at 5/2 win 13.50, and a tenth of that.
    assert await books(world) == {HOME: (1, 9 * UNIT, 14_850_000)}
    await the_record_agrees(world)


async def test_a_boosted_bet_is_not_sold_back(world: World) -> None:
    player = await world.player(units=10)
    bet_id = await world.wish(player, HOME, units=10, shape=await boosted(world, player))
    await world.process()

    assert await quote(world, player, bet_id) == Refused(reason=Refusal.CASH_OUT_NOT_OFFERED)


async def test_a_boost_is_given_once_and_what_cannot_be_is_refused(world: World) -> None:
    player = await world.player()
    first, other = boosting(world, player), boosting(world, player, share="1/5")
    wrong = [
        (boosting(world, player, "huge", units=10**8), BoostRefusal.STAKE_TOO_LARGE),
        (boosting(world, player, "none", units=0), BoostRefusal.STAKE_TOO_SMALL),
        (boosting(world, player, "over", days=0), BoostRefusal.BOOST_EXPIRED),
        (boosting(world, PlayerId(derived_id("nobody")), "x"), BoostRefusal.UNKNOWN_PLAYER),
    ]

    assert await give(world, first, first) == (Boosted(changed=True), Boosted(changed=False))
    assert await give(world, first) == (Boosted(changed=False),)
    assert await give(world, other) == (NotBoosted(reason=BoostRefusal.KEY_REUSED),)
    for item, reason in wrong:
        assert await give(world, item) == (NotBoosted(reason=reason),)
    assert len(await world.facts(shard_of(player), "boost.given")) == 1
    await the_record_agrees(world)


async def test_a_boost_that_was_given_back_is_taken_again_if_its_bet_was_not_void(
    world: World,
) -> None:
    player = await world.player(units=20)
    shape = await boosted(world, player)
    at, where = world.clock.now(), market("A", MarketKind.MATCH_RESULT)
    bet_id = await world.wish(player, HOME, units=10, shape=shape)
    await world.process()
    await settle(world, Cancel(market_id=where, source="uof:1", reported_at=at))
    assert [one.id for one in await usable(world, player)] == [shape.boost]

    minute = timedelta(minutes=1)
    rollback = CancelRollback(market_id=where, source="uof:1", reported_at=at + minute)
    await settle(world, rollback, await winner(world, "A", after=2 * minute, home=True))

    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 26_50)
    assert await usable(world, player) == []
    other = await world.wish(player, *legs_of("B"), units=5, shape=shape)
    await world.process()
    assert (await world.bet(player, other)).refusal == "boost_used"
    await the_record_agrees(world)


async def test_a_boosted_price_beyond_all_prices_is_refused_and_stops_nobody(world: World) -> None:
    player = await world.player(units=10)
    await world.reprice((HOME, "900000"))
    shape = await boosted(world, player, "double", share="1")
    bet_id = await world.wish(player, HOME, stake_micros=100_000, tick=2, shape=shape)
    await world.process()

    assert (await world.bet(player, bet_id)).refusal in (None, "returns_too_large")
    await the_record_agrees(world)


async def test_what_somebody_else_was_given_is_told_to_nobody(world: World) -> None:
    ann, bob = await world.player(), await world.player()
    shape = await boosted(world, ann)
    bet_id = await world.wish(bob, HOME, units=5, shape=shape)
    await world.process()

    refused = await world.bet(bob, bet_id)
    assert (refused.refusal, refused.shape) == ("unknown_boost", shape)
