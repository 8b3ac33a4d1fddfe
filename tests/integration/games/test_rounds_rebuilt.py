"""Promises about what facts make of rounds again: the tables that are there."""

from __future__ import annotations

from msgspec import structs

from integration.cashier.world import UNIT
from integration.games.test_rounds import STRICT
from integration.games.test_rounds import ann as ann
from integration.games.test_rounds import world as world
from integration.games.world import Games, stake, undo, win
from pitboss.audit import rebuild
from pitboss.games.rounds.model import Refused
from pitboss.kernel.ids import PlayerId


async def _holds(world: Games) -> None:
    async with world.database.moment() as tx:
        report = await rebuild.check(tx)
    assert report.oddities == []
    assert report.differences == []


async def test_a_bet_that_is_called_by_its_other_name_is_made_again_from_facts(
    world: Games, ann: PlayerId
) -> None:
    about = {"dialect": structs.replace(STRICT, by_ref=True)}
    await world.done(ann, stake("b1", 5, ref="won"), **about)
    await world.done(ann, win("w1", 7, stake_id="won"), **about)
    await world.done(ann, stake("b2", 3, ref="undone"), **about)
    await world.done(ann, undo("u1", "undone"), **about)

    await _holds(world)

    assert await world.has(ann) == 102 * UNIT


async def test_of_stakes_of_one_name_the_same_is_meant_when_they_are_made_again(
    world: Games, ann: PlayerId
) -> None:
    about = {"dialect": structs.replace(STRICT, by_ref=True)}
    assert isinstance(await world.wish(ann, stake("b1", 500, ref="bet"), **about), Refused)
    await world.done(ann, stake("b3", 5, ref="bet"), **about)
    await world.done(ann, stake("b2", 3, ref="bet"), **about)
    await world.done(ann, undo("u1", "bet"), **about)
    await world.done(ann, win("w1", 7, stake_id="bet"), **about)

    await _holds(world)

    assert await world.has(ann) == 102 * UNIT
