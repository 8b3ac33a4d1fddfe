"""A free bet is corrected like any other: its winnings move, its stake never does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

import pytest
from msgspec.structs import replace

from integration.sportsbook.test_corrections import (
    corrections,
    owed,
    past,
    settle,
    spend,
    winner,
)
from integration.sportsbook.test_free_bets import give, given, usable
from integration.sportsbook.test_reports import result, say
from integration.sportsbook.test_shapes import state_of, the_record_agrees
from integration.sportsbook.world import UNIT, World, legs_of, market
from pitboss import jurisdictions, wallet
from pitboss.db import Database
from pitboss.jurisdictions.model import Shortfall
from pitboss.kernel.ids import AccountId, BetId, PlayerId, derived_id
from pitboss.kernel.shards import PARTITIONS_ALL, shard_of
from pitboss.sportsbook import settlement
from pitboss.sportsbook.betting.model import (
    BetState,
    Gift,
    Given,
    Shape,
    absorbing_account,
    promotions_account,
    stake_account,
)
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.model import (
    LOST,
    Cancel,
    CancelRollback,
    Preview,
    Result,
    ResultReport,
    Rollback,
)
from pitboss.sportsbook.settlement.rules import said_of

ONE_X_TWO = MarketKind.MATCH_RESULT
ACCEPTED, SETTLED, VOIDED = BetState.ACCEPTED, BetState.SETTLED, BetState.VOIDED
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    for name in "AB":
        await made.event(name)
    return made


async def bet_on(world: World, player: PlayerId, name: str, shape: Shape) -> BetId:
    """Bet a free bet of ten on the home side, at 2.50."""
    bet_id = await world.wish(player, *legs_of(name), units=10, shape=shape)
    await world.process()
    assert (await world.bet(player, bet_id)).state is ACCEPTED
    return bet_id


async def cancelled(world: World, name: str, *, minutes: int) -> None:
    at = world.clock.now() + minutes * MINUTE
    await settle(world, Cancel(market_id=market(name, ONE_X_TWO), source="uof:1", reported_at=at))


async def cancelled_no_more(world: World, name: str, *, minutes: int) -> None:
    at, where = world.clock.now() + minutes * MINUTE, market(name, ONE_X_TWO)
    await settle(world, CancelRollback(market_id=where, source="uof:1", reported_at=at))


async def house(world: World, player: PlayerId) -> dict[str, int]:
    """Return what the accounts of the house have that a correction may touch, in micros."""
    shard = shard_of(player)
    accounts: dict[AccountId, str] = {
        promotions_account(shard, "EUR"): "promotions",
        stake_account(shard, "EUR"): "stakes",
        absorbing_account(shard, "EUR"): "absorbed",
    }
    async with world.database.reading() as tx:
        found = await wallet.find_balances(tx, [(shard, account) for account in accounts])
    return {accounts[account.id]: account.posted for account in found if account.posted}


async def standing(world: World, shape: Shape) -> Sequence[str]:
    """Return the bets that stand on a free bet."""
    async with world.database.reading() as tx:
        (row,) = await tx.fetch(
            "SELECT bet_ids::text[] FROM free_bet WHERE free_bet = $1", shape.free_bet
        )
    found: list[str] = row["bet_ids"]
    return found


async def test_winnings_that_were_none_go_back_to_the_promotions_and_the_stake_stays_out(
    world: World,
) -> None:
    player = await world.player(units=1)
    shape = await given(world, player)
    bet = await bet_on(world, player, "A", shape)
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    before = await world.balance(player), await house(world, player)

    right = await winner(world, "A", after=2 * MINUTE, home=False)
    await settle(world, right, right)

    assert before == ((16 * UNIT, 0), {"promotions": -15 * UNIT})
    assert await world.balance(player) == (1 * UNIT, 0)
    assert await house(world, player) == {}
    assert await state_of(world, player, bet) == (SETTLED, 0)
    assert await corrections(world, player, bet) == [(15 * UNIT, 0, "result")]
    # A bet that lost has used its free bet.
    assert (await usable(world, player), await standing(world, shape)) == ([], [bet])
    assert await world.totals() == {"EUR": 0}
    await the_record_agrees(world)


async def test_a_free_bet_that_won_after_all_is_paid_and_no_limit_counts_it(world: World) -> None:
    player = await world.player(units=1)
    bet = await bet_on(world, player, "A", await given(world, player))
    await settle(world, await winner(world, "A", after=MINUTE, home=False))

    await settle(world, await winner(world, "A", after=2 * MINUTE, home=True))
    again = await world.settle()

    assert again == 0
    assert await world.balance(player) == (16 * UNIT, 0)
    assert await house(world, player) == {"promotions": -15 * UNIT}
    assert await state_of(world, player, bet) == (SETTLED, 15_00)
    (told,) = await world.facts(shard_of(player), "bet.resettled")
    assert (told["free"], told["version"], told["stake_micros"]) == (True, 2, 10 * UNIT)
    async with world.database.reading() as tx:
        assert await tx.fetch("SELECT * FROM player_hour WHERE player_id = $1", player) == []
    await the_record_agrees(world)


async def test_a_result_that_is_rolled_back_opens_the_bet_and_the_free_bet_stays_used(
    world: World,
) -> None:
    player = await world.player(units=1)
    shape = await given(world, player)
    bet = await bet_on(world, player, "A", shape)
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    at = world.clock.now()

    await settle(
        world,
        Rollback(market_id=market("A", ONE_X_TWO), source="uof:1", reported_at=at + 2 * MINUTE),
    )
    opened = await state_of(world, player, bet), await world.balance(player)
    assert await usable(world, player) == []
    await the_record_agrees(world)
    await settle(world, await winner(world, "A", after=3 * MINUTE, home=True))

    assert opened == ((ACCEPTED, None), (1 * UNIT, 0))
    assert await world.balance(player) == (16 * UNIT, 0)
    assert await corrections(world, player, bet) == [
        (15 * UNIT, None, "rollback"),
        (None, 15 * UNIT, "result"),
    ]
    assert await house(world, player) == {"promotions": -15 * UNIT}
    await the_record_agrees(world)


async def test_a_dead_heat_that_was_none_changes_the_winnings_by_the_difference(
    world: World,
) -> None:
    player = await world.player(units=1)
    bet = await bet_on(world, player, "A", await given(world, player))
    at = world.clock.now()
    half = Result(won=True, dead_heat=Fraction(1, 2))
    await settle(world, result("A", at + MINUTE, home=half, draw=half, away=LOST))
    # Half of ten at 2.50, less the ten that were not the player's.
    tied = await state_of(world, player, bet), await world.balance(player)

    await settle(world, await winner(world, "A", after=2 * MINUTE, home=True))

    assert tied == ((SETTLED, 2_50), (3_500_000, 0))
    assert await world.balance(player) == (16 * UNIT, 0)
    await the_record_agrees(world)


async def test_a_bet_that_becomes_void_gives_its_free_bet_back_and_takes_it_again(
    world: World,
) -> None:
    player = await world.player(units=1)
    shape = await given(world, player)
    bet = await bet_on(world, player, "A", shape)
    await settle(world, await winner(world, "A", after=MINUTE, home=True))

    await cancelled(world, "A", minutes=2)
    void = await state_of(world, player, bet), await world.balance(player)
    (back,) = await usable(world, player)
    await the_record_agrees(world)
    await cancelled_no_more(world, "A", minutes=3)

    assert void == ((VOIDED, 0), (1 * UNIT, 0))
    assert back.id == shape.free_bet
    assert await state_of(world, player, bet) == (SETTLED, 15_00)
    assert await world.balance(player) == (16 * UNIT, 0)
    assert (await usable(world, player), await standing(world, shape)) == ([], [bet])
    refused = await world.wish(player, *legs_of("B"), units=10, shape=shape)
    await world.process()
    assert (await world.bet(player, refused)).refusal == "free_bet_used"
    await the_record_agrees(world)


async def test_a_bet_that_was_void_at_first_is_lost_and_has_used_its_free_bet(
    world: World,
) -> None:
    player = await world.player(units=1)
    shape = await given(world, player)
    bet = await bet_on(world, player, "A", shape)
    await cancelled(world, "A", minutes=0)
    assert len(await usable(world, player)) == 1

    await cancelled_no_more(world, "A", minutes=1)
    opened = await state_of(world, player, bet), await usable(world, player)
    await settle(world, await winner(world, "A", after=2 * MINUTE, home=False))

    assert opened == ((ACCEPTED, None), [])
    assert await state_of(world, player, bet) == (SETTLED, 0)
    assert await world.balance(player) == (1 * UNIT, 0)
    assert await usable(world, player) == []
    await the_record_agrees(world)


async def test_a_free_bet_that_was_spent_meanwhile_stays_spent_and_costs_nothing(
    world: World,
) -> None:
    player = await world.player(units=1)
    shape = await given(world, player)
    first = await bet_on(world, player, "A", shape)
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    await cancelled(world, "A", minutes=2)
    second = await bet_on(world, player, "B", shape)

    await cancelled_no_more(world, "A", minutes=3)
    both = await standing(world, shape), await world.balance(player)
    await the_record_agrees(world)
    await settle(world, await winner(world, "B", after=MINUTE, home=True))

    # Each returns what its result says, and there were ten of the player's in neither.
    assert both == ([second, first], (16 * UNIT, 0))
    assert await world.balance(player) == (31 * UNIT, 0)
    assert await house(world, player) == {"promotions": -30 * UNIT}

    await cancelled(world, "B", minutes=4)
    one = await usable(world, player), await standing(world, shape)
    await cancelled(world, "A", minutes=4)

    # It is free only when neither stands on it.
    assert one == ([], [first])
    assert (len(await usable(world, player)), await standing(world, shape)) == (1, [])
    assert await world.balance(player) == (1 * UNIT, 0)
    assert await house(world, player) == {}
    await the_record_agrees(world)


async def test_two_bets_of_one_free_bet_may_change_places_at_once(world: World) -> None:
    player = await world.player(units=1)
    shape = await given(world, player)
    first = await bet_on(world, player, "A", shape)
    await cancelled(world, "A", minutes=0)
    second = await bet_on(world, player, "B", shape)
    await settle(world, await winner(world, "B", after=MINUTE, home=True))
    at = world.clock.now() + 2 * MINUTE

    # One step of settlement hears all of this.
    await say(
        world,
        CancelRollback(market_id=market("A", ONE_X_TWO), source="uof:1", reported_at=at),
        result("A", at + MINUTE, home=Result(won=True)),
        Cancel(market_id=market("B", ONE_X_TWO), source="uof:1", reported_at=at),
    )
    await world.settle()

    assert await state_of(world, player, first) == (SETTLED, 15_00)
    assert await state_of(world, player, second) == (VOIDED, 0)
    assert (await standing(world, shape), await usable(world, player)) == ([first], [])
    assert await world.balance(player) == (16 * UNIT, 0)
    await the_record_agrees(world)


async def short_lived(world: World, player: PlayerId) -> Shape:
    """Give a free bet that is good for an hour."""
    wanted = Gift(
        id=derived_id("free_bet", player, "short"),
        player_id=player,
        stake_micros=10 * UNIT,
        currency="EUR",
        expires_at=world.clock.now() + 60 * MINUTE,
    )
    assert await give(world, wanted) == (Given(changed=True),)
    return Shape(free_bet=wanted.id)


async def test_a_free_bet_that_is_over_is_taken_again_and_given_back_all_the_same(
    world: World,
) -> None:
    player = await world.player(units=1)
    shape = await short_lived(world, player)
    bet = await bet_on(world, player, "A", shape)
    await cancelled(world, "A", minutes=0)
    world.clock.advance(60 * MINUTE)

    await cancelled_no_more(world, "A", minutes=0)
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    won = await world.balance(player), await standing(world, shape)
    await cancelled(world, "A", minutes=2)
    late = await world.wish(player, *legs_of("B"), units=10, shape=shape)
    await world.process()

    assert won == ((16 * UNIT, 0), [bet])
    assert (await world.balance(player), await standing(world, shape)) == ((1 * UNIT, 0), [])
    # It came back too late to be used.
    assert await usable(world, player) == []
    assert (await world.bet(player, late)).refusal == "free_bet_expired"
    await the_record_agrees(world)


async def test_winnings_that_are_spent_are_owed_and_paid_from_the_next_free_bet(
    world: World,
) -> None:
    player = await world.player(units=5)
    bet = await bet_on(world, player, "A", await given(world, player))
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    await spend(world, player, 18)

    await settle(world, await winner(world, "A", after=2 * MINUTE, home=False))
    debt, purse = await owed(world, player), await world.balance(player)
    (correction,) = await past(world, player, bet)
    await the_record_agrees(world)
    await bet_on(world, player, "B", await given(world, player, "another"))
    await settle(world, await winner(world, "B", after=MINUTE, home=True))

    # Of 15 to be taken back 2 are there.
    assert (debt, purse) == (13 * UNIT, (0, 0))
    assert (correction.owed_micros, correction.absorbed_micros) == (13 * UNIT, 0)
    assert (await owed(world, player), await world.balance(player)) == (0, (2 * UNIT, 0))
    assert await house(world, player) == {"promotions": -15 * UNIT, "stakes": 18 * UNIT}
    assert await world.totals() == {"EUR": 0}
    await the_record_agrees(world)


async def test_where_the_licence_says_so_the_house_bears_what_a_free_bet_had_won(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = jurisdictions.get("demo")
    absorbs = replace(demo, sportsbook=replace(demo.sportsbook, shortfall=Shortfall.ABSORB))
    monkeypatch.setattr(jurisdictions, "get", lambda _: absorbs)
    player = await world.player(units=5)
    bet = await bet_on(world, player, "A", await given(world, player))
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    await spend(world, player, 20)

    await settle(world, await winner(world, "A", after=2 * MINUTE, home=False))

    (correction,) = await past(world, player, bet)
    assert (correction.owed_micros, correction.absorbed_micros) == (0, 15 * UNIT)
    assert (await owed(world, player), await world.balance(player)) == (0, (0, 0))
    assert await house(world, player) == {"absorbed": -15 * UNIT, "stakes": 20 * UNIT}
    await the_record_agrees(world)


async def shown(world: World, report: ResultReport | Cancel) -> Preview:
    async with world.database.moment() as tx:
        found = await settlement.preview(
            tx, report.market_id, said_of(report), now=world.clock.now()
        )
    assert isinstance(found, Preview), found
    return found


async def test_who_looks_before_correcting_is_shown_free_bets_too(world: World) -> None:
    player = await world.player(units=10)
    bet = await bet_on(world, player, "A", await given(world, player))
    own = await world.wish(player, *legs_of("A"), units=10)
    await world.process()
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    world.clock.advance(2 * MINUTE)

    wrong = await shown(world, await winner(world, "A", after=timedelta(0), home=False))
    none = Cancel(market_id=market("A", ONE_X_TWO), source="uof:1", reported_at=world.clock.now())
    void = await shown(world, none)

    assert {item.bet_id: item.delta_micros for item in wrong.largest} == {
        bet: -15 * UNIT,
        own: -25 * UNIT,
    }
    assert wrong.sums["EUR"].lost_micros == 40 * UNIT
    assert {item.bet_id: item.delta_micros for item in void.largest} == {
        bet: -15 * UNIT,
        own: -15 * UNIT,
    }
    await settle(world, none)
    assert await world.balance(player) == (10 * UNIT, 0)


async def test_a_correction_of_a_free_bet_is_booked_once_however_it_crashes(world: World) -> None:
    players = [await world.player(units=1) for _ in range(4)]
    for player in players:
        await bet_on(world, player, "A", await given(world, player))
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    await say(world, await winner(world, "A", after=2 * MINUTE, home=False))

    for partition in PARTITIONS_ALL:
        step: int | None = 0
        while step is not None:
            for fails in (True, False):
                try:
                    async with world.database.transaction() as tx:
                        step = await settlement.settle_waiting(
                            tx, partition, now=world.clock.now(), entropy=world.entropy, limit=2
                        )
                        if fails:
                            raise ZeroDivisionError
                except ZeroDivisionError:
                    pass

    for player in players:
        assert await world.balance(player) == (1 * UNIT, 0)
        assert len(await world.facts(shard_of(player), "bet.resettled")) >= 1
    await the_record_agrees(world)
