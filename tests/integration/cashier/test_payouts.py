"""What a player wins is paid out by itself above the sum that the player has named."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from integration.cashier.world import UNIT
from integration.games.world import Games, stake, undo, win
from integration.players.people import assert_rebuilt
from integration.sportsbook.test_corrections import MINUTE, ONE_X_TWO, winner
from integration.sportsbook.test_free_bets import given
from integration.sportsbook.test_reports import say
from integration.sportsbook.world import World as Bets
from integration.sportsbook.world import legs_of, selection
from paced import put_in_force
from pitboss import cashier, jurisdictions
from pitboss.cashier.model import DueWins, NewsStatus, Payment, PaymentKind, PaymentState
from pitboss.db import Database, Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.responsible import limits
from pitboss.responsible.contacts.model import Place
from pitboss.responsible.limits.model import (
    Named,
    Payout,
    PayoutAnswer,
    PayoutWish,
    Refusal,
    Refused,
)
from pitboss.workers.payouts import Walk
from proofs import Proves

CODES = tuple(code for code in jurisdictions.codes() if code != "demo")
OFFERED = {"payments": {"auto_payout_offered": True}}
RACERS = 6
World = Games | Bets


@pytest.fixture
async def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> Games:
    put_in_force(monkeypatch, OFFERED)
    world = Games(database=database)
    await world.list_games()
    return world


@pytest.fixture
async def bets(database: Database, monkeypatch: pytest.MonkeyPatch) -> Bets:
    put_in_force(monkeypatch, OFFERED)
    return Bets(database=database)


async def name(
    world: World, player: PlayerId, units: int | None, *, currency: str = "GBP"
) -> PayoutAnswer:
    """Have a player name a sum in whole units, or take it back."""
    micros = None if units is None else units * UNIT
    wish = PayoutWish(player_id=player, micros=micros, currency=currency)
    async with world.turn(shard_of(player)) as turn:
        return await limits.name_payout(turn, wish, jurisdictions.get("demo"))


async def walk(world: World, *, page: int = 2) -> None:
    """Walk once through all who have won."""
    walker = Walk(database=world.database, clock=world.clock, entropy=world.entropy, page=page)
    while await walker.step():
        pass


async def withdrawals(world: World, player: PlayerId) -> list[Payment]:
    """Return a player's withdrawals, the oldest first."""
    async with world.database.reading() as tx:
        found = await cashier.find_payments(tx, shard_of(player), player)
    return [item for item in reversed(found) if item.kind is PaymentKind.WITHDRAWAL]


