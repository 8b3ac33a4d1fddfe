"""Promises about markets of which things were said that cannot all be true: none of them pays."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from integration.sportsbook.test_reports import agrees, result, say, status_of
from integration.sportsbook.world import UNIT, World, market, selection
from pitboss.db import Database
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import settlement
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.catalog.model import MarketKind, MarketStatus
from pitboss.sportsbook.settlement.model import (
    LOST,
    VOID,
    WON,
    Authority,
    Preview,
    Recorded,
    Refusal,
    Refused,
    Report,
    ResultReport,
    Rollback,
    Said,
    SelectionResult,
)

ONE_X_TWO = MarketKind.MATCH_RESULT
ACCEPTED, SETTLED = BetState.ACCEPTED, BetState.SETTLED
MINUTE = timedelta(minutes=1)
CODES = ("home", "draw", "away")


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def bets_on(world: World, player: PlayerId) -> dict[str, BetId]:
    """Have a player bet on each side of an event."""
    await world.event("A")
    bets = {
        code: await world.wish(player, selection("A", ONE_X_TWO, code), units=10) for code in CODES
    }
    await world.process()
    return bets


async def returned(world: World, player: PlayerId, bets: dict[str, BetId]) -> list[int | None]:
    """Return what each bet has returned; nothing while it is open."""
    return [(await world.bet(player, bets[code])).returns_micros for code in CODES]


def by_staff(report: ResultReport) -> ResultReport:
    return ResultReport(
        market_id=report.market_id,
        source="staff",
        reported_at=report.reported_at,
        results=report.results,
        authority=Authority.STAFF,
    )


async def test_of_two_winners_none_is_paid_and_the_first_is_taken_back_until_one_has_lost(
    world: World,
) -> None:
    player = await world.player(units=100)
    bets, at = await bets_on(world, player), world.clock.now()

    await say(world, result("A", at, home=WON))
    await world.settle()
    first = await returned(world, player, bets), await world.balance(player)
    (torn,) = await say(world, result("A", at + MINUTE, away=WON))
    await world.settle()
    between = await returned(world, player, bets), await world.balance(player)
    await agrees(world)
    (healed,) = await say(world, result("A", at + 2 * MINUTE, home=LOST, draw=LOST))
    await world.settle()

    # 10 of the three stakes were taken with the first, 20 are held for the others.
    assert first == ([25 * UNIT, None, None], (115 * UNIT, 20 * UNIT))
    assert torn == Recorded(changed=True, torn=True)
    assert between == ([None, None, None], (90 * UNIT, 20 * UNIT))
    assert healed == Recorded(changed=True)
    assert await returned(world, player, bets) == [0, 0, 29 * UNIT]
    assert await world.balance(player) == (99 * UNIT, 0)
    assert set((await world.totals()).values()) == {0}
    assert await status_of(world, "A") is MarketStatus.CLOSED
    await agrees(world)


async def test_all_that_have_lost_one_by_one_wait_and_nobody_bets_on_the_last(world: World) -> None:
    player = await world.player(units=100)
    bets, at = await bets_on(world, player), world.clock.now()

    for number, code in enumerate(CODES):
        await say(world, result("A", at + number * MINUTE, **{code: LOST}))
        await world.settle()
    late = await world.wish(player, selection("A", ONE_X_TWO, "away"))
    await world.process()
    waiting = await returned(world, player, bets)
    await say(world, result("A", at + 5 * MINUTE, draw=WON))
    await world.settle()

    assert waiting == [None, None, None]
    assert (await world.bet(player, late)).refusal == "market_not_open"
    assert await returned(world, player, bets) == [0, 32 * UNIT, 0]
    await agrees(world)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_whatever_comes_first_the_same_is_paid(world: World, order: tuple[int, ...]) -> None:
    player = await world.player(units=100)
    bets, at = await bets_on(world, player), world.clock.now()
    said: list[Report] = [
        result("A", at, home=WON, draw=LOST),
        result("A", at + MINUTE, away=WON),
        Rollback(
            market_id=market("A", ONE_X_TWO),
            source="uof:1",
            reported_at=at,
            selections=(selection("A", ONE_X_TWO, "home"),),
        ),
    ]

    for place in order:
        await say(world, said[place])
        await world.settle()

    assert await returned(world, player, bets) == [None, 0, 29 * UNIT]
    await agrees(world)


async def test_what_staff_say_heals_it_and_a_feed_does_not_tear_it_again(world: World) -> None:
    player = await world.player(units=100)
    bets, at = await bets_on(world, player), world.clock.now()
    await say(world, result("A", at, home=WON), result("A", at + MINUTE, away=WON))
    await world.settle()

    (theirs,) = await say(world, by_staff(result("A", at + MINUTE, home=WON)))
    await world.settle()
    half = await returned(world, player, bets)
    (again,) = await say(world, result("A", at + 2 * MINUTE, away=WON))
    await say(world, result("A", at + 3 * MINUTE, away=LOST, draw=LOST))
    await world.settle()

    assert theirs == Recorded(changed=True)
    assert half == [25 * UNIT, None, None]
    assert again == Refused(reason=Refusal.AGAINST_STAFF)
    assert await returned(world, player, bets) == [25 * UNIT, 0, 0]
    await agrees(world)


async def test_a_score_heals_it(world: World) -> None:
    player = await world.player(units=100)
    event_id = await world.event("A")
    bet = await world.wish(player, selection("A", ONE_X_TWO, "home"), units=10)
    await world.process()
    at = world.clock.now()
    await say(world, result("A", at, home=WON), result("A", at + MINUTE, away=WON))
    world.clock.advance(5 * MINUTE)

    assert await world.score(event_id, 2, 0) == Recorded(changed=True)
    await world.settle()

    assert (await world.bet(player, bet)).returns_micros == 25 * UNIT
    await agrees(world)


async def test_those_who_tie_and_stakes_that_come_back_are_paid(world: World) -> None:
    player = await world.player(units=100)
    bets, at = await bets_on(world, player), world.clock.now()

    answers = await say(
        world,
        result("A", at, home=WON),
        result("A", at + MINUTE, away=VOID),
        result("A", at + 2 * MINUTE, draw=LOST),
    )
    await world.settle()

    assert [isinstance(item, Recorded) and item.torn for item in answers] == [False] * 3
    assert await returned(world, player, bets) == [25 * UNIT, 0, 10 * UNIT]
    await agrees(world)


async def test_a_preview_shows_that_a_correction_would_tear_the_market(world: World) -> None:
    player = await world.player(units=100)
    bets, at = await bets_on(world, player), world.clock.now()
    await say(world, by_staff(result("A", at, home=WON)))
    await world.settle()
    world.clock.advance(5 * MINUTE)
    wish = Said(
        source="staff",
        authority=Authority.STAFF,
        results=(told("away"),),
    )

    async with world.database.moment() as tx:
        shown = await settlement.preview(tx, market("A", ONE_X_TWO), wish, now=world.clock.now())
    assert isinstance(shown, Preview)
    async with world.turn(CATALOGUE_SHARD) as turn:
        answer = await settlement.record_as_shown(
            turn, market("A", ONE_X_TWO), wish, version=shown.version
        )
        again = await settlement.record_as_shown(
            turn, market("A", ONE_X_TWO), wish, version=shown.version
        )
    await world.settle()

    assert [item.selection_id for item in shown.torn] == [
        selection("A", ONE_X_TWO, code) for code in ("home", "away")
    ]
    assert (shown.opened, shown.sums["EUR"].lost_micros) == (1, 25 * UNIT)
    assert answer == Recorded(changed=True, torn=True)
    assert again == Recorded(changed=False, torn=True)
    assert await returned(world, player, bets) == [None, None, None]
    await agrees(world)


async def test_what_was_said_before_it_was_kept_how_many_may_win_counts_as_it_did(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = await world.player(units=100)
    bets, at = await bets_on(world, player), world.clock.now()
    with monkeypatch.context() as before:
        before.setattr("pitboss.sportsbook.settlement.rules.said_in", lambda _, said: said)
        await say(world, result("A", at, home=WON), result("A", at + MINUTE, away=WON))
    await world.settle()
    both = await returned(world, player, bets)
    await agrees(world)

    repeated = await say(world, result("A", at + MINUTE, away=WON))
    await say(world, result("A", at + 2 * MINUTE, draw=LOST))
    await world.settle()

    assert both == [25 * UNIT, None, 29 * UNIT]
    assert repeated == (Recorded(changed=False),)
    assert await returned(world, player, bets) == [None, 0, None]
    await agrees(world)


async def test_what_tears_a_market_stands_in_its_fact(world: World) -> None:
    await world.event("A")
    at = world.clock.now()

    await say(world, result("A", at, home=WON), result("A", at + MINUTE, away=WON))

    told_of = await world.facts(CATALOGUE_SHARD, "market.resulted")
    assert [fact["one_of"] for fact in told_of] == [3, 3]
    async with world.database.reading() as tx:
        effect = settlement.weigh(await settlement.find_versions(tx, market("A", ONE_X_TWO)))
    assert effect.results == ()
    assert [item.selection_id for item in effect.torn] == [
        selection("A", ONE_X_TWO, code) for code in ("home", "away")
    ]


def told(code: str) -> SelectionResult:
    return WON.told_of(selection("A", ONE_X_TWO, code))
