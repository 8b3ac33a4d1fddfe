"""Whoever was kept away, or lowered a limit, after asking to pay in: no provider hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from integration.cashier.test_payments_loop import Crash, DyingClock, Town
from integration.cashier.world import START, UNIT, World
from integration.players.people import assert_rebuilt
from pitboss import cashier, jurisdictions
from pitboss.cashier.model import (
    Admission,
    NewsRefusal,
    NewsRefused,
    NewsStatus,
    Payment,
    PaymentState,
    Recorded,
)
from pitboss.db import Database
from pitboss.jurisdictions.model import LimitKind, Period
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import partition_of, shard_of
from pitboss.messages import Turn
from pitboss.responsible import exclusion, limits
from pitboss.responsible.exclusion.model import Excluded, Initiator, Kind, Reason, Wish
from pitboss.responsible.limits.model import Change, Changed, LimitKey
from pitboss.workers import payments

DEMO = jurisdictions.get("demo")
DAILY = LimitKey(kind=LimitKind.DEPOSIT, period=Period.DAY)
BALANCE = LimitKey(kind=LimitKind.BALANCE, period=None)
RACERS = 8


@pytest.fixture
async def town(database: Database) -> Town:
    return Town(world=World(database=database))


async def exclude(turn: Turn, player: PlayerId) -> None:
    await keep_away(turn, player, Kind.EXCLUSION)


async def time_out(turn: Turn, player: PlayerId) -> None:
    await keep_away(turn, player, Kind.TIME_OUT)


async def keep_away(turn: Turn, player: PlayerId, kind: Kind) -> None:
    wish = Wish(
        key=derived_id("exclusion", player, kind),
        player_id=player,
        kind=kind,
        initiator=Initiator.PLAYER,
        reason=Reason.PLAYERS_CHOICE,
        months=6 if kind is Kind.EXCLUSION else None,
        hours=24 if kind is Kind.TIME_OUT else None,
    )
    assert isinstance(await exclusion.exclude(turn, wish, DEMO), Excluded)


async def hit_by_register(turn: Turn, player: PlayerId) -> None:
    key = derived_id("register", player)
    assert await exclusion.exclude_by_register(turn, {player: key}, {player: DEMO}) == (player,)


async def limit(turn: Turn, player: PlayerId, units: int, key: LimitKey = DAILY) -> None:
    wish = Change(player_id=player, key=key, value=units * UNIT)
    assert isinstance(await limits.change(turn, wish, DEMO), Changed)


async def lower(turn: Turn, player: PlayerId) -> None:
    await limit(turn, player, 9)


async def does(
    town: Town, player: PlayerId, what: Callable[[Turn, PlayerId], Awaitable[None]]
) -> None:
    async with town.world.turn(shard_of(player)) as turn:
        await what(turn, player)


async def test_what_keeps_a_player_away_keeps_a_deposit_from_the_provider(town: Town) -> None:
    """A deposit that was asked for before ends with the gate's reason, and frees its limit."""
    expected = {
        exclude: "player_excluded",
        time_out: "player_on_time_out",
        hit_by_register: "player_excluded",
        lower: "above_deposit_limit",
    }
    made = {what: await town.world.deposit(await town.world.player()) for what in expected}
    suspended = await town.world.deposit(await town.world.player())
    for what, payment in made.items():
        await does(town, payment.player_id, what)
    await town.world.suspend(suspended.player_id)

    for payment in (*made.values(), suspended):
        await town.loop(payment).step()

    reasons = {what: (await town.world.payment(payment)).reason for what, payment in made.items()}
    assert reasons == expected
    assert (await town.world.payment(suspended)).reason == "player_not_active"
    assert (town.provider.heard, town.provider.asked) == ({}, 0)
    for payment in (*made.values(), suspended):
        assert await town.world.kinds(payment) == ["deposit.requested", "deposit.failed"]
        async with town.world.database.reading() as tx:
            assert (await limits.find_totals(tx, payment.player_id)).deposited == 0


