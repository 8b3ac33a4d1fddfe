"""Free bets on a real database: given once, used once, paid without the stake, back when void."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from integration.sportsbook.test_shapes import named, state_of, the_record_agrees
from integration.sportsbook.world import UNIT, World, legs_of, selection
from pitboss import wallet
from pitboss.db import Database
from pitboss.kernel.ids import BetId, PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook import betting
from pitboss.sportsbook.betting.model import (
    BetState,
    FreeBet,
    Gift,
    GiftAnswer,
    GiftRefusal,
    Given,
    NotGiven,
    Shape,
    promotions_account,
)
from pitboss.sportsbook.catalog.model import MarketKind

HANDICAP = MarketKind.ASIAN_HANDICAP


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


def gift(world: World, player: PlayerId, name: str = "gift", *, units: int = 10) -> Gift:
    """Return a free bet to give, good for a week."""
    return Gift(
        id=derived_id("free_bet", player, name),
        player_id=player,
        stake_micros=units * UNIT,
        currency="EUR",
        expires_at=world.clock.now() + timedelta(days=7),
    )


async def give(world: World, *gifts: Gift) -> tuple[GiftAnswer, ...]:
    """Give free bets of one player."""
    async with world.turn(shard_of(gifts[0].player_id)) as turn:
        return await betting.give_free_bets(turn, gifts)


async def given(world: World, player: PlayerId, name: str = "gift", *, units: int = 10) -> Shape:
    """Give a free bet, and return the shape of a bet with it as the stake."""
    wanted = gift(world, player, name, units=units)
    assert await give(world, wanted) == (Given(changed=True),)
    return Shape(free_bet=wanted.id)


async def usable(world: World, player: PlayerId) -> Sequence[FreeBet]:
    """Return what the player can use now."""
    async with world.database.reading() as tx:
        return await betting.find_free_bets_of(tx, shard_of(player), player, now=world.clock.now())


async def refusal(world: World, player: PlayerId, bet_id: BetId) -> str | None:
    """Return why a bet was refused."""
    return (await world.bet(player, bet_id)).refusal


async def test_a_free_bet_pays_its_winnings_from_the_promotions_and_holds_nothing(
    world: World,
) -> None:
    player, event = await world.player(units=1), await world.event("A")
    shape = await given(world, player)
    bet_id = await world.wish(player, *legs_of("A"), units=10, shape=shape)
    await world.process()
    assert await world.balance(player) == (1 * UNIT, 0)
    assert await usable(world, player) == []

    await world.score(event, 1, 0)
    await world.settle()

    # Ten at 2.50 are twenty-five; the ten were not the player's.
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 15_00)
    assert await world.balance(player) == (16 * UNIT, 0)
    account = promotions_account(shard_of(player), "EUR")
    async with world.database.reading() as tx:
        (promotions,) = await wallet.find_balances(tx, [(shard_of(player), account)])
    assert promotions.posted == -15 * UNIT
    assert await world.totals() == {"EUR": 0}
    await the_record_agrees(world)


async def test_a_lost_free_bet_costs_the_player_nothing(world: World) -> None:
    player, event = await world.player(units=1), await world.event("A")
    bet_id = await world.wish(player, *legs_of("A"), units=10, shape=await given(world, player))
    await world.process()
    await world.score(event, 0, 1)
    await world.settle()

    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 0)
    assert await world.balance(player) == (1 * UNIT, 0)
    assert await usable(world, player) == []
    await the_record_agrees(world)


async def test_a_void_free_bet_comes_back_and_can_be_used_again(world: World) -> None:
    player, event = await world.player(units=1), await world.event("A")
    shape = await given(world, player)
    first = await world.wish(player, *legs_of("A"), units=10, shape=shape)
    await world.process()
    await world.abandon(event)
    await world.settle()
    assert await state_of(world, player, first) == (BetState.VOIDED, 0)
    (back,) = await usable(world, player)
    assert back.id == shape.free_bet

    other = await world.event("B")
    again = await world.wish(player, *legs_of("B"), units=10, shape=shape)
    await world.process()
    await world.score(other, 1, 0)
    await world.settle()

    assert await state_of(world, player, again) == (BetState.SETTLED, 15_00)
    await the_record_agrees(world)


async def test_half_of_a_free_bet_that_is_void_pays_half_the_winnings(world: World) -> None:
    player, event = await world.player(units=1), await world.event("A")
    home = selection("A", HANDICAP, "home")
    bet_id = await world.wish(player, home, units=10, shape=await given(world, player))
    await world.process()
    await world.score(event, 1, 0)
    await world.settle()

    # Half won at 2.05: ten times (1.05 / 2), rounded down to cents.
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 5_25)
    await the_record_agrees(world)


async def test_a_free_bet_is_used_once_also_by_two_bets_of_one_batch(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    shape = await given(world, player)
    twins = [await world.wish(player, *legs_of("A"), units=10, shape=shape) for _ in range(2)]
    await world.process()
    later = await world.wish(player, *legs_of("A"), units=10, shape=shape)
    await world.process()

    assert [await refusal(world, player, bet_id) for bet_id in (*twins, later)] == [
        None,
        "free_bet_used",
        "free_bet_used",
    ]
    assert await world.balance(player) == (100 * UNIT, 0)
    await the_record_agrees(world)


async def test_a_free_bet_that_was_refused_can_still_be_used(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    shape = await given(world, player)
    stale = await world.wish(player, *legs_of("A"), units=10, shape=shape, tick=9)
    fine = await world.wish(player, *legs_of("A"), units=10, shape=shape)
    await world.process()

    assert await refusal(world, player, stale) == "price_changed"
    assert await refusal(world, player, fine) is None


async def test_a_free_bet_is_its_players_for_its_stake_until_it_is_over(world: World) -> None:
    ann, bob = await world.player(units=100), await world.player(units=100)
    for name in "AB":
        await world.event(name)
    shape = await given(world, ann)
    nowhere = Shape(free_bet=derived_id("no such thing"))
    theirs = await world.wish(bob, *legs_of("A"), units=10, shape=shape)
    smaller = await world.wish(ann, *legs_of("A"), units=9, shape=shape)
    unknown = await world.wish(ann, *legs_of("A"), units=10, shape=nowhere)
    await world.process()

    assert await refusal(world, bob, theirs) == "unknown_free_bet"
    assert await refusal(world, ann, smaller) == "free_bet_other_stake"
    assert await refusal(world, ann, unknown) == "unknown_free_bet"
    short = gift(world, ann, "short")
    short = Gift(
        id=short.id,
        player_id=ann,
        stake_micros=10 * UNIT,
        currency="EUR",
        expires_at=world.clock.now() + timedelta(minutes=1),
    )
    await give(world, short)
    world.clock.advance(timedelta(minutes=1))
    late = await world.wish(ann, *legs_of("A"), units=10, shape=Shape(free_bet=short.id))
    await world.process()
    assert await refusal(world, ann, late) == "free_bet_expired"
    await the_record_agrees(world)


async def test_a_free_bet_may_be_the_stake_of_a_system(world: World) -> None:
    player = await world.player(units=1)
    events = [await world.event(name) for name in "ABC"]
    wanted = gift(world, player, units=4)
    await give(world, wanted)
    trixie = named("trixie")
    shape = Shape(lines=trixie.lines, bet_type="trixie", free_bet=wanted.id)
    bet_id = await world.wish(player, *legs_of("ABC"), units=4, shape=shape)
    await world.process()
    for event in events:
        await world.score(event, 1, 0)
    await world.settle()

    # Three doubles of 6.25 and a treble of 15.625, less the four that were given.
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 30_37)
    await the_record_agrees(world)


async def test_a_gift_is_given_once_and_what_cannot_be_is_refused(world: World) -> None:
    player = await world.player()
    first = gift(world, player)
    other = gift(world, player, units=11)
    wrong = [
        (gift(world, player, "huge", units=10**8), GiftRefusal.STAKE_TOO_LARGE),
        (gift(world, player, "none", units=0), GiftRefusal.STAKE_TOO_SMALL),
        (gift(world, PlayerId(derived_id("nobody")), "x"), GiftRefusal.UNKNOWN_PLAYER),
    ]

    assert await give(world, first) == (Given(changed=True),)
    assert await give(world, first) == (Given(changed=False),)
    assert await give(world, other) == (NotGiven(reason=GiftRefusal.KEY_REUSED),)
    for item, reason in wrong:
        assert await give(world, item) == (NotGiven(reason=reason),)
    over = gift(world, player, "over")
    world.clock.advance(timedelta(days=7))
    assert await give(world, over) == (NotGiven(reason=GiftRefusal.FREE_BET_EXPIRED),)
    assert len(await world.facts(shard_of(player), "free_bet.given")) == 1
    await the_record_agrees(world)


async def test_limits_count_neither_the_stake_of_a_free_bet_nor_what_it_returns(
    world: World,
) -> None:
    player, event = await world.player(units=1), await world.event("A")
    await world.wish(player, *legs_of("A"), units=10, shape=await given(world, player))
    await world.process()
    await world.score(event, 1, 0)
    await world.settle()

    async with world.database.reading() as tx:
        rows = await tx.fetch("SELECT * FROM player_hour WHERE player_id = $1", player)
    assert rows == []
