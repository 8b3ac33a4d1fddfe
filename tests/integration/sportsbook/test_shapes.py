"""Bets of several lines on a real database: from the slip to the returns, replayed and rebuilt."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from integration.sportsbook.world import UNIT, Given, World, legs_of, selection
from pitboss.audit import rebuild, replay
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.audit.reading.ports import in_turn
from pitboss.db import Database
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook import returns
from pitboss.sportsbook.betting.model import RULES_FIRST, BetState, Lines, Shape
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.model import RuleBook
from pitboss.sportsbook.settlement.rules import RULE_BOOK

READER = Reader((*ALL_FACTS, Given))
TOTAL = MarketKind.TOTAL_GOALS


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


def named(code: str) -> Shape:
    """Return the shape of a bet with a name."""
    kind = returns.bet_type(code)
    return Shape(lines=tuple(Lines.of(bundle) for bundle in kind.bundles), bet_type=code)


async def the_record_agrees(world: World, book: RuleBook = RULE_BOOK) -> None:
    """Replay every settlement and rebuild every table from facts."""
    async with world.database.moment() as tx:
        replayed = await replay.replay_all(tx, reader=READER, book=book)
        spread: Any = lambda tx, work, lots: in_turn(tx, partial(work, reader=READER), lots)  # noqa: E731
        rebuilt = await rebuild.check(tx, spread=spread)
    assert replayed.disagreements == []
    assert rebuilt.ok, rebuilt


async def state_of(world: World, player: PlayerId, bet_id: BetId) -> tuple[BetState, int | None]:
    """Return where a bet stands and what it returned, in cents."""
    bet = await world.bet(player, bet_id)
    return bet.state, None if bet.returns_micros is None else bet.returns_micros // 10_000


async def test_a_trixie_is_settled_when_its_lines_are_and_pays_all_of_them(world: World) -> None:
    player = await world.player(units=100)
    events = [await world.event(name) for name in "ABC"]
    bet_id = await world.wish(player, *legs_of("ABC"), units=4, shape=named("trixie"))
    await world.process()
    assert await world.balance(player) == (100 * UNIT, 4 * UNIT)

    await world.score(events[0], 1, 0)
    await world.settle()
    assert await state_of(world, player, bet_id) == (BetState.ACCEPTED, None)
    await world.score(events[1], 2, 0)
    await world.settle()
    assert await state_of(world, player, bet_id) == (BetState.ACCEPTED, None)
    await world.score(events[2], 0, 0)
    await world.settle()

    # One double at 2.5 x 2.5 on a unit; the other lines have lost.
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 6_25)
    assert await world.balance(player) == (96 * UNIT + 6_250_000, 0)
    assert await world.totals() == {"EUR": 0}
    await the_record_agrees(world)


async def test_a_system_whose_lines_have_all_lost_does_not_wait_for_the_rest(world: World) -> None:
    player = await world.player(units=100)
    events = [await world.event(name) for name in "ABC"]
    bet_id = await world.wish(player, *legs_of("ABC"), units=4, shape=named("trixie"))
    banker = Shape(lines=(Lines(legs=(1, 2), sizes=(1,), bankers=(0,)),))
    led = await world.wish(player, *legs_of("ABC"), units=2, shape=banker)
    await world.process()

    await world.score(events[0], 0, 1)
    await world.settle()
    assert await state_of(world, player, led) == (BetState.SETTLED, 0)
    assert await state_of(world, player, bet_id) == (BetState.ACCEPTED, None)
    await world.score(events[1], 0, 1)
    await world.settle()

    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 0)
    # What nobody settles any more changes nothing when it ends.
    await world.score(events[2], 5, 0)
    await world.settle()
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 0)
    await the_record_agrees(world)


async def test_legs_of_one_market_on_lines_apart_are_a_bet_that_waits_for_it_once(
    world: World,
) -> None:
    player = await world.player(units=100)
    events = [await world.event(name) for name in "AB"]
    home, away = (selection("A", MarketKind.MATCH_RESULT, code) for code in ("home", "away"))
    # Home with B, and away with B: two doubles, of which one can win.
    doubles = Shape(lines=(Lines(legs=(0, 1), sizes=(1,), bankers=(2,)),))
    bet_id = await world.wish(player, home, away, *legs_of("B"), units=4, shape=doubles)
    await world.process()
    assert await state_of(world, player, bet_id) == (BetState.ACCEPTED, None)

    await world.score(events[0], 0, 1)
    await world.score(events[1], 1, 0)
    await world.settle()

    # 2 at 2.9 x 2.5.
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 14_50)
    assert await world.balance(player) == (96 * UNIT + 14_500_000, 0)
    await the_record_agrees(world)


async def test_a_system_that_is_void_as_a_whole_releases_its_stake(world: World) -> None:
    player = await world.player(units=100)
    events = [await world.event(name) for name in "ABCD"]
    bet_id = await world.wish(player, *legs_of("ABCD"), units=15, shape=named("lucky15"))
    await world.process()

    for event in events:
        await world.abandon(event)
    await world.settle()

    assert await state_of(world, player, bet_id) == (BetState.VOIDED, 15_00)
    assert await world.balance(player) == (100 * UNIT, 0)
    await the_record_agrees(world)


async def test_an_accepted_bet_tells_its_lines_and_its_rules_and_a_refused_one_its_lines(
    world: World,
) -> None:
    player = await world.player(units=10)
    for name in "ABC":
        await world.event(name)
    shape = named("trixie")
    taken = await world.wish(player, *legs_of("ABC"), units=4, shape=shape)
    related = (*legs_of("AB"), selection("A", TOTAL, "over"))
    refused = await world.wish(player, *related, units=4, shape=shape)
    await world.process()

    (accepted,) = await world.facts(shard_of(player), "bet.accepted")
    (no,) = await world.facts(shard_of(player), "bet.refused")
    told = {"bet_type": "trixie", "lines": [{"legs": [0, 1, 2], "sizes": [2, 3]}]}
    assert (accepted["bet_id"], accepted["shape"], accepted["rules"]) == (
        taken,
        told,
        "settlement.v4",
    )
    assert (no["bet_id"], no["reason"], no["shape"]) == (refused, "related_legs", told)
    bet = await world.bet(player, taken)
    assert (bet.shape, bet.rules) == (shape, "settlement.v4")
    assert (await world.bet(player, refused)).shape == shape
    await the_record_agrees(world)


async def test_what_was_accepted_before_there_were_lines_is_settled_under_the_first_rules(
    world: World,
) -> None:
    player, event = await world.player(units=100), await world.event("A")
    bet_id = await world.wish(player, *legs_of("A"), units=10)
    await world.process()
    async with world.database.transaction() as tx:
        await tx.execute("UPDATE bet SET rules = DEFAULT")

    world.clock.advance(timedelta(hours=1))
    await world.score(event, 1, 0)
    await world.settle()

    (settled,) = await world.facts(shard_of(player), "bet.settled")
    assert (settled["bet_id"], settled["rules"]) == (bet_id, RULES_FIRST)
    assert await state_of(world, player, bet_id) == (BetState.SETTLED, 25_00)
