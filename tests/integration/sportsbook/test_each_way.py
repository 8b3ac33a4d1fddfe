"""Bets on a place, on a real database: terms are frozen, both parts settle, the record agrees."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from integration.sportsbook.test_shapes import state_of, the_record_agrees
from integration.sportsbook.world import UNIT, World, legs_of, market, selection
from pitboss.db import Database
from pitboss.kernel.ids import MarketId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import CATALOGUE_SHARD, shard_of
from pitboss.sportsbook import catalog
from pitboss.sportsbook.betting.model import BetState, Lines, Shape
from pitboss.sportsbook.catalog.model import (
    Answer,
    Done,
    Event,
    MarketKind,
    Refusal,
    Refused,
)
from pitboss.sportsbook.returns.model import PlaceTerms, TermsChange
from pitboss.sportsbook.settlement.model import (
    RuleBook,
    ScoreReport,
    SelectionResult,
    Withdrawn,
)
from pitboss.sportsbook.settlement.rules import V1, V4, finished_at

RESULT = MarketKind.MATCH_RESULT
EACH_WAY = Shape(parts="each_way")
TWO_AT_A_FIFTH = PlaceTerms(places=2, fraction=Fraction(1, 5))


@pytest.fixture
async def world(database: Database) -> World:
    """Give a world in which a score is a finish: `1-3` is home first, away third, draw not run."""
    world = World(database=database)
    withdrawn_at = write_instant(world.clock.now())

    def finish(event: Event, report: ScoreReport) -> dict[MarketId, tuple[SelectionResult, ...]]:
        assert report.score is not None
        places = {"home": report.score.home, "draw": None, "away": report.score.away}
        gone = (Withdrawn(at=withdrawn_at, price="7/5"),)
        return {
            item.id: tuple(
                finished_at(places.get(one.code), withdrawn=gone).told_of(one.id)
                for one in item.selections
            )
            for item in event.markets
        }

    world.book = RuleBook(versions=(V1, replace(V4, results=finish)))
    return world


async def set_terms(
    world: World, name: str, terms: PlaceTerms = TWO_AT_A_FIFTH, kind: MarketKind = RESULT
) -> Answer:
    """Let bets be on a place of a market."""
    change = TermsChange(market_id=market(name, kind), terms=terms)
    async with world.turn(CATALOGUE_SHARD) as turn:
        (answer,) = await catalog.set_place_terms(turn, [change])
    return answer


async def test_an_each_way_bet_keeps_its_terms_and_pays_its_place(world: World) -> None:
    player, event = await world.player(units=100), await world.event("A")
    await set_terms(world, "A")
    bet_id = await world.wish(player, *legs_of("A"), units=20, shape=EACH_WAY)
    placed = await world.wish(player, *legs_of("A"), units=10, shape=Shape(parts="place"))
    await world.process()

    (leg,) = (await world.bet(player, bet_id)).legs
    assert (leg.places, leg.place_fraction, leg.place_terms) == (2, "1/5", "market")
    await world.score(event, 2, 1)
    await world.settle()

    # Ten on the win are lost; ten on the place pay 1 + 1.5 / 5.
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 13_00)
    assert await state_of(world, player, placed) == (BetState.SETTLED, 13_00)
    assert await world.balance(player) == (70 * UNIT + 26 * UNIT, 0)
    assert await world.totals() == {"EUR": 0}
    await the_record_agrees(world, world.book)


async def test_a_double_each_way_with_a_runner_that_did_not_run(world: World) -> None:
    player = await world.player(units=100)
    events = [await world.event(name) for name in "AB"]
    for name in "AB":
        await set_terms(world, name)
    double = Shape(lines=(Lines(legs=(0, 1), sizes=(2,)),), parts="each_way")
    legs = (selection("A", RESULT, "home"), selection("B", RESULT, "draw"))
    bet_id = await world.wish(player, *legs, units=20, shape=double)
    await world.process()

    await world.score(events[0], 1, 2)
    await world.settle()
    assert (await state_of(world, player, bet_id))[0] is BetState.ACCEPTED
    await world.score(events[1], 1, 2)
    await world.settle()

    # Win to win at 2.5 and place to place at 1.3, the other leg as if at 1.
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 25_00 + 13_00)
    await the_record_agrees(world, world.book)


async def test_nobody_bets_on_a_place_where_none_is_paid(world: World) -> None:
    player = await world.player(units=100)
    for name in "AB":
        await world.event(name)
    await set_terms(world, "A")
    single = await world.wish(player, *legs_of("B"), units=2, shape=EACH_WAY)
    double = await world.wish(player, *legs_of("AB"), units=2, shape=EACH_WAY)
    await world.process()

    for bet_id in (single, double):
        assert (await world.bet(player, bet_id)).refusal == "no_place_terms"
    assert await world.balance(player) == (100 * UNIT, 0)
    assert len(await world.facts(shard_of(player), "bet.refused")) == 2


async def test_terms_of_a_market_are_set_once(world: World) -> None:
    await world.event("A")

    first, again = await set_terms(world, "A"), await set_terms(world, "A")
    other = await set_terms(world, "A", PlaceTerms(places=3, fraction=Fraction(1, 5)))
    nowhere = await set_terms(world, "Z")

    assert (first, again) == (Done(changed=True), Done(changed=False))
    assert other == Refused(reason=Refusal.OTHER_TERMS)
    assert nowhere == Refused(reason=Refusal.UNKNOWN_MARKET)
    assert len(await world.facts(CATALOGUE_SHARD, "market.place_terms_set")) == 1
    await the_record_agrees(world, world.book)
