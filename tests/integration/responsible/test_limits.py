"""Limits on the real database: set, waited for, measured, and never passed by one micro."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from integration.cashier.world import World as Cashier
from integration.sportsbook.world import World, legs_of
from pitboss import jurisdictions
from pitboss.cashier.model import NewsStatus, PaymentKind, Requested
from pitboss.db import Database
from pitboss.jurisdictions.model import LimitKind, Period
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.responsible import limits
from pitboss.responsible.limits.model import (
    Answer,
    Change,
    Changed,
    Confirmation,
    LimitKey,
    Refusal,
    Refused,
    Withdrawal,
)
from pitboss.sportsbook.betting.model import BetState

DEMO = jurisdictions.get("demo")
UNIT = 1_000_000
DAILY_STAKE = LimitKey(kind=LimitKind.STAKE, period=Period.DAY)
DAILY_LOSS = LimitKey(kind=LimitKind.LOSS, period=Period.DAY)
DAILY_DEPOSIT = LimitKey(kind=LimitKind.DEPOSIT, period=Period.DAY)
RACERS = 200


@pytest.fixture
def world(database: Database) -> World:
    """Give a sportsbook."""
    return World(database=database)


async def set_limit(world: World, player: PlayerId, key: LimitKey, units: int | None) -> Answer:
    """Set a limit as a player does."""
    wish = Change(player_id=player, key=key, value=None if units is None else units * UNIT)
    async with world.turn(shard_of(player)) as turn:
        return await limits.change(turn, wish, DEMO)


async def confirm(world: World, player: PlayerId, key: LimitKey) -> Answer:
    """Confirm what waits."""
    async with world.turn(shard_of(player)) as turn:
        return await limits.confirm(turn, Confirmation(player_id=player, key=key), DEMO)


async def refusals(world: World, player: PlayerId) -> list[object]:
    """Return why bets of this player were refused."""
    return [fact["reason"] for fact in await world.facts(shard_of(player), "bet.refused")]


async def accepted(world: World, player: PlayerId) -> int:
    """Return what of this player's stakes was accepted, in micros, as the bets themselves say."""
    async with world.database.reading() as tx:
        row = await tx.fetch_one(
            "SELECT coalesce(sum(stake_micros), 0)::bigint AS micros FROM bet"
            " WHERE player_id = $1 AND state <> $2",
            player,
            BetState.REFUSED.value,
        )
    assert row is not None
    return int(row["micros"])


async def test_a_stake_above_the_limit_is_refused_and_one_up_to_it_is_taken(world: World) -> None:
    ann = await world.player(units=100)
    await world.event("A")
    await set_limit(world, ann, DAILY_STAKE, 10)
    for units in (6, 5, 4, 1):
        await world.wish(ann, *legs_of("A"), units=units)
        await world.process()

    assert await accepted(world, ann) == 10 * UNIT
    assert await refusals(world, ann) == ["above_stake_limit", "above_stake_limit"]


async def test_a_decrease_counts_for_bets_that_are_on_their_way(world: World) -> None:
    # AT-01: 100 becomes 50 when 60 are staked: 1 more is refused.
    ann = await world.player(units=100)
    await world.event("A")
    await set_limit(world, ann, DAILY_STAKE, 100)
    await world.wish(ann, *legs_of("A"), units=60)
    await world.process()
    await world.wish(ann, *legs_of("A"), units=1)
    await set_limit(world, ann, DAILY_STAKE, 50)
    await world.process()

    assert await accepted(world, ann) == 60 * UNIT
    assert await refusals(world, ann) == ["above_stake_limit"]


async def test_play_before_the_limit_was_set_counts_as_well(world: World) -> None:
    ann = await world.player(units=100)
    await world.event("A")
    await world.wish(ann, *legs_of("A"), units=8)
    await world.process()
    await set_limit(world, ann, DAILY_STAKE, 10)
    await world.wish(ann, *legs_of("A"), units=3)
    await world.process()

    assert await refusals(world, ann) == ["above_stake_limit"]


async def test_loss_is_measured_on_what_is_settled(world: World) -> None:
    ann = await world.player(units=100)
    first, second = await world.event("A"), await world.event("B")
    await set_limit(world, ann, DAILY_LOSS, 10)
    await world.wish(ann, *legs_of("A"), units=7)
    await world.process()
    # Away wins, so all 7 are lost; 4 more could be too, and 3 could not pass the limit.
    await world.score(first, 0, 3)
    await world.settle()
    await world.wish(ann, *legs_of("B"), units=4)
    await world.wish(ann, *legs_of("B"), units=3)
    await world.process()

    assert await accepted(world, ann) == 10 * UNIT
    assert await refusals(world, ann) == ["above_loss_limit"]
    await world.score(second, 3, 0)
    await world.settle()
    # What was won is not lost: there is room again.
    await world.event("C")
    await world.wish(ann, *legs_of("C"), units=4)
    await world.process()
    assert await accepted(world, ann) == 14 * UNIT


