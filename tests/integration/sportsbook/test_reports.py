"""Promises about what is said of markets: results by selection, cancels, and what bets become."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TypeVar

import pytest

from integration.sportsbook.world import KICK_OFF, UNIT, Given, World, market, selection
from pitboss.audit import rebuild, replay
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.audit.reading.ports import Lot, Work
from pitboss.db import Database, Transaction
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import catalog, settlement
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.catalog.model import MarketKind, MarketStatus
from pitboss.sportsbook.settlement.model import (
    HALF_WON,
    LOST,
    WON,
    Answer,
    Cancel,
    Recorded,
    Refusal,
    Refused,
    Report,
    Result,
    ResultReport,
    Rollback,
)

ONE_X_TWO = MarketKind.MATCH_RESULT
ACCEPTED, SETTLED, VOIDED = BetState.ACCEPTED, BetState.SETTLED, BetState.VOIDED
MINUTE = timedelta(minutes=1)

T = TypeVar("T")


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def say(world: World, *reports: Report, certainty_min: int = 1) -> tuple[Answer, ...]:
    async with world.turn(CATALOGUE_SHARD) as turn:
        return await settlement.record_results(turn, reports, certainty_min=certainty_min)


def result(name: str, at: datetime, **endings: Result | None) -> ResultReport:
    return ResultReport(
        market_id=market(name, ONE_X_TWO),
        source="uof:1",
        reported_at=at,
        results={selection(name, ONE_X_TWO, code): ending for code, ending in endings.items()},
    )


async def agrees(world: World) -> None:
    """Hold the tables and every settlement against the facts."""
    async with world.database.moment() as tx:
        report = await rebuild.check(tx, spread=_reading_what_tests_give)
        assert report.ok, report
        replayed = await replay.replay_all(tx, reader=_reader())
        assert replayed.ok, replayed.disagreements


def _reader() -> Reader:
    return Reader((*ALL_FACTS, Given))


async def _reading_what_tests_give(
    tx: Transaction, work: Work[T], lots: Iterable[Lot]
) -> AsyncIterator[tuple[Lot, T]]:
    for lot in lots:
        yield lot, await work(tx, lot, reader=_reader())  # type: ignore[call-arg] # it takes one


async def status_of(world: World, name: str) -> MarketStatus:
    async with world.database.reading() as tx:
        (found,) = await catalog.find_markets(tx, [market(name, ONE_X_TWO)])
    return found.status


async def test_selections_settle_one_by_one_and_open_ones_wait(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    bets = {
        code: await world.wish(player, selection("A", ONE_X_TWO, code), units=10)
        for code in ("home", "draw", "away")
    }
    await world.process()
    at = world.clock.now()

    (first,) = await say(world, result("A", at, home=LOST, draw=None, away=None))
    await world.settle()
    early = {code: (await world.bet(player, bet)).state for code, bet in bets.items()}
    between = await status_of(world, "A")
    dead_heat = Result(won=True, dead_heat=Fraction(1, 2))
    (second,) = await say(world, result("A", at + MINUTE, draw=dead_heat, away=HALF_WON))
    await world.settle()

    assert (first, second) == (Recorded(changed=True), Recorded(changed=True))
    assert early == {"home": SETTLED, "draw": ACCEPTED, "away": ACCEPTED}
    assert (between, await status_of(world, "A")) == (MarketStatus.OPEN, MarketStatus.CLOSED)
    returns = {code: (await world.bet(player, bet)).returns_micros for code, bet in bets.items()}
    assert returns == {"home": 0, "draw": 16 * UNIT, "away": 19_500_000}
    await agrees(world)


async def test_a_score_that_staff_recorded_holds_against_a_feed_that_says_otherwise(
    world: World,
) -> None:
    player = await world.player(units=100)
    event_id = await world.event("A")
    home = await world.wish(player, selection("A", ONE_X_TWO, "home"))
    await world.process()
    await world.score(event_id, 2, 0)
    world.clock.advance(timedelta(seconds=1))
    now = world.clock.now()

    against, same = await say(
        world,
        result("A", now, home=LOST, draw=LOST, away=WON),
        result("A", now + MINUTE, home=WON, draw=LOST, away=LOST),
    )
    await world.settle()

    assert against == Refused(reason=Refusal.AGAINST_STAFF)
    assert same == Recorded(changed=False)
    assert (await world.bet(player, home)).returns_micros == 12_500_000
    refused = await world.facts(CATALOGUE_SHARD, "market.report_refused")
    assert [fact["reason"] for fact in refused] == ["against_staff"]
    await agrees(world)


async def test_nothing_is_bet_on_a_selection_whose_end_is_known(world: World) -> None:
    """Who has lost is bet on no more, the others are; who has won closes the market."""
    await world.event("A")
    player, now = await world.player(), world.clock.now()
    home, draw = (selection("A", ONE_X_TWO, code) for code in ("home", "draw"))

    await say(world, result("A", now, home=LOST))
    lost, other = await world.wish(player, home), await world.wish(player, draw)
    await world.process()
    await say(world, result("A", now + MINUTE, draw=WON))
    late = await world.wish(player, draw)
    await world.process()
    await world.settle()

    bets = [await world.bet(player, bet_id) for bet_id in (lost, other, late)]
    assert [bet.refusal for bet in bets] == ["market_not_open", None, "market_not_open"]
    assert bets[1].state is SETTLED
    await agrees(world)


async def test_a_report_counts_once_however_often_and_late_it_comes(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    await world.wish(player, selection("A", ONE_X_TWO, "home"), units=10)
    await world.process()
    at = world.clock.now()
    wrong = result("A", at, home=LOST, draw=WON, away=LOST)
    undone = Rollback(market_id=wrong.market_id, source="uof:1", reported_at=at + MINUTE)
    right = result("A", at + 2 * MINUTE, home=WON, draw=LOST, away=LOST)

    # The feed tells the newest first, and some of it twice.
    answers = await say(world, right, undone, right, wrong, undone)
    settled = await world.settle()
    again = await say(world, right, undone, wrong)
    settled += await world.settle()

    assert [isinstance(item, Recorded) and item.changed for item in answers] == [
        *(True, False, False, False, False)
    ]
    assert again == (Recorded(changed=False),) * 3
    assert settled == 1
    assert await world.balance(player) == (115 * UNIT, 0)
    assert [fact["version"] for fact in await world.facts(CATALOGUE_SHARD, "market.resulted")] == [
        *(1, 3)
    ]
    await agrees(world)


async def test_a_cancel_is_for_the_bets_of_its_window(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    bets = []
    for _ in range(4):
        world.clock.advance(MINUTE)
        bets.append(await world.wish(player, selection("A", ONE_X_TWO, "home"), units=10))
        await world.process()
    accepted = [(await world.bet(player, bet)).decided_at for bet in bets]

    await say(
        world,
        Cancel(
            market_id=market("A", ONE_X_TWO),
            source="uof:1",
            reported_at=world.clock.now(),
            from_at=accepted[1],
            until=accepted[2],
        ),
    )
    await world.settle()
    cancelled = [(await world.bet(player, bet)).state for bet in bets]
    await say(world, result("A", world.clock.now(), home=WON, draw=LOST, away=LOST))
    await world.settle()

    assert cancelled == [ACCEPTED, VOIDED, ACCEPTED, ACCEPTED]
    states = [(await world.bet(player, bet)).state for bet in bets]
    assert states == [SETTLED, VOIDED, SETTLED, SETTLED]
    assert await world.balance(player) == (100 * UNIT + 3 * 15 * UNIT, 0)
    await agrees(world)


async def test_a_leg_in_a_cancelled_window_is_left_out_of_an_accumulator(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    event_b = await world.event("B")
    legs = [selection(name, ONE_X_TWO, "home") for name in "AB"]
    bet = await world.wish(player, *legs, units=10)
    await world.process()

    cancel = Cancel(market_id=market("A", ONE_X_TWO), source="uof:1", reported_at=world.clock.now())
    await say(world, cancel)
    await say(world, result("A", world.clock.now(), home=LOST, draw=WON, away=LOST))
    await world.score(event_b, 1, 0)
    await world.settle()

    assert (await world.bet(player, bet)).returns_micros == 25 * UNIT
    assert await status_of(world, "A") is MarketStatus.CLOSED
    await agrees(world)


async def test_what_cannot_be_said_is_refused_and_told(world: World) -> None:
    await world.event("A")
    at = world.clock.now()
    said = result("A", at, home=WON, draw=None, away=None)
    reports = [
        said,
        result("A", at, home=LOST),
        result("B", at, home=WON),
        result("A", KICK_OFF + timedelta(days=30), home=LOST),
    ]

    answers = await say(world, *reports)

    assert answers == (
        Recorded(changed=True),
        Refused(reason=Refusal.CONTRADICTS_ITSELF),
        Refused(reason=Refusal.UNKNOWN_MARKET),
        Refused(reason=Refusal.FROM_THE_FUTURE),
    )
    told = await world.facts(CATALOGUE_SHARD, "market.report_refused")
    assert [(fact["source"], fact["reason"]) for fact in told] == [
        ("uof:1", "contradicts_itself"),
        ("uof:1", "unknown_market"),
        ("uof:1", "from_the_future"),
    ]
    await agrees(world)


async def test_a_result_waits_to_be_confirmed_where_that_is_asked(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    bet = await world.wish(player, selection("A", ONE_X_TWO, "home"), units=10)
    await world.process()
    at = world.clock.now()
    unsure = ResultReport(
        market_id=market("A", ONE_X_TWO),
        source="uof:1",
        reported_at=at,
        results=result("A", at, home=WON, draw=LOST, away=LOST).results,
        certainty=1,
    )

    first = await say(world, unsure, certainty_min=2)
    await world.settle()
    waiting = (await world.bet(player, bet)).state
    second = await say(
        world, result("A", at + MINUTE, home=WON, draw=LOST, away=LOST), certainty_min=2
    )
    await world.settle()

    assert (first, second) == ((Recorded(changed=False),), (Recorded(changed=True),))
    assert (waiting, (await world.bet(player, bet)).state) == (ACCEPTED, SETTLED)
    await agrees(world)