async def test_withdrawals_are_never_asked_about(town: Town) -> None:
    player = await town.world.player(units=20)
    payment = await town.world.withdraw(player)
    await does(town, player, exclude)

    await town.loop(payment).step()

    assert await town.state(payment) is PaymentState.SUBMITTED


async def test_what_was_submitted_before_an_exclusion_is_credited_after_it(town: Town) -> None:
    player = await town.world.player()
    payment = await town.world.deposit(player, units=10)
    await town.loop(payment).step()
    await does(town, player, exclude)

    town.wait(payments.SILENCE_SECONDS_MIN)
    await town.loop(payment).step()
    await town.world.tell(town.provider.news(payment.id, NewsStatus.SUCCEEDED))

    assert await town.world.balance(player) == (10, 0)


async def test_deposits_that_fill_a_limit_are_not_counted_twice(town: Town) -> None:
    player = await town.world.player(units=10)
    async with town.world.turn(shard_of(player)) as turn:
        await limit(turn, player, 30)
        await limit(turn, player, 30, BALANCE)
    made = [await town.world.deposit(player, units=10) for _ in range(2)]

    await town.loop(made[0]).step()

    assert town.provider.heard == {payment.id: 1 for payment in made}


async def test_of_several_deposits_a_lowered_limit_leaves_as_many_as_fit(town: Town) -> None:
    player = await town.world.player()
    made = [await town.world.deposit(player, units=10) for _ in range(3)]
    async with town.world.turn(shard_of(player)) as turn:
        await limit(turn, player, 20)
        await limit(turn, player, 20, BALANCE)

    await town.loop(made[0]).step()

    states = sorted([await town.state(payment) for payment in made])
    assert states == [PaymentState.FAILED, PaymentState.SUBMITTED, PaymentState.SUBMITTED]
    assert len(town.provider.heard) == 2


@pytest.mark.parametrize("heard", [True, False])
async def test_who_may_have_been_sent_is_asked_about_and_ends_as_the_provider_says(
    town: Town, heard: bool
) -> None:
    """What the provider has is credited; what it never heard of fails with the gate's reason."""
    player = await town.world.player()
    payment = await town.world.deposit(player, units=10)
    town.provider.mute, town.provider.away = heard, not heard
    await town.loop(payment).step()
    town.provider.mute = town.provider.away = False
    await does(town, player, exclude)

    town.wait(payments.BACKOFF_SECONDS_MIN)
    await town.loop(payment).step()

    assert town.provider.asked == 1
    if not heard:
        assert (await town.world.payment(payment)).reason == "player_excluded"
        assert town.provider.heard == {}
        return
    assert await town.state(payment) is PaymentState.SUBMITTED
    await town.world.tell(town.provider.news(payment.id, NewsStatus.SUCCEEDED))
    assert town.provider.heard == {payment.id: 1}
    assert await town.world.balance(player) == (10, 0)


async def test_an_order_that_arrives_after_we_gave_it_up_is_credited_once_and_counted(
    town: Town,
) -> None:
    """The provider did not know the deposit when it was asked, and has the player's money now."""
    player = await town.world.player()
    payment = await town.world.deposit(player, units=10)
    town.provider.away = True
    await town.loop(payment).step()
    town.provider.away = False
    await does(town, player, exclude)
    town.wait(payments.BACKOFF_SECONDS_MIN)
    await town.loop(payment).step()
    given_up = await town.world.payment(payment)

    late = town.world.news(payment, NewsStatus.SUCCEEDED)
    answers = [await town.world.tell(late), await town.world.tell(late)]
    other = await town.world.tell(town.world.news(payment, NewsStatus.FAILED))

    assert (given_up.state, given_up.reason) == (PaymentState.FAILED, "player_excluded")
    recorded = Recorded(payment_id=payment.id, state=PaymentState.SUCCEEDED, changed=True)
    assert answers == [(recorded,), (replace(recorded, changed=False),)]
    assert other == (NewsRefused(reason=NewsRefusal.CONTRADICTS_OUTCOME),)
    assert await town.world.balance(player) == (10, 0)
    async with town.world.database.reading() as tx:
        assert (await limits.find_totals(tx, player)).deposited == 10 * UNIT
    await assert_rebuilt(town.world.database)


