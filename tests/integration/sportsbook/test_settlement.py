"""Promises of settlement on a real database: what is paid, when, once, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import asyncpg
import pytest

from integration.sportsbook.world import UNIT, World, legs_of, selection
from pitboss.db import Database
from pitboss.kernel.ids import BetId, EventId, derived_id
from pitboss.kernel.money import Rounding
from pitboss.kernel.shards import CATALOGUE_SHARD, shard_of
from pitboss.sportsbook import betting, settlement
from pitboss.sportsbook.betting.model import BetState, stake_account
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.model import (
    Leg,
    Recorded,
    Refusal,
    Refused,
    Result,
    Score,
    ScoreReport,
    Settled,
    Terms,
    Unsettled,
)
from pitboss.wallet.model import player_account

RESULT, TOTAL, HANDICAP = (
    MarketKind.MATCH_RESULT,
    MarketKind.TOTAL_GOALS,
    MarketKind.ASIAN_HANDICAP,
)
SETTLED, VOIDED, ACCEPTED = BetState.SETTLED, BetState.VOIDED, BetState.ACCEPTED


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


@dataclass(frozen=True, slots=True)
class Case:
    """A bet of ten on one selection, how the event ended, and what comes back, in cents."""

    kind: MarketKind
    line: str | None
    code: str
    score: tuple[int, int] | None
    cents: int

    @property
    def name(self) -> str:
        """A name that no other case has."""
        return f"{self.kind} {self.line} {self.code} {self.score}"


# At the prices of this world: 1X2 2.50 / 3.20 / 2.90, over 1.90, under 1.95, home 2.05, away 1.85.
CASES = (
    Case(RESULT, None, "home", (1, 0), 25_00),
    Case(RESULT, None, "home", (0, 0), 0),
    Case(RESULT, None, "draw", (2, 2), 32_00),
    Case(RESULT, None, "away", (0, 3), 29_00),
    Case(RESULT, None, "away", (3, 0), 0),
    Case(RESULT, None, "draw", None, 10_00),
    Case(TOTAL, "2.5", "over", (2, 1), 19_00),
    Case(TOTAL, "2.5", "over", (1, 1), 0),
    Case(TOTAL, "2.5", "under", (1, 1), 19_50),
    # A whole line that is met gives the stake back.
    Case(TOTAL, "2", "over", (1, 1), 10_00),
    Case(TOTAL, "2", "under", (1, 1), 10_00),
    # Quarter lines: half the stake on each of the neighbours.
    Case(TOTAL, "2.25", "over", (1, 1), 5_00),
    Case(TOTAL, "2.25", "under", (1, 1), 14_75),
    Case(TOTAL, "2.75", "over", (3, 0), 14_50),
    Case(TOTAL, "2.75", "under", (3, 0), 5_00),
    Case(TOTAL, "2.75", "over", (3, 1), 19_00),
    Case(TOTAL, "2.25", "over", None, 10_00),
    Case(HANDICAP, "-0.5", "home", (1, 0), 20_50),
    Case(HANDICAP, "-0.5", "home", (0, 0), 0),
    Case(HANDICAP, "-0.5", "away", (0, 0), 18_50),
    Case(HANDICAP, "-1", "home", (1, 0), 10_00),
    Case(HANDICAP, "-1", "away", (2, 1), 10_00),
    Case(HANDICAP, "0", "away", (1, 1), 10_00),
    Case(HANDICAP, "-0.75", "home", (1, 0), 15_25),
    Case(HANDICAP, "-0.75", "away", (1, 0), 5_00),
    Case(HANDICAP, "-0.25", "home", (2, 2), 5_00),
    Case(HANDICAP, "-0.25", "away", (2, 2), 14_25),
    Case(HANDICAP, "+1.25", "home", (0, 1), 15_25),
    Case(HANDICAP, "+1.25", "away", (0, 1), 5_00),
    Case(HANDICAP, "-0.75", "away", None, 10_00),
)


async def test_every_kind_of_market_pays_what_its_rules_say(world: World) -> None:
    player = await world.player(units=1_000)
    events, bets = {}, {}
    for case in CASES:
        line = Fraction(case.line or 0)
        events[case] = await world.event(case.name, total=line, handicap=line)
        wanted = selection(case.name, case.kind, case.code)
        bets[case] = await world.wish(player, wanted, units=10)
    await world.process()
    for case, event_id in events.items():
        await report(world, event_id, case.score)

    await world.settle()

    for case, bet_id in bets.items():
        bet = await world.bet(player, bet_id)
        assert (case, bet.returns_micros) == (case, case.cents * UNIT // 100)
        # Only a bet that is void as a whole is voided, not one whose winnings happen to be none.
        returned = case.score is None or case.cents == 10_00
        assert bet.state is (VOIDED if returned else SETTLED)
    won = sum(case.cents for case in CASES) - 10_00 * len(CASES)
    assert await world.balance(player) == (1_000 * UNIT + won * UNIT // 100, 0)
    assert await world.totals() == {"EUR": 0}


async def test_a_settled_bet_is_told_with_what_it_rests_on(world: World) -> None:
    player = await world.player(units=100)
    event_id = await world.event("A")
    bet_id = await world.wish(player, selection("A", HANDICAP, "home"), units=10)
    await world.process()

    await world.score(event_id, 1, 0)
    await world.settle()

    (fact,) = await world.facts(shard_of(player), "bet.settled")
    account = player_account(player, "EUR")
    house = stake_account(shard_of(player), "EUR")
    assert fact == {
        "type": "bet.settled",
        "bet_id": bet_id,
        "player_id": player,
        "returns_micros": 15_250_000,
        "currency": "EUR",
        "voided": False,
        "rules": "settlement.v4",
        "rounding": Rounding.DOWN_V1,
        "results": [
            {
                "selection_id": selection("A", HANDICAP, "home"),
                "won": True,
                "void_share": "1/2",
                "dead_heat": "1",
            }
        ],
        "result_nos": [3],
        "movements": [
            {
                "kind": "post",
                "key": bet_id,
                "hold": bet_id,
                "micros": 10 * UNIT,
                "currency": "EUR",
                "debit": account,
                "credit": house,
            },
            {
                "kind": "transfer",
                "key": derived_id("returns", bet_id),
                "micros": 15_250_000,
                "currency": "EUR",
                "debit": house,
                "credit": account,
            },
        ],
    }


async def test_a_lost_bet_moves_its_stake_and_a_void_one_moves_nothing(world: World) -> None:
    player = await world.player(units=100)
    lost, void = await world.event("lost"), await world.event("void")
    await world.wish(player, selection("lost", RESULT, "away"), units=10)
    await world.wish(player, selection("void", RESULT, "away"), units=10)
    await world.process()

    await world.score(lost, 1, 0)
    await world.abandon(void)
    await world.settle()

    told = await world.facts(shard_of(player), "bet.settled")
    kinds = [[item["kind"] for item in fact["movements"]] for fact in told]  # type: ignore[attr-defined] # a list
    assert sorted(kinds) == [["post"], ["void"]]
    assert await world.balance(player) == (90 * UNIT, 0)


async def test_replaying_a_bet_from_its_terms_gives_what_was_booked(world: World) -> None:
    player = await world.player(units=100)
    events = [await world.event(name) for name in "AB"]
    legs = [selection("A", RESULT, "home"), selection("B", TOTAL, "over")]
    bet_id = await world.wish(player, *legs, units=7)
    await world.process()
    for event_id in events:
        await world.score(event_id, 3, 1)
    await world.settle()

    bet = await world.bet(player, bet_id)
    async with world.database.reading() as tx:
        results = await settlement.find_results(tx, [leg.market_id for leg in bet.legs])
        lags = await settlement.find_lags(tx)
    terms = Terms(
        bet_id=bet.id,
        stake_micros=bet.stake_micros,
        minor_unit_micros=10_000,
        rounding=bet.rounding,
        legs=tuple(Leg(selection_id=leg.selection_id, price=leg.price_exact) for leg in bet.legs),
    )
    outcomes = {
        item.selection_id: Result.of(item)
        for result in results.values()
        for item in result.selections
    }

    assert settlement.replay(terms, outcomes, version=bet.rules) == Settled(
        bet_id=bet_id, returns_micros=bet.returns_micros or 0, voided=False
    )
    assert bet.returns_micros == 33_250_000
    waits = settlement.replay(terms, {}, version=bet.rules)
    assert waits == Unsettled(bet_id=bet_id, waiting_for=tuple(legs))
    assert set(lags.values()) == {0}


async def test_an_accumulator_waits_for_all_its_markets(world: World) -> None:
    player = await world.player(units=100)
    events = [await world.event(name) for name in "ABC"]
    bet_id = await world.wish(player, *legs_of("ABC"), units=10)
    await world.process()

    states = []
    for event_id in events:
        await world.score(event_id, 1, 0)
        await world.settle()
        states.append((await world.bet(player, bet_id)).state)

    assert states == [ACCEPTED, ACCEPTED, SETTLED]
    # 10 * 2.5 * 2.5 * 2.5, cut to whole cents.
    assert (await world.bet(player, bet_id)).returns_micros == 156_250_000
    assert await world.balance(player) == (246_250_000, 0)


async def test_one_lost_leg_loses_an_accumulator_at_once_and_for_good(world: World) -> None:
    player = await world.player(units=100)
    events = [await world.event(name) for name in "ABC"]
    bet_id = await world.wish(player, *legs_of("ABC"), units=10)
    await world.process()

    await world.score(events[1], 0, 1)
    await world.settle()
    lost = await world.bet(player, bet_id)
    for event_id in (events[0], events[2]):
        await world.score(event_id, 1, 0)
    await world.settle()

    assert (lost.state, lost.returns_micros) == (SETTLED, 0)
    assert await world.bet(player, bet_id) == lost
    assert await world.balance(player) == (90 * UNIT, 0)
    assert len(await world.facts(shard_of(player), "bet.settled")) == 1


async def test_a_void_leg_is_left_out_and_a_bet_of_void_legs_is_void(world: World) -> None:
    player = await world.player(units=100)
    events = [await world.event(name) for name in "ABC"]
    some = await world.wish(player, *legs_of("ABC"), units=10)
    all_void = await world.wish(player, *legs_of("AC"), units=10)
    await world.process()

    await world.abandon(events[0])
    await world.score(events[1], 1, 0)
    await world.abandon(events[2])
    await world.settle()

    bets = [await world.bet(player, bet_id) for bet_id in (some, all_void)]
    assert [(bet.state, bet.returns_micros) for bet in bets] == [
        (SETTLED, 25 * UNIT),
        (VOIDED, 10 * UNIT),
    ]
    assert await world.balance(player) == (115 * UNIT, 0)


async def test_a_result_is_recorded_once_and_another_one_refused(world: World) -> None:
    event_id = await world.event("A")
    nobodys = EventId(derived_id("event", "nobody's"))
    first = ScoreReport(event_id=event_id, score=Score(home=1, away=0))
    other = ScoreReport(event_id=event_id, score=Score(home=2, away=0))

    async with world.turn(CATALOGUE_SHARD) as turn:
        batch = await settlement.record_scores(turn, [first, first, other])
    answers = [
        await world.score(event_id, 1, 0),
        await world.score(event_id, 2, 0),
        await world.abandon(event_id),
        await world.score(nobodys, 1, 0),
    ]

    another = Refused(reason=Refusal.ANOTHER_RESULT)
    assert batch == (Recorded(changed=True), Recorded(changed=False), another)
    assert answers == [
        Recorded(changed=False),
        another,
        another,
        Refused(reason=Refusal.UNKNOWN_EVENT),
    ]
    told = await world.facts(CATALOGUE_SHARD, "market.resulted")
    assert [(fact["no"], fact["score"]) for fact in told] == [(1, "1-0"), (2, "1-0"), (3, "1-0")]
    refused = await world.facts(CATALOGUE_SHARD, "result.refused")
    assert [(fact["score"], fact["reason"]) for fact in refused] == [
        ("2-0", "another_result"),
        ("2-0", "another_result"),
        (None, "another_result"),
        ("1-0", "unknown_event"),
    ]


async def test_a_market_with_a_result_takes_no_more_bets(world: World) -> None:
    player = await world.player(units=100)
    event_id = await world.event("A")
    await world.score(event_id, 1, 0)

    bets = [await world.wish(player, selection("A", kind, kind.codes[0])) for kind in MarketKind]
    await world.process()
    await world.settle()

    refusals = {(await world.bet(player, bet_id)).refusal for bet_id in bets}
    assert refusals == {"market_not_open"}
    assert await world.balance(player) == (100 * UNIT, 0)


async def test_open_bets_and_totals_are_shown(world: World) -> None:
    player = await world.player(units=100)
    event_id = await world.event("A")
    bet_id = await world.wish(player, *legs_of("A"), units=10)
    await world.wish(player, selection("A", RESULT, "away"), units=10)
    await world.wish(player, *legs_of("A"), tick=7)
    await world.process()

    async with world.database.reading() as tx:
        found = await betting.find_bets(tx, [(shard_of(player), bet_id)])
        nobodys = await betting.find_bet(tx, shard_of(player), BetId(derived_id("bet", "none")))
        before = await betting.find_totals(tx)
    await world.score(event_id, 1, 0)
    await world.settle()
    async with world.database.reading() as tx:
        after = await betting.find_totals(tx)

    assert set(found) == {bet_id}
    assert nobodys is None
    refused = {("EUR", "refused"): (1, 5 * UNIT, 0)}
    assert before == {("EUR", "accepted"): (2, 20 * UNIT, 0)} | refused
    assert after == {("EUR", "settled"): (2, 20 * UNIT, 25 * UNIT)} | refused


@pytest.mark.parametrize(
    "change",
    ["UPDATE {} SET results = ''", "DELETE FROM {}", "TRUNCATE {}"],
)
async def test_results_are_not_changed(world: World, owned: Database, change: str) -> None:
    await world.score(await world.event("A"), 1, 0)

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        async with owned.transaction() as tx:
            await tx.execute(change.format("settlement_result"))


async def report(world: World, event_id: EventId, score: tuple[int, int] | None) -> None:
    answer = await (world.abandon(event_id) if score is None else world.score(event_id, *score))
    assert answer == Recorded(changed=True)