async def test_a_looser_limit_counts_once_it_has_waited_and_is_confirmed(world: World) -> None:
    # AT-02: effective only when confirmed, and not before 24 hours.
    ann = await world.player(units=100)
    await set_limit(world, ann, DAILY_STAKE, 10)
    waits = await set_limit(world, ann, DAILY_STAKE, 20)
    early = await confirm(world, ann, DAILY_STAKE)
    world.clock.advance(timedelta(hours=24))
    done = await confirm(world, ann, DAILY_STAKE)
    again = await confirm(world, ann, DAILY_STAKE)

    assert isinstance(waits, Changed)
    assert waits.limit.waiting is not None
    assert early == Refused(reason=Refusal.TOO_EARLY)
    assert isinstance(done, Changed)
    assert done.limit.value == 20 * UNIT
    assert again == Refused(reason=Refusal.NOTHING_WAITS)
    told = await world.facts(shard_of(ann), "limit.set")
    assert [(fact["value"], fact.get("before")) for fact in told] == [
        (10 * UNIT, None),
        (20 * UNIT, 10 * UNIT),
    ]


async def test_a_wish_for_more_is_taken_back_or_lapses(world: World) -> None:
    ann = await world.player(units=100)
    await set_limit(world, ann, DAILY_STAKE, 10)
    await set_limit(world, ann, DAILY_STAKE, 20)
    async with world.turn(shard_of(ann)) as turn:
        kept = await limits.withdraw(turn, Withdrawal(player_id=ann, key=DAILY_STAKE))
    nothing = await confirm(world, ann, DAILY_STAKE)
    await set_limit(world, ann, DAILY_STAKE, 30)
    world.clock.advance(timedelta(hours=24 + 72))
    lapsed = await confirm(world, ann, DAILY_STAKE)

    assert isinstance(kept, Changed)
    assert kept.limit.waiting is None
    assert nothing == Refused(reason=Refusal.NOTHING_WAITS)
    assert lapsed == Refused(reason=Refusal.LAPSED)
    refused = await world.facts(shard_of(ann), "limit.change_refused")
    assert [fact["reason"] for fact in refused] == ["nothing_waits", "lapsed"]


async def test_asking_twice_publishes_once(world: World) -> None:
    ann = await world.player(units=100)
    for _ in range(3):
        await set_limit(world, ann, DAILY_STAKE, 10)
    for _ in range(3):
        await set_limit(world, ann, DAILY_STAKE, 20)

    assert len(await world.facts(shard_of(ann), "limit.set")) == 1
    assert len(await world.facts(shard_of(ann), "limit.loosening_asked")) == 1


async def test_a_deposit_counts_from_when_it_is_asked_for_until_it_fails(
    database: Database,
) -> None:
    cashier = Cashier(database=database)
    ann = await cashier.player(units=0)
    async with cashier.turn(shard_of(ann)) as turn:
        await limits.change(turn, Change(player_id=ann, key=DAILY_DEPOSIT, value=10 * UNIT), DEMO)

    async def deposit(units: int) -> str:
        request = cashier.request(ann, units=units)
        (answer,) = await cashier.ask(PaymentKind.DEPOSIT, [request])
        return "requested" if isinstance(answer, Requested) else answer.reason

    first = await cashier.deposit(ann, units=6)
    said = [await deposit(5), await deposit(4), await deposit(1)]
    await cashier.tell(cashier.news(first, NewsStatus.FAILED))
    said += [await deposit(7), await deposit(6)]

    above = "above_deposit_limit"
    assert said == [above, "requested", above, above, "requested"]


async def test_two_hundred_stakes_at_once_do_not_pass_a_limit_by_one_micro(world: World) -> None:
    ann = await world.player(units=10_000)
    await world.event("A")
    await set_limit(world, ann, DAILY_STAKE, 75)
    await asyncio.gather(
        *(world.wish(ann, *legs_of("A"), units=1 + number % 3) for number in range(RACERS))
    )
    await world.process()

    # The smallest stake is one unit, so the limit is filled: nobody was refused who had room.
    assert await accepted(world, ann) == 75 * UNIT
    async with world.database.reading() as tx:
        rows = await tx.fetch("SELECT sum(staked)::bigint AS staked FROM player_hour")
    assert rows[0]["staked"] == 75 * UNIT


async def test_deposits_that_race_do_not_pass_a_limit(database: Database) -> None:
    cashier = Cashier(database=database)
    ann = await cashier.player(units=0)
    async with cashier.turn(shard_of(ann)) as turn:
        await limits.change(turn, Change(player_id=ann, key=DAILY_DEPOSIT, value=20 * UNIT), DEMO)

    answers = await asyncio.gather(
        *(
            cashier.ask(PaymentKind.DEPOSIT, [cashier.request(ann, units=1 + number % 3)])
            for number in range(60)
        )
    )

    taken = [answer.payment.micros for (answer,) in answers if isinstance(answer, Requested)]
    assert sum(taken) == 20 * UNIT


async def test_deposits_on_their_way_count_towards_the_limit_of_the_balance(
    database: Database,
) -> None:
    cashier = Cashier(database=database)
    ann = await cashier.player(units=5)
    balance = LimitKey(kind=LimitKind.BALANCE, period=None)
    async with cashier.turn(shard_of(ann)) as turn:
        await limits.change(turn, Change(player_id=ann, key=balance, value=20 * UNIT), DEMO)

    said = []
    for units in (10, 6, 5, 1):
        (answer,) = await cashier.ask(PaymentKind.DEPOSIT, [cashier.request(ann, units=units)])
        said.append("requested" if isinstance(answer, Requested) else answer.reason)

    above = "above_balance_limit"
    assert said == ["requested", above, "requested", above]
