"""A bet whose price already knows of a withdrawn runner is not reduced for it again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integration.audit.test_replay import replay_all
from integration.sportsbook.test_kinds import end, pick
from integration.sportsbook.test_races_obey_licences import a_race
from integration.sportsbook.world import World
from pitboss.db import Database
from pitboss.kernel.instants import write_instant
from pitboss.sportsbook import catalog
from pitboss.sportsbook.betting.model import PricePolicy
from pitboss.sportsbook.catalog.model import SelectionChange
from pitboss.sportsbook.registry.model import Ended, Withdrawal


@pytest.fixture
async def world(database: Database) -> World:
    """A house of its own, with an empty catalogue."""
    return World(database=database)


@pytest.mark.parametrize(("struck_first", "returned"), [(False, 15_000_000), (True, 15_500_000)])
async def test_a_runner_withdrawn_before_a_bet_was_struck_does_not_reduce_it(
    world: World, struck_first: bool, returned: int
) -> None:
    race = a_race()
    await world.at_the_desk(catalog.open_events, race)
    ann = await world.player(units=100)
    runner, gone = pick(race.id, "race_winner", "3"), pick(race.id, "race_winner", "1")
    bet_id = await world.wish(ann, runner, units=10, price_policy=PricePolicy.ANY)
    if struck_first:
        await world.process()
    world.clock.advance(timedelta(seconds=20))
    at = write_instant(world.clock.now())
    withdrawn = SelectionChange(selection_id=gone, active=False)
    await world.at_the_desk(catalog.set_selections, withdrawn)
    await world.reprice((runner, "1.5"))
    world.clock.advance(timedelta(seconds=20))
    await world.process()

    taken_out = Withdrawal(runner="1", at=at, price="2/1")
    order = tuple((number,) for number in "3245678")
    await end(world, race.id, Ended(order=order, non_runners=("1",), withdrawn=(taken_out,)))
    await world.settle()

    assert (await world.bet(ann, bet_id)).returns_micros == returned
    report = await replay_all(world)
    assert report.disagreements == []
