"""What of a feed changes beside bets on other events, and what waits until nobody decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from integration.feeds.world import FIXTURE, World
from pitboss.db import Database
from pitboss.kernel.ids import EventId, SelectionId, derived_id
from pitboss.kernel.shards import section_of
from pitboss.sportsbook import catalog
from pitboss.sportsbook.feeds import Taken
from pitboss.sportsbook.feeds.model import Fixture, ForeignEvent
from unit.feeds.said import (
    EVENT,
    FEED,
    bet_settlement,
    bet_stop,
    home_won,
    market,
    odds_change,
    one_x_two,
)

THERE = ForeignEvent("sr:match:2")
IN_PLAY = '<sport_event_status status="1"/>'
AT_ONCE_SECONDS = 10.0
# Who has to wait does so for as long as the decision takes.  Who has not is done before that: on a
# busy machine later than it takes to see somebody wait.
WAITING_SECONDS = 0.3
NOT_WAITING_SECONDS = 5.0


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """Give a feed whose two events are on sale, in sections of their own."""
    here, there = (derived_id("feed event", FEED, event) for event in (EVENT, THERE))
    assert section_of(here) != section_of(there)
    world = World(database=database)
    world.supplier.fixtures[THERE] = Fixture(
        event=THERE,
        sport=FIXTURE.sport,
        competition=FIXTURE.competition,
        home="There",
        away="Away",
        starts_at=FIXTURE.starts_at + timedelta(hours=1),
    )
    await world.come_up()
    for event in (EVENT, THERE):
        await world.send(odds_change(one_x_two(), at=world.ms, event=event))
    world.later(0.001)
    yield world


async def selections(world: World, foreign: str) -> list[SelectionId]:
    """Return what is on sale of an event."""
    async with world.database.reading() as tx:
        event = await catalog.find_event(tx, EventId(derived_id("feed event", FEED, foreign)))
    assert event is not None
    return [item.id for market in event.markets for item in market.selections]


async def beside_bets_on(
    world: World, foreign: str, *bodies: bytes, seconds: float = WAITING_SECONDS
) -> tuple[bool, Taken]:
    """Have messages worked off while somebody decides on an event; say whether they waited.

    The decision takes so many seconds, or until the messages are worked off.
    """
    deciding = await selections(world, foreign)
    async with world.database.transaction() as tx:
        await catalog.Shelf().locked(tx, deciding)
        reading = asyncio.create_task(world.send(*bodies))
        done, _ = await asyncio.wait([reading], timeout=seconds)
    async with asyncio.timeout(AT_ONCE_SECONDS):
        return not done, await reading


async def test_prices_and_stops_do_not_wait_for_bets_on_another_event(world: World) -> None:
    prices = odds_change(one_x_two(home="2.5"), at=world.ms)
    stop = bet_stop(at=world.ms + 1)

    waited, _ = await beside_bets_on(world, THERE, prices, stop, seconds=NOT_WAITING_SECONDS)

    assert not waited
    assert (await world.prices())["home"] == "5/2"
    assert not (await world.offer()).market_open


async def test_prices_wait_for_bets_on_their_own_event(world: World) -> None:
    prices = odds_change(one_x_two(home="2.5"), at=world.ms)

    waited, _ = await beside_bets_on(world, EVENT, prices)

    assert waited
    assert (await world.prices())["home"] == "5/2"


@pytest.mark.parametrize("what", ["another market", "in play", "an end", "nonsense"])
async def test_what_is_more_than_prices_waits_for_all_bets_and_is_done(
    world: World, what: str
) -> None:
    total = market(18, [(12, "1.9"), (13, "1.95")], specifiers="total=2.5")
    bodies = {
        "another market": odds_change(one_x_two(home="2.5") + total, at=world.ms),
        "in play": odds_change(one_x_two(home="2.5"), at=world.ms, status=IN_PLAY),
        "an end": bet_settlement(home_won(), at=world.ms),
        "nonsense": b"<odds_change",
    }

    waited, taken = await beside_bets_on(world, THERE, bodies[what])

    assert waited
    assert not taken.parked if what != "nonsense" else taken.parked
    if what == "another market":
        assert (await world.prices())["home"] == "5/2"
        assert len(await world.prices("total")) == 2
