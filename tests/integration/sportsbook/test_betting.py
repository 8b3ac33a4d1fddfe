"""Promises of betting on a real database: what is decided, held, kept and told."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import pytest

from integration.sportsbook.world import KICK_OFF, UNIT, World, market, selection
from pitboss.db import Database
from pitboss.kernel.ids import SelectionId, derived_id
from pitboss.kernel.shards import PARTITIONS_ALL, partition_of, shard_of, shards_of
from pitboss.messages.errors import Fenced
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.catalog.model import MarketKind, MarketStatus

HOME = selection("A", MarketKind.MATCH_RESULT, "home")


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def test_an_accepted_bet_holds_its_stake_and_is_told(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")

    bet_id = await world.wish(player, HOME, units=5)
    await world.process()

    bet = await world.bet(player, bet_id)
    assert bet.state is BetState.ACCEPTED
    assert bet.legs[0].price_exact == Fraction(5, 2)
    assert await world.balance(player) == (100 * UNIT, 5 * UNIT)
    (fact,) = await world.facts(shard_of(player), "bet.accepted")
    assert fact["bet_id"] == bet_id
    assert fact["stake_micros"] == 5 * UNIT


@pytest.mark.parametrize(
    ("legs", "wish", "reason"),
    [
        ([HOME], {"tick": 2}, "price_changed"),
        ([SelectionId(derived_id("nobody's"))], {}, "unknown_selection"),
        ([HOME], {"units": 101}, "insufficient_funds"),
        ([HOME], {"currency": "GBP"}, "wrong_currency"),
        ([HOME], {"stake_micros": 5_000_001}, "stake_not_whole"),
        ([HOME], {"stake_micros": 10_000}, "stake_too_small"),
        ([HOME], {"units": 1_000_000}, "stake_too_large"),
        ([HOME, selection("A", MarketKind.TOTAL_GOALS, "over")], {}, "related_legs"),
        ([], {}, "wrong_number_of_legs"),
        ([HOME] * 21, {}, "wrong_number_of_legs"),
    ],
)
async def test_a_refused_bet_moves_no_money_and_keeps_its_reason(
    world: World, legs: list[SelectionId], wish: dict[str, int], reason: str
) -> None:
    player = await world.player(units=100)
    await world.event("A")

    bet_id = await world.wish(player, *legs, **wish)  # type: ignore[arg-type] # by the table
    await world.process()

    bet = await world.bet(player, bet_id)
    assert (bet.state, bet.refusal) == (BetState.REFUSED, reason)
    assert await world.balance(player) == (100 * UNIT, 0)
    (fact,) = await world.facts(shard_of(player), "bet.refused")
    assert fact["reason"] == reason


async def test_no_bet_is_taken_once_an_event_has_started(world: World) -> None:
    player = await world.player()
    await world.event("A")
    world.clock.advance(KICK_OFF - world.clock.now())

    bet_id = await world.wish(player, HOME)
    await world.process()

    assert (await world.bet(player, bet_id)).refusal == "event_started"


async def test_a_price_that_moved_before_the_decision_is_not_struck(world: World) -> None:
    player = await world.player()
    await world.event("A")
    early = await world.wish(player, HOME)
    await world.process()

    late = await world.wish(player, HOME)
    await world.reprice((HOME, "3"))
    await world.process()
    fresh = await world.wish(player, HOME, tick=2)
    await world.process()

    assert (await world.bet(player, early)).state is BetState.ACCEPTED
    assert (await world.bet(player, late)).refusal == "price_changed"
    assert (await world.bet(player, fresh)).legs[0].price_exact == 3


@pytest.mark.parametrize("status", [MarketStatus.SUSPENDED, MarketStatus.CLOSED])
async def test_a_market_that_is_not_open_takes_no_bet(world: World, status: MarketStatus) -> None:
    player = await world.player()
    await world.event("A")
    await world.set_status((market("A", MarketKind.MATCH_RESULT), status))

    bet_id = await world.wish(player, HOME)
    await world.process()

    assert (await world.bet(player, bet_id)).refusal == "market_not_open"


async def test_the_same_bet_delivered_twice_is_decided_once(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    bet_id = await world.wish(player, HOME)
    await world.process()
    partition = partition_of(shard_of(player))
    async with world.database.transaction() as tx:
        # A log that delivers at least once: the consumer starts again from the beginning.
        await tx.execute("UPDATE log_consumer SET next_offset = 0")
    again = world.processor(partition)
    await again.own()

    await again.step()

    assert await world.balance(player) == (100 * UNIT, 5 * UNIT)
    assert len(await world.facts(shard_of(player), "bet.accepted")) == 1
    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED


async def test_bets_of_one_player_see_what_earlier_ones_took(world: World) -> None:
    player = await world.player(units=10)
    await world.event("A")

    bets = [await world.wish(player, HOME, units=4) for _ in range(3)]
    await world.process()

    states = [(await world.bet(player, bet_id)).state for bet_id in bets]
    assert states == [BetState.ACCEPTED, BetState.ACCEPTED, BetState.REFUSED]
    assert await world.balance(player) == (10 * UNIT, 8 * UNIT)


async def test_a_command_that_cannot_be_read_is_set_aside_and_the_rest_go_on(world: World) -> None:
    player = await world.player()
    await world.event("A")
    before = await world.wish(player, HOME)
    await world.append(derived_id("garbage"), player, b'{"type":"bet.place"')
    after = await world.wish(player, HOME)

    await world.process()

    assert (await world.bet(player, before)).state is BetState.ACCEPTED
    assert (await world.bet(player, after)).state is BetState.ACCEPTED
    aside = [
        fact
        for partition in PARTITIONS_ALL
        for fact in await world.facts(shards_of(partition)[0], "command.set_aside")
    ]
    assert [fact["command_id"] for fact in aside] == [derived_id("garbage")]


async def test_a_processor_that_was_replaced_cannot_decide(world: World) -> None:
    player = await world.player()
    await world.event("A")
    partition = partition_of(shard_of(player))
    zombie, heir = world.processor(partition, owner="zombie"), world.processor(partition)
    await zombie.own()
    async with world.database.transaction() as tx:
        await tx.execute("UPDATE log_consumer SET lease_until = '-infinity'")
    await heir.own()
    bet_id = await world.wish(player, HOME)

    with pytest.raises(Fenced):
        await zombie.step()
    await heir.step()

    assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED
    assert len(await world.facts(shard_of(player), "bet.accepted")) == 1


async def test_two_processors_at_once_book_every_bet_once(world: World) -> None:
    players = [await world.player(units=50) for _ in range(6)]
    await world.event("A")
    bets = [(player, await world.wish(player, HOME)) for player in players for _ in range(5)]

    async def drain(partition: int) -> None:
        processor = world.processor(partition)
        await processor.own()
        while await processor.step():
            pass

    await asyncio.gather(*(drain(partition) for partition in PARTITIONS_ALL))

    for player, bet_id in bets:
        assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED
    for player in players:
        assert await world.balance(player) == (50 * UNIT, 25 * UNIT)


async def test_a_bet_may_return_what_the_licence_allows_and_not_a_fraction_more(
    world: World,
) -> None:
    player = await world.player(units=10_000)
    await world.event("A")
    await world.event("B")
    other = selection("B", MarketKind.MATCH_RESULT, "home")
    await world.reprice((HOME, "31.25"), (other, "32"))

    # The demo licence allows a million: 1,000 at 31.25 times 32.
    most = await world.wish(player, HOME, other, units=1_000, tick=2)
    more = await world.wish(player, HOME, other, stake_micros=1_000_010_000, tick=2)
    alone = await world.wish(player, HOME, units=2_000, tick=2)
    await world.process()

    assert (await world.bet(player, most)).state is BetState.ACCEPTED
    assert (await world.bet(player, more)).refusal == "returns_too_large"
    assert (await world.bet(player, alone)).state is BetState.ACCEPTED
    assert await world.balance(player) == (10_000 * UNIT, 3_000 * UNIT)


async def test_an_accumulator_of_twenty_legs_strikes_every_price(world: World) -> None:
    player = await world.player(units=10)
    names = [f"event {number}" for number in range(20)]
    for name in names:
        await world.event(name)
    legs = [selection(name, MarketKind.TOTAL_GOALS, "over") for name in names]
    await world.reprice(*((leg, f"1.{number + 1:02d}") for number, leg in enumerate(legs)))

    bet_id = await world.wish(player, *legs, units=1, tick=2)
    await world.process()

    bet = await world.bet(player, bet_id)
    assert bet.state is BetState.ACCEPTED
    assert [leg.selection_id for leg in bet.legs] == legs
    assert [leg.price_exact for leg in bet.legs] == [
        Fraction(101 + number, 100) for number in range(20)
    ]
    (fact,) = await world.facts(shard_of(player), "bet.accepted")
    assert len(fact["legs"]) == 20  # type: ignore[arg-type] # a list


async def test_one_bad_leg_refuses_the_whole_accumulator(world: World) -> None:
    player = await world.player(units=10)
    await world.event("A")
    await world.event("B")
    await world.set_status((market("B", MarketKind.MATCH_RESULT), MarketStatus.SUSPENDED))

    bet_id = await world.wish(player, HOME, selection("B", MarketKind.MATCH_RESULT, "home"))
    await world.process()

    bet = await world.bet(player, bet_id)
    assert (bet.state, bet.refusal, bet.legs) == (BetState.REFUSED, "market_not_open", ())
    assert await world.balance(player) == (10 * UNIT, 0)