async def test_a_deposit_that_was_never_sent_cannot_have_arrived(town: Town) -> None:
    payment = await town.world.deposit(await town.world.player(), units=10)
    await does(town, payment.player_id, exclude)
    await town.loop(payment).step()

    answers = await town.world.tell(town.world.news(payment, NewsStatus.SUCCEEDED))

    assert answers == (NewsRefused(reason=NewsRefusal.CONTRADICTS_OUTCOME),)
    assert await town.world.balance(payment.player_id) == (0, 0)


async def test_a_crash_after_the_provider_heard_us_fails_no_deposit_of_who_is_excluded(
    town: Town,
) -> None:
    player = await town.world.player()
    payment = await town.world.deposit(player, units=10)
    with pytest.raises(Crash):
        await town.loop(payment, clock=DyingClock()).step()
    await does(town, player, exclude)

    await town.loop(payment).step()
    await town.world.tell(town.provider.news(payment.id, NewsStatus.SUCCEEDED))

    assert town.provider.heard == {payment.id: 1}
    assert await town.world.balance(player) == (10, 0)


class CountingClock:
    """A clock that counts its readings: one for each turn."""

    readings = 0

    def now(self) -> datetime:
        self.readings += 1
        return START


async def test_many_deposits_are_asked_about_in_one_turn(town: Town) -> None:
    player = await town.world.player()
    made = [await town.world.deposit(player) for _ in range(5)]
    clock = CountingClock()

    await town.loop(made[0], clock=clock).step()

    assert (clock.readings, len(town.provider.heard)) == (2, 5)


async def test_a_deposit_that_breaks_the_gate_is_put_off_and_stops_no_other(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = await town.world.player()
    bad, good = await town.world.deposit(player), await town.world.deposit(player)
    asked = cashier.admit_deposits

    async def breaks(turn: Turn, batch: Sequence[Payment]) -> tuple[Admission, ...]:
        if bad.id in [payment.id for payment in batch]:
            raise RuntimeError("a bug in the gate")
        return await asked(turn, batch)

    monkeypatch.setattr(cashier, "admit_deposits", breaks)
    loop = town.loop(bad)

    assert [await loop.step(), await loop.step()] == [2, 0]

    assert await town.state(bad) is PaymentState.REQUESTED
    assert town.provider.heard == {good.id: 1}


async def test_an_exclusion_that_is_about_to_commit_is_waited_for(town: Town) -> None:
    player = await town.world.player()
    payment = await town.world.deposit(player)

    async with town.world.turn(shard_of(player)) as turn:
        await exclude(turn, player)
        running = asyncio.create_task(town.loop(payment).step())
        done, _ = await asyncio.wait({running}, timeout=0.5)
    await running

    assert not done
    assert town.provider.heard == {}
    assert (await town.world.payment(payment)).reason == "player_excluded"


async def test_racing_exclusions_and_submissions_end_each_deposit_one_way(town: Town) -> None:
    """Either the provider never hears of it and it has failed, or it is credited."""
    players = [await town.world.player() for _ in range(RACERS)]
    made = [await town.world.deposit(player, units=10) for player in players]
    # One loop for each partition, as a process has them.
    loops = {partition_of(payment.shard): town.loop(payment) for payment in made}

    await asyncio.gather(
        *(does(town, player, exclude) for player in players),
        *(loop.step() for loop in loops.values()),
    )

    for payment in made:
        await settle(town, payment)


async def settle(town: Town, payment: Payment) -> None:
    """Let the loop finish with a deposit, and look whether it and the provider agree."""
    town.wait(payments.BACKOFF_SECONDS_MAX)
    await town.loop(payment).step()
    state = await town.state(payment)
    if payment.id not in town.provider.heard:
        assert state is PaymentState.FAILED
        return
    assert state is PaymentState.SUBMITTED
    await town.world.tell(town.provider.news(payment.id, NewsStatus.SUCCEEDED))
    assert await town.world.balance(payment.player_id) == (10, 0)
