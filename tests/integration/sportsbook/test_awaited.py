"""Promises about bets that wait for a result: whoever is left waiting is in the open."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from integration.sportsbook.test_reports import result, say
from integration.sportsbook.world import KICK_OFF, UNIT, World, market, new_event, selection
from pitboss.db import Database
from pitboss.kernel.ids import MarketId
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import catalog, settlement
from pitboss.sportsbook.catalog.model import (
    EventChange,
    EventStatus,
    MarketKind,
    ProducerChange,
    ProducerState,
)
from pitboss.sportsbook.settlement.model import LOST, WON, Awaited, AwaitedPage, Cancel, Late

ONE_X_TWO, TOTAL = MarketKind.MATCH_RESULT, MarketKind.TOTAL_GOALS
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
UP = ProducerChange(producer="uof:1", why="test", state=ProducerState.UP)


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def awaited(
    world: World,
    *,
    started_by: datetime = KICK_OFF - 30 * DAY,
    producer: str | None = None,
    after: MarketId | None = None,
    limit: int = 100,
) -> AwaitedPage:
    async with world.database.moment() as tx:
        return await settlement.find_awaited(
            tx, started_by=started_by, producer=producer, after=after, limit=limit
        )


async def bet_on(world: World, *codes: str, name: str = "A", units: int = 10) -> None:
    """Have somebody bet on these selections of an event, each by itself."""
    player = await world.player(units=100)
    for code in codes:
        await world.wish(player, selection(name, ONE_X_TWO, code), units=units)
    await world.process()


async def has_become(world: World, name: str, status: EventStatus) -> None:
    event = new_event(name)
    async with world.turn(CATALOGUE_SHARD) as turn:
        await catalog.change_events(turn, [EventChange(event_id=event.id, status=status)])


def waiting(page: AwaitedPage) -> list[tuple[MarketId, Late]]:
    return [(one.market_id, one.late) for one in page.markets]


def of(one: Awaited) -> list[tuple[str, int, int, bool]]:
    return [(item.code, item.bets, item.stake_micros, item.torn) for item in one.selections]


async def test_bets_wait_in_the_open_once_their_event_is_over_or_should_be(world: World) -> None:
    await world.event("A")
    await bet_on(world, "home", "away")
    await bet_on(world, "home", units=5)

    before = await awaited(world, started_by=KICK_OFF - MINUTE)
    overdue = await awaited(world, started_by=KICK_OFF)
    await has_become(world, "A", EventStatus.LIVE)
    in_play = await awaited(world)
    await has_become(world, "A", EventStatus.ENDED)
    over = await awaited(world)

    assert (before, in_play) == (AwaitedPage(markets=(), count=0),) * 2
    assert waiting(overdue) == [(market("A", ONE_X_TWO), Late.OVERDUE)]
    assert waiting(over) == [(market("A", ONE_X_TWO), Late.EVENT_OVER)]
    (one,) = over.markets
    assert of(one) == [("away", 1, 10 * UNIT, False), ("home", 2, 15 * UNIT, False)]
    assert (one.home, one.starts_at, one.producer, over.count) == ("A home", KICK_OFF, None, 1)


async def test_a_market_that_is_closed_waits_for_those_that_nothing_was_said_of(
    world: World,
) -> None:
    await world.event("A")
    await bet_on(world, "home", "draw", "away")
    at = world.clock.now()

    await say(world, result("A", at, home=LOST))
    open_still = await awaited(world)
    await say(world, result("A", at + MINUTE, draw=WON))
    await world.settle()
    decided = await awaited(world)
    await say(world, result("A", at + 2 * MINUTE, away=LOST))
    await world.settle()

    assert open_still.markets == ()
    assert waiting(decided) == [(market("A", ONE_X_TWO), Late.MARKET_CLOSED)]
    assert of(decided.markets[0]) == [("away", 1, 10 * UNIT, False)]
    assert (await awaited(world)).markets == ()


async def test_what_is_torn_waits_and_is_marked_until_it_is_mended(world: World) -> None:
    await world.event("A")
    await bet_on(world, "home", "draw", "away")
    at = world.clock.now()

    await say(world, result("A", at, home=WON), result("A", at + MINUTE, away=WON))
    await world.settle()
    torn = await awaited(world)
    await say(world, result("A", at + 2 * MINUTE, home=LOST, draw=LOST))
    await world.settle()

    assert waiting(torn) == [(market("A", ONE_X_TWO), Late.TORN)]
    assert of(torn.markets[0]) == [
        ("away", 1, 10 * UNIT, True),
        ("draw", 1, 10 * UNIT, False),
        ("home", 1, 10 * UNIT, True),
    ]
    assert (await awaited(world)).markets == ()


async def test_a_settled_bet_that_is_taken_back_waits_again(world: World) -> None:
    await world.event("A")
    await bet_on(world, "home")
    at = world.clock.now()

    await say(world, result("A", at, home=WON))
    await world.settle()
    paid = await awaited(world)
    await say(world, result("A", at + MINUTE, away=WON))
    await world.settle()

    assert paid.markets == ()
    assert of((await awaited(world)).markets[0]) == [("home", 1, 10 * UNIT, True)]


async def test_what_waits_for_another_leg_waits_for_no_market_that_has_its_result(
    world: World,
) -> None:
    player = await world.player()
    for name in "AB":
        await world.event(name)
    await world.wish(player, *(selection(name, ONE_X_TWO, "home") for name in "AB"), units=10)
    await world.process()
    for name in "AB":
        await has_become(world, name, EventStatus.LIVE)
        await has_become(world, name, EventStatus.ENDED)

    await say(world, result("A", world.clock.now(), home=WON))
    await world.settle()

    assert waiting(await awaited(world)) == [(market("B", ONE_X_TWO), Late.EVENT_OVER)]


async def test_what_is_void_for_everybody_waits_for_no_result_and_a_window_is_told(
    world: World,
) -> None:
    player = await world.player()
    at = world.clock.now()
    for name in "ABC":
        await world.event(name)
    legs = [selection(name, ONE_X_TWO, "home") for name in "ABC"]
    await world.wish(player, *legs, units=10)
    await world.process()
    for name in "AB":
        until = None if name == "A" else at + DAY
        cancel = Cancel(
            market_id=market(name, ONE_X_TWO), source="uof:1", reported_at=at, until=until
        )
        await say(world, cancel)
    await world.settle()

    page = await awaited(world)

    assert waiting(page) == [(market("B", ONE_X_TWO), Late.MARKET_CLOSED)]
    assert page.markets[0].part_void


async def test_pages_go_from_the_oldest_event_on_and_may_be_of_one_producer(world: World) -> None:
    for number, name in enumerate("CAB"):
        opened = new_event(name, starts_at=KICK_OFF + number * DAY)
        theirs = None if name == "A" else "uof:1"
        with_producer = [replace(one, producer=theirs) for one in opened.markets]
        async with world.turn(CATALOGUE_SHARD) as turn:
            await catalog.open_events(turn, [replace(opened, markets=tuple(with_producer))])
    player = await world.player(units=100)
    for name in "ABC":
        await world.wish(player, selection(name, ONE_X_TWO, "home"), units=1)
        await world.wish(player, selection(name, TOTAL, "over"), units=1)
    async with world.turn(CATALOGUE_SHARD) as turn:
        await catalog.set_producers(turn, [UP])
    await world.process()

    late = KICK_OFF + 9 * DAY
    whole = await awaited(world, started_by=late)
    pages: list[MarketId] = []
    after = None
    while (page := await awaited(world, started_by=late, after=after, limit=2)).markets:
        pages += [one.market_id for one in page.markets]
        after = page.markets[-1].market_id
    of_one = await awaited(world, started_by=late, producer="uof:1")
    of_nobody = await awaited(world, started_by=late, producer="uof:9")

    assert [one.home for one in whole.markets] == [
        *("C home", "C home", "A home", "A home", "B home", "B home")
    ]
    assert pages == [one.market_id for one in whole.markets]
    assert (whole.count, page.count) == (6, 6)
    assert [one.home for one in of_one.markets] == ["C home", "C home", "B home", "B home"]
    assert of_nobody == AwaitedPage(markets=(), count=0)
