"""A bet on a race is not sold back: a runner that is withdrawn later reduces what it pays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integration.sportsbook.test_cash_out import quote
from integration.sportsbook.test_kinds import end, pick
from integration.sportsbook.test_races_obey_licences import a_race
from integration.sportsbook.world import World, legs_of
from paced import put_in_force
from pitboss.db import Database
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.sportsbook import catalog
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.cash_out.model import Refusal, Refused
from pitboss.sportsbook.catalog.model import NewEvent
from pitboss.sportsbook.registry.model import Ended, Withdrawal

NOT_OFFERED = Refused(reason=Refusal.CASH_OUT_NOT_OFFERED)


@pytest.fixture
async def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a world whose licence has no table for withdrawn runners, as that of Malta."""
    put_in_force(monkeypatch, {"sportsbook": {"rule4_table": None}})
    return World(database=database)


async def double_on(world: World, race: NewEvent) -> tuple[PlayerId, BetId]:
    """Open the race and a match, and give a player their double on both."""
    await world.at_the_desk(catalog.open_events, race)
    await world.event("A")
    ann = await world.player(units=100)
    bet_id = await world.wish(ann, pick(race.id, "race_winner", "3"), *legs_of("A"), units=10)
    await world.process()
    return ann, bet_id


async def test_nothing_is_offered_while_a_runner_may_still_be_withdrawn(world: World) -> None:
    ann, bet_id = await double_on(world, a_race())

    assert await quote(world, ann, bet_id) == NOT_OFFERED


async def test_nothing_is_offered_at_a_price_that_a_withdrawn_runner_has_reduced(
    world: World,
) -> None:
    race = a_race()
    ann, bet_id = await double_on(world, race)
    world.clock.advance(timedelta(minutes=5))
    gone = Withdrawal(runner="1", at=write_instant(world.clock.now()), factor="0.5")
    order = tuple((number,) for number in "3245678")
    await end(world, race.id, Ended(order=order, non_runners=("1",), withdrawn=(gone,)))
    await world.settle()

    assert (await world.bet(ann, bet_id)).state is BetState.ACCEPTED
    assert await quote(world, ann, bet_id) == NOT_OFFERED
