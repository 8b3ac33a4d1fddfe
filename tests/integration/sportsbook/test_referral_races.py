"""Traders, processors and clocks that race for a bet that waits: it is decided once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from integration.sportsbook.test_referral import HOME, agrees, refer, say, wish
from integration.sportsbook.test_trading import books, decide_side_by_side
from integration.sportsbook.world import UNIT, World
from pitboss.db import Database
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.shards import partition_of, shard_of
from pitboss.sportsbook import betting
from pitboss.sportsbook.betting.model import (
    REFERRAL_LIFE,
    BetState,
    Heard,
    OnLimit,
    ReferralRefusal,
    Unheard,
    Word,
)
from pitboss.workers.bets import Processor, hear_traders, watch


@pytest.fixture
async def world(database: Database) -> World:
    """A bet of ten may win fifteen, which passes; one of up to fifty waits for a trader."""
    made = World(database=database)
    await made.event("A")
    await refer(made)
    return made


async def test_of_two_traders_who_answer_at_once_one_is_heard(world: World) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann)

    answers = await asyncio.gather(
        *(
            say(world, ann, bet_id, Word.ACCEPT if place % 2 else Word.REFUSE, by=f"staff:{place}")
            for place in range(8)
        )
    )
    await world.process()

    heard = [answer for answer in answers if isinstance(answer, Heard)]
    assert len(heard) == 1
    assert {one.reason for one in answers if isinstance(one, Unheard)} == {
        ReferralRefusal.REFERRAL_ANSWERED
    }
    wanted = BetState.ACCEPTED if heard[0].said.word is Word.ACCEPT else BetState.REFUSED
    assert (await world.bet(ann, bet_id)).state is wanted
    assert len(await world.facts(shard_of(ann), "bet.referral_answered")) == 1


async def say_after(
    seconds: float, world: World, player: PlayerId, bet_id: BetId
) -> Heard | Unheard:
    """Take a bet, a moment later."""
    await asyncio.sleep(seconds)
    return await say(world, player, bet_id)


async def test_an_answer_that_races_the_end_of_the_wait_counts_or_is_told_to_be_late(
    world: World,
) -> None:
    for round_no in range(10):
        ann = await world.player()
        bet_id = await wish(world, ann)
        processor = world.processors[partition_of(shard_of(ann))]
        # The traders' clock is a breath behind the processor's.
        trader = World(database=world.database, entropy=world.entropy)
        trader.clock.advance(
            world.clock.now() + REFERRAL_LIFE - timedelta(milliseconds=1) - trader.clock.now()
        )
        world.clock.advance(REFERRAL_LIFE)

        answer, _ = await asyncio.gather(
            say_after(round_no / 1_000, trader, ann, bet_id), processor.step()
        )
        await world.process()

        bet = await world.bet(ann, bet_id)
        if isinstance(answer, Heard):
            assert bet.state is BetState.ACCEPTED
        else:
            assert answer == Unheard(reason=ReferralRefusal.REFERRAL_OVER)
            assert bet.refusal == "referral_unanswered"
    await agrees(world)


async def test_a_crash_between_the_answer_and_the_decision_loses_neither(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann, on_limit=OnLimit.REDUCE)
    await say(world, ann, bet_id, Word.REDUCE, units=25)
    processor = world.processors[partition_of(shard_of(ann))]
    async with world.database.reading() as tx:
        await hear_traders(tx, [processor])

    async def dies(*args: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(betting, "find_next_due", dies)
        with pytest.raises(KeyboardInterrupt):
            await processor.step()
    between = await world.bet(ann, bet_id)
    heir = world.processor(partition_of(shard_of(ann)))
    await heir.own()
    await heir.step()

    assert (between.state, between.stake_micros) == (BetState.DELAYED, 40 * UNIT)
    bet = await world.bet(ann, bet_id)
    assert (bet.state, bet.stake_micros) == (BetState.ACCEPTED, 25 * UNIT)
    assert await world.balance(ann) == (100 * UNIT, 25 * UNIT)
    await agrees(world)


async def test_two_hundred_bets_that_wait_at_once_never_pass_the_selections_limit(
    world: World,
) -> None:
    await refer(world, total=1_000)  # sixteen bets that win sixty
    players = [await world.player() for _ in range(200)]
    bets = [(ann, await world.wish(ann, HOME, units=40)) for ann in players]

    await decide_side_by_side(world)

    found = [(ann, await world.bet(ann, bet_id)) for ann, bet_id in bets]
    waiting = [(ann, bet) for ann, bet in found if bet.state is BetState.DELAYED]
    assert await books(world) == {HOME: (16, 640 * UNIT, 960 * UNIT)}
    assert len(waiting) == 16
    world.processors.clear()
    for place, (ann, bet) in enumerate(waiting):
        await say(world, ann, bet.id, Word.ACCEPT if place % 2 else Word.REFUSE)
    await decide_side_by_side(world)
    states = [(await world.bet(ann, bet.id)).state for ann, bet in waiting]
    assert states == [BetState.REFUSED, BetState.ACCEPTED] * 8
    assert await books(world) == {HOME: (8, 320 * UNIT, 480 * UNIT)}
    await agrees(world)


async def test_a_watch_wakes_the_processor_when_a_trader_has_answered(world: World) -> None:
    ann = await world.player()
    bet_id = await wish(world, ann)
    heir: Processor = world.processors[partition_of(shard_of(ann))]
    stop = asyncio.Event()
    watching = asyncio.create_task(watch(world.database, [heir], stop))
    running = asyncio.create_task(heir.run(stop))
    await say(world, ann, bet_id)
    for _ in range(400):
        if (await world.bet(ann, bet_id)).state is not BetState.DELAYED:
            break
        await asyncio.sleep(0.05)
    stop.set()
    await asyncio.gather(watching, running)

    assert (await world.bet(ann, bet_id)).state is BetState.ACCEPTED
