"""Who may be believed: producers come up by recovery, and go down by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from integration.feeds.world import LIVE, PREMATCH, World
from pitboss.kernel.entropy import SystemEntropy
from pitboss.messages import Turn
from pitboss.sportsbook import feeds
from pitboss.sportsbook.catalog.model import MarketStatus
from pitboss.sportsbook.feeds import Taken
from pitboss.sportsbook.feeds.errors import LeaseLost
from pitboss.sportsbook.feeds.model import Delivery, FeedName, ParkedState, Reason
from pitboss.workers import feed_watch
from unit.feeds.said import alive, bet_stop, odds_change, one_x_two, snapshot_complete

OPEN, SUSPENDED = MarketStatus.OPEN, MarketStatus.SUSPENDED


async def shown(world: World) -> MarketStatus:
    """Return what players see of the market."""
    return (await world.market()).shown_status


async def test_at_a_start_nothing_is_sold_before_the_recovery_that_was_asked_for_ends(
    world: World,
) -> None:
    await world.send(odds_change(one_x_two(), at=world.ms))
    assert not (await world.offer()).market_open

    await world.send(alive(at=world.ms))
    ((producer, number, after_ms),) = world.supplier.asked
    assert (producer, after_ms) == (LIVE, None)
    await world.send(snapshot_complete(number + 1, at=world.ms))
    assert await shown(world) is SUSPENDED
    await world.send(snapshot_complete(number, at=world.ms, product=3))
    assert await shown(world) is SUSPENDED

    await world.send(snapshot_complete(number, at=world.ms))

    assert await shown(world) is OPEN
    assert (await world.offer()).market_open
    assert (await world.reasons())[Reason.UNKNOWN_RECOVERY] == 2


async def test_silence_takes_down_the_silent_producer_alone(world: World) -> None:
    await world.come_up()
    await world.send(odds_change(one_x_two(), at=world.ms))
    good_ms = world.ms - 1

    for _ in range(2):
        world.later(11)
        await world.send(alive(at=world.ms, product=3))
    assert ((await world.standing(LIVE)).why, await shown(world)) == ("silent", SUSPENDED)
    assert (await world.standing(PREMATCH)).up

    # It speaks again: that is not enough.
    world.later(11)
    await world.send(alive(at=world.ms), alive(at=world.ms, product=3))
    await world.send(odds_change(one_x_two(), at=world.ms))
    assert await shown(world) is SUSPENDED
    producer, number, after_ms = world.supplier.asked[-1]
    assert (producer, after_ms) == (LIVE, good_ms)
    await world.send(snapshot_complete(number, at=world.ms))
    assert await shown(world) is OPEN


async def test_lag_and_a_lost_connection_take_producers_down(world: World) -> None:
    await world.come_up()
    await world.send(odds_change(one_x_two(), at=world.ms))

    await world.send(bet_stop(at=world.ms - 25_000))
    assert ((await world.standing(LIVE)).why, await shown(world)) == ("lagging", SUSPENDED)
    assert (await world.standing(PREMATCH)).up

    world.source.cut()
    world.source.away = True
    await world.loop.round()
    assert (await world.standing(PREMATCH)).why == "disconnected"

    world.source.away = False
    world.later(31)
    asked = len(world.supplier.asked)
    await world.send(alive(at=world.ms), alive(at=world.ms, product=3))
    for producer, number, _ in world.supplier.asked[asked:]:
        product = int(producer.partition(":")[2])
        await world.send(snapshot_complete(number, at=world.ms, product=product))
    assert (await world.standing(LIVE)).up and (await world.standing(PREMATCH)).up


async def test_a_recovery_that_could_not_be_asked_for_is_not_waited_for(world: World) -> None:
    world.supplier.away = True
    await world.send(alive(at=world.ms))
    ((_, number, _),) = world.supplier.asked

    await world.send(snapshot_complete(number, at=world.ms))
    assert not (await world.standing(LIVE)).up

    world.supplier.away = False
    world.later(15)
    await world.send(alive(at=world.ms))
    assert len(world.supplier.asked) == 1
    world.later(16)
    await world.send(alive(at=world.ms))
    assert world.supplier.asked[-1][1] == number + 1


async def test_a_reader_that_is_killed_is_taken_down_fenced_and_begins_anew(
    world: World,
) -> None:
    await world.come_up()
    await world.send(odds_change(one_x_two(), at=world.ms))
    frozen = world.loop

    async def look() -> list[str]:
        return await feed_watch.look(
            world.database, clock=world.clock, entropy=SystemEntropy(), grace_seconds=-3_600
        )

    assert sorted(await look()) == [LIVE, PREMATCH]
    assert ((await world.standing(LIVE)).why, await shown(world)) == ("reader_gone", SUSPENDED)
    assert await look() == []

    # What it had in hand is not done by who is fenced.
    world.source.send(odds_change(one_x_two(home="2.2"), at=world.ms + 1))
    with pytest.raises(LeaseLost):
        await frozen.round()
    assert (await world.prices())["home"] == "21/10"

    # It begins anew: down, with what it had in hand, until it has recovered.
    await frozen.round()
    assert not (await world.standing(LIVE)).up
    world.later(31)
    await world.send(alive(at=world.ms))
    await world.send(snapshot_complete(world.supplier.asked[-1][1], at=world.ms))
    assert await shown(world) is OPEN


async def test_one_reads_and_its_twin_waits(world: World) -> None:
    await world.come_up()
    twin = world.make_loop("twin")
    world.source.send(odds_change(one_x_two(), at=world.ms))

    await twin.round()

    assert await world.event() is None
    assert (await world.standing(LIVE)).up


async def test_a_reader_that_ends_in_order_takes_its_producers_down(world: World) -> None:
    await world.come_up()
    stop = asyncio.Event()
    stop.set()
    await world.loop.run(stop)

    assert (await world.standing(LIVE)).why == "reader_gone"
    async with world.database.transaction() as tx:
        assert await feeds.claim(tx, world.loop.feed, owner="somebody else") is not None


async def test_messages_that_come_twice_because_they_were_not_acknowledged_change_nothing(
    world: World,
) -> None:
    await world.come_up()
    body = odds_change(one_x_two(), at=world.ms)
    await world.send(body)
    world.source.taken = [body, odds_change(one_x_two(home="2.2"), at=world.ms + 1)]
    world.source.cut()

    await world.loop.round()

    assert await world.prices() == {"home": "11/5", "draw": "17/5", "away": "18/5"}


async def test_a_message_that_breaks_our_own_code_is_parked_and_the_others_are_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.come_up()
    good = odds_change(one_x_two(), at=world.ms)
    bad = bet_stop(at=world.ms, event="sr:match:666")
    whole = feeds.take

    async def breaks(
        turn: Turn, feed: FeedName, deliveries: Sequence[Delivery], **more: Any
    ) -> Taken:
        if any(b"sr:match:666" in item.body and item.problem is None for item in deliveries):
            raise KeyError("our fault")
        return await whole(turn, feed, deliveries, **more)

    monkeypatch.setattr(feeds, "take", breaks)
    await world.send(bad, good)

    assert await shown(world) is OPEN
    (parked,) = await world.parked(ParkedState.WAITING)
    assert (parked.reason, parked.owed, parked.body) == (Reason.BROKE_THE_READER, True, bad)