async def paid(world: World, player: PlayerId) -> list[int]:
    """Return what was asked to be paid out, in whole units, the oldest first."""
    return [item.micros // UNIT for item in await withdrawals(world, player)]


async def stands(world: World, player: PlayerId) -> Payout:
    """Return a player's payout as it stands."""
    async with world.database.reading() as tx:
        return (await limits.find_payouts(tx, [(shard_of(player), player)]))[player]


async def guest(world: Games, units: int = 20) -> PlayerId:
    """Return a player who has paid in so much, and is in the game."""
    player = await world.player(units=units)
    await world.launch(player)
    return player


async def pay_in(world: Games, player: PlayerId, units: int) -> None:
    """Have a player pay in."""
    payment = await world.deposit(player, units=units)
    await world.tell(world.news(payment, NewsStatus.SUCCEEDED))


@pytest.mark.parametrize("code", CODES)
async def test_wins_above_the_sum_that_a_player_names_are_paid_out_where_the_licence_offers_it(
    world: Games, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("payments.auto_payout_offered", code)
    offered = jurisdictions.get(code).payments.auto_payout_offered
    put_in_force(monkeypatch, {"payments": {"auto_payout_offered": offered}})
    ann, silent = await guest(world), await guest(world)

    answer = await name(world, ann, 25)
    for player in (ann, silent):
        await world.done(player, stake("b1", 5), win("w1", 40))
    await walk(world)
    await walk(world)

    assert await paid(world, silent) == []
    if not offered:
        assert answer == Refused(reason=Refusal.PAYOUT_NOT_OFFERED)
        assert await paid(world, ann) == []
        return
    assert isinstance(answer, Named)
    (payment,) = await withdrawals(world, ann)
    assert payment.micros == 30 * UNIT
    await world.tell(world.news(payment, NewsStatus.SUCCEEDED))
    assert await world.balance(ann) == (25, 0)
    await assert_rebuilt(world.database)


async def test_what_was_paid_in_is_not_paid_back(world: Games) -> None:
    ann = await guest(world, 50)
    await name(world, ann, 10)
    await walk(world)
    await pay_in(world, ann, 30)
    await walk(world)
    none = await paid(world, ann)
    await world.done(ann, stake("b1", 5), win("w1", 7))
    await walk(world)
    # What was won is spoken for: money that comes later is not paid back in its name.
    await pay_in(world, ann, 20)
    await walk(world)

    assert (none, await paid(world, ann)) == ([], [7])


async def test_what_is_paid_in_after_wins_were_lost_is_not_paid_out_in_their_place(
    world: Games,
) -> None:
    ann = await guest(world)
    await name(world, ann, 100)
    await world.done(ann, stake("b1", 5), win("w1", 40))
    for number in range(11):
        await world.done(ann, stake(f"b2{number}", 5), ref=f"r2{number}")
    assert await world.balance(ann) == (0, 0)

    await pay_in(world, ann, 150)
    await walk(world)
    assert await paid(world, ann) == []
    assert (await stands(world, ann)).won == 0

    await world.done(ann, win("w2", 7))
    await walk(world)
    assert await paid(world, ann) == [7]
    await assert_rebuilt(world.database)


async def test_of_a_payout_that_has_failed_no_more_counts_again_than_is_left_when_money_is_paid_in(
    world: Games,
) -> None:
    ann = await guest(world)
    await name(world, ann, 20)
    await world.done(ann, stake("b1", 5), win("w1", 105))
    for number in range(14):
        await world.done(ann, stake(f"b2{number}", 5), ref=f"r2{number}")
    await walk(world)
    (first,) = await withdrawals(world, ann)
    await world.tell(world.news(first, NewsStatus.FAILED))
    # Fifty are left of the wins; seventy are paid in.
    await pay_in(world, ann, 70)
    world.clock.advance(timedelta(minutes=61))
    await walk(world)

    assert await paid(world, ann) == [30, 50]
    await assert_rebuilt(world.database)


async def test_a_payout_that_fails_after_money_was_paid_in_counts_no_more_than_was_left_of_the_wins(
    world: Games,
) -> None:
    ann = await guest(world)
    await name(world, ann, 20)
    await world.done(ann, stake("b1", 5), win("w1", 105))
    for number in range(14):
        await world.done(ann, stake(f"b2{number}", 5), ref=f"r2{number}")
    await walk(world)
    (first,) = await withdrawals(world, ann)
    # Thirty are on their way and twenty there, which is all that is left of the wins.
    await pay_in(world, ann, 70)
    await world.tell(world.news(first, NewsStatus.FAILED))
    world.clock.advance(timedelta(minutes=61))
    await walk(world)

    assert await paid(world, ann) == [30, 50]
    await assert_rebuilt(world.database)


async def test_wins_below_the_sum_wait_until_it_is_passed(world: Games) -> None:
    ann = await guest(world)
    await name(world, ann, 30)
    await world.done(ann, stake("b1", 5), win("w1", 12))
    await walk(world)
    below = await paid(world, ann)
    await world.done(ann, win("w2", 8))
    await walk(world)

    assert (below, await paid(world, ann)) == ([], [5])
    assert (await stands(world, ann)).won == 0


async def test_a_changed_sum_keeps_what_was_won_and_one_that_was_taken_back_does_not(
    world: Games,
) -> None:
    ann = await guest(world)
    await name(world, ann, 100)
    await world.done(ann, win("w1", 12))
    await name(world, ann, 100)
    again = await stands(world, ann)
    await name(world, ann, 27)
    await walk(world)
    changed = await paid(world, ann)
    await name(world, ann, None)
    await world.done(ann, win("w2", 9))
    await name(world, ann, 1)
    await walk(world)

    assert (again.won, changed) == (12 * UNIT, [5])
    assert await paid(world, ann) == [5]
    assert await name(world, await world.player(), None) == Refused(reason=Refusal.NO_PAYOUT_SUM)
    for micros, reason in (
        (-1, Refusal.AMOUNT_OUT_OF_RANGE),
        (UNIT // 1000, Refusal.AMOUNT_NOT_WHOLE),
    ):
        wish = PayoutWish(player_id=ann, micros=micros, currency="GBP")
        async with world.turn(shard_of(ann)) as turn:
            answer = await limits.name_payout(turn, wish, jurisdictions.get("demo"))
        assert answer == Refused(reason=reason)
    await assert_rebuilt(world.database)


async def test_a_win_that_was_undone_is_none_and_a_stake_that_comes_back_never_was_one(
    world: Games,
) -> None:
    ann = await guest(world)
    await name(world, ann, 10)
    await world.done(ann, stake("b1", 5), win("w1", 9))
    await world.done(ann, undo("u1", "w1"))
    await world.done(ann, stake("b2", 5), ref="r2")
    await world.done(ann, undo("u2", "b2"), ref="r2")
    await walk(world)

    assert await paid(world, ann) == []
    assert (await stands(world, ann)).won == 0
    await assert_rebuilt(world.database)


async def test_a_payout_that_fails_is_asked_for_again_after_an_hour_with_what_was_won_since(
    world: Games,
) -> None:
    ann = await guest(world)
    await name(world, ann, 20)
    await world.done(ann, win("w1", 8))
    await walk(world)
    (first,) = await withdrawals(world, ann)
    await world.tell(world.news(first, NewsStatus.FAILED))
    await world.done(ann, win("w2", 3))
    counts = []
    for minutes in (1, 58, 2, 60):
        world.clock.advance(timedelta(minutes=minutes))
        await walk(world)
        counts.append(await paid(world, ann))

    assert counts == [[8], [8], [8, 11], [8, 11]]
    assert [item.state for item in await withdrawals(world, ann)] == [
        PaymentState.FAILED,
        PaymentState.REQUESTED,
    ]
    assert (await stands(world, ann)).number == 2
    await assert_rebuilt(world.database)


async def test_while_a_payout_is_on_its_way_there_is_no_other_and_what_it_failed_to_pay_is_not_lost(
    world: Games,
) -> None:
    ann = await guest(world)
    await name(world, ann, 20)
    await world.done(ann, win("w1", 8))
    await walk(world)
    await world.done(ann, win("w2", 3))
    await walk(world)
    assert await paid(world, ann) == [8]

    (first,) = await withdrawals(world, ann)
    await world.tell(world.news(first, NewsStatus.FAILED))
    world.clock.advance(timedelta(minutes=61))
    await walk(world)

    assert await paid(world, ann) == [8, 11]
    await assert_rebuilt(world.database)


async def test_of_wins_above_the_largest_payment_the_rest_is_the_next_one(world: Games) -> None:
    ann = await guest(world)
    await name(world, ann, 20)
    await world.done(ann, win("w1", 1_500_000))
    for _ in range(2):
        await walk(world)
        await world.tell(world.news((await withdrawals(world, ann))[-1], NewsStatus.SUCCEEDED))

    assert await paid(world, ann) == [1_000_000, 500_000]
    assert (await stands(world, ann)).won == 0
    await assert_rebuilt(world.database)


async def test_who_owes_the_house_is_left_alone_and_nothing_is_written_about_it(
    world: Games,
) -> None:
    ann = await world.player(units=1)
    await world.done(ann, win("w1", 9))
    await world.withdraw(ann, units=10)
    await world.done(ann, undo("u1", "w1"))
    owes = await world.owes(ann)
    await name(world, ann, 0)
    await world.done(ann, win("w2", 4))
    facts = len(await world.told(ann, also=("payment", "payout", "withdrawal")))
    for _ in range(3):
        await walk(world)

    assert owes == 9 * UNIT
    assert len(await world.told(ann, also=("payment", "payout", "withdrawal"))) == facts


async def test_many_who_walk_at_once_pay_out_once_while_players_go_on(world: Games) -> None:
    players = [await guest(world, 10) for _ in range(5)]
    for player in players:
        await name(world, player, 10)
        await world.done(player, win("w1", 6))

    async def play(player: PlayerId) -> None:
        for number in range(4):
            await world.wish(player, stake(f"s{number}", 3), ref=f"p{number}")

    await asyncio.gather(
        *(walk(world, page=3) for _ in range(RACERS)), *(play(player) for player in players)
    )

    for player in players:
        posted, held = await world.balance(player)
        found = await withdrawals(world, player)
        assert len(found) <= 1
        assert held * UNIT == sum(item.micros for item in found) <= 6 * UNIT
        assert 0 <= held <= posted
    await assert_rebuilt(world.database)


async def test_one_whose_wins_cannot_be_looked_at_does_not_stop_those_who_come_after(
    world: Games, monkeypatch: pytest.MonkeyPatch
) -> None:
    guests = [await guest(world) for _ in range(3)]
    for number, player in enumerate(guests):
        await name(world, player, 20)
        await world.done(player, win(f"w{number}", 8))
    first, *others = sorted(guests, key=lambda player: (shard_of(player), player))
    real = cashier.find_due_wins

    async def look(tx: Transaction, places: list[Place], *, now: datetime) -> list[DueWins]:
        if first in [player for _, player in places]:
            raise ValueError("its row cannot be read")
        return await real(tx, places, now=now)

    monkeypatch.setattr(cashier, "find_due_wins", look)
    walker = Walk(database=world.database, clock=world.clock, entropy=world.entropy, page=1)
    with pytest.raises(ValueError, match="cannot be read"):
        await walker.step()
    while await walker.step():
        pass

    assert [await paid(world, player) for player in (first, *others)] == [[], [8], [8]]


async def test_who_breaks_between_the_payment_and_its_note_has_done_nothing(
    world: Games, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await world.player(units=10)
    await name(world, ann, 10)
    await world.done(ann, win("w1", 6))

    async def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(limits, "note_payout", breaks)
        with pytest.raises(RuntimeError, match="killed"):
            await walk(world)
    after_the_break = await paid(world, ann)
    await walk(world)
    await walk(world)

    assert (after_the_break, await paid(world, ann)) == ([], [6])


async def test_of_a_bet_what_comes_back_above_the_stake_was_won(bets: Bets) -> None:
    ann = await bets.player(units=100)
    await name(bets, ann, 100, currency="EUR")
    first, second = await bets.event("A"), await bets.event("B")
    await bets.wish(ann, *legs_of("A"), units=10)
    await bets.wish(ann, *legs_of("B"), units=10)
    await bets.wish(ann, *legs_of("A"), units=10, shape=await given(bets, ann))
    await bets.process()
    await bets.abandon(second)
    await bets.settle()
    void = (await stands(bets, ann)).won
    await bets.score(first, 2, 1)
    await bets.settle()

    # At 2.5: 15 above the stake, and the 15 that the free bet returned.
    assert (void, (await stands(bets, ann)).won) == (0, 30 * UNIT)
    await walk(bets)
    assert await paid(bets, ann) == [30]


async def test_a_corrected_bet_has_won_what_it_has_won_now(bets: Bets) -> None:
    ann = await bets.player(units=100)
    await name(bets, ann, 1_000, currency="EUR")
    await bets.event("A")
    await bets.wish(ann, selection("A", ONE_X_TWO, "home"), units=10)
    await bets.wish(ann, selection("A", ONE_X_TWO, "draw"), units=10)
    await bets.process()
    found = []
    for minutes, home in ((1, True), (2, False), (3, True)):
        await say(bets, await winner(bets, "A", after=minutes * MINUTE, home=home))
        await bets.settle()
        found.append((await stands(bets, ann)).won // UNIT)

    assert found == [15, 22, 15]
