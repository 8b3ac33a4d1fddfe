"""Promises about corrections: a bet returns what its results say, whatever was paid before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from integration.sportsbook.test_reports import agrees, result, say
from integration.sportsbook.world import UNIT, World, legs_of, market, selection
from pitboss import jurisdictions, wallet
from pitboss.db import Database, Transaction
from pitboss.jurisdictions.model import Shortfall
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.shards import PARTITIONS_ALL, SHARDS_ALL, shard_of
from pitboss.responsible.limits import find_totals
from pitboss.sportsbook import betting, settlement
from pitboss.sportsbook.betting.model import Bet, BetState, PastCorrection
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.model import (
    LOST,
    VOID,
    WON,
    Cancel,
    CancelRollback,
    Leg,
    Report,
    Result,
    ResultReport,
    Rollback,
    Ruling,
    Settled,
    Terms,
    Unsettled,
)
from pitboss.sportsbook.settlement.rules import effect_of, said_of
from proofs import Proves

ONE_X_TWO = MarketKind.MATCH_RESULT
ACCEPTED, SETTLED, VOIDED = BetState.ACCEPTED, BetState.SETTLED, BetState.VOIDED
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def one_step(world: World, tx: Transaction, partition: int) -> int | None:
    return await settlement.settle_waiting(
        tx, PARTITIONS_ALL[partition], now=world.clock.now(), entropy=world.entropy, limit=4
    )


async def winner(world: World, name: str, *, after: timedelta, home: bool) -> ResultReport:
    """Return a report by which the home side won, or lost against the draw."""
    at = world.clock.now() + after
    return (
        result(name, at, home=WON, draw=LOST, away=LOST)
        if home
        else result(name, at, home=LOST, draw=WON, away=LOST)
    )


async def settle(world: World, *reports: Report) -> None:
    await say(world, *reports)
    await world.settle()


async def corrections(
    world: World, player: PlayerId, bet: BetId
) -> list[tuple[int | None, int | None, str]]:
    return [
        (item.was_micros, item.returns_micros, item.cause)
        for item in await past(world, player, bet)
    ]


async def past(world: World, player: PlayerId, bet: BetId) -> list[PastCorrection]:
    async with world.database.reading() as tx:
        found = await betting.find_corrections(tx, [(shard_of(player), bet)])
    return found.get(bet, [])


async def owed(world: World, player: PlayerId) -> int:
    async with world.database.reading() as tx:
        found = await wallet.find_receivables(tx, SHARDS_ALL, owner=player)
    return sum(-account.posted for account in found)


async def spend(world: World, player: PlayerId, units: int) -> None:
    """Have a player lose so much, so that it is not there when it is asked for."""
    event = await world.event(f"lost by {player} {units}")
    wanted = selection(f"lost by {player} {units}", ONE_X_TWO, "home")
    await world.wish(player, wanted, units=units)
    await world.process()
    await world.score(event, 0, 1)
    await world.settle()


async def test_a_corrected_result_moves_the_difference_and_says_why(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    won = await world.wish(player, selection("A", ONE_X_TWO, "home"), units=10)
    lost = await world.wish(player, selection("A", ONE_X_TWO, "draw"), units=10)
    await world.process()
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    before = await world.balance(player)

    right = await winner(world, "A", after=2 * MINUTE, home=False)
    await settle(world, right, right)
    again = await world.settle()

    assert before == (105 * UNIT, 0)
    assert await world.balance(player) == (112 * UNIT, 0)
    assert again == 0
    assert await corrections(world, player, won) == [(25 * UNIT, 0, "result")]
    assert await corrections(world, player, lost) == [(0, 32 * UNIT, "result")]
    states = [(await world.bet(player, bet)).returns_micros for bet in (won, lost)]
    assert states == [0, 32 * UNIT]
    async with world.database.reading() as tx:
        played = await find_totals(tx, player)
    assert (played.settled, played.returned) == (20 * UNIT, 32 * UNIT)
    assert await world.totals() == {"EUR": 0}
    await agrees(world)


async def test_a_rolled_back_result_opens_its_bets_again(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    bet = await world.wish(player, selection("A", ONE_X_TWO, "home"), units=10)
    await world.process()
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    at = world.clock.now()

    await settle(
        world,
        Rollback(market_id=market("A", ONE_X_TWO), source="uof:1", reported_at=at + 2 * MINUTE),
    )
    opened = await world.bet(player, bet)
    between = await world.balance(player)
    await settle(world, await winner(world, "A", after=3 * MINUTE, home=True))

    assert (opened.state, opened.returns_micros, opened.settled_at) == (ACCEPTED, None, None)
    assert between == (90 * UNIT, 0)
    assert await world.balance(player) == (115 * UNIT, 0)
    assert (await world.bet(player, bet)).state is SETTLED
    assert await corrections(world, player, bet) == [
        (25 * UNIT, None, "rollback"),
        (None, 25 * UNIT, "result"),
    ]
    async with world.database.reading() as tx:
        played = await find_totals(tx, player)
    assert (played.staked, played.settled, played.returned) == (10 * UNIT, 10 * UNIT, 25 * UNIT)
    await agrees(world)


async def test_a_cancel_voids_settled_bets_and_its_rollback_gives_back_what_held(
    world: World,
) -> None:
    player = await world.player(units=100)
    await world.event("A")
    bets = [
        await world.wish(player, selection("A", ONE_X_TWO, code), units=10)
        for code in ("home", "draw")
    ]
    await world.process()
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    at, where = world.clock.now(), market("A", ONE_X_TWO)

    await settle(world, Cancel(market_id=where, source="uof:1", reported_at=at + MINUTE))
    void = [(await world.bet(player, bet)).state for bet in bets]
    between = await world.balance(player)
    await settle(
        world, CancelRollback(market_id=where, source="uof:1", reported_at=at + 2 * MINUTE)
    )

    assert (void, between) == ([VOIDED, VOIDED], (100 * UNIT, 0))
    assert await world.balance(player) == (105 * UNIT, 0)
    assert [(await world.bet(player, bet)).returns_micros for bet in bets] == [25 * UNIT, 0]
    await agrees(world)


async def test_a_bet_that_was_void_at_first_can_be_lost_by_its_result(world: World) -> None:
    player = await world.player(units=100)
    await world.event("A")
    bet = await world.wish(player, selection("A", ONE_X_TWO, "home"), units=10)
    await world.process()
    at, where = world.clock.now(), market("A", ONE_X_TWO)
    await settle(world, Cancel(market_id=where, source="uof:1", reported_at=at))

    await settle(world, CancelRollback(market_id=where, source="uof:1", reported_at=at + MINUTE))
    opened = (await world.bet(player, bet)).state, await world.balance(player)
    await settle(world, await winner(world, "A", after=2 * MINUTE, home=False))

    assert opened == (ACCEPTED, (90 * UNIT, 0))
    assert await world.balance(player) == (90 * UNIT, 0)
    assert (await world.bet(player, bet)).state is SETTLED
    await agrees(world)


async def test_what_a_player_does_not_have_is_owed_and_paid_from_the_next_win(
    world: World,
) -> None:
    player = await world.player(units=10)
    await world.event("A")
    await world.event("B")
    await world.wish(player, selection("A", ONE_X_TWO, "home"), units=10)
    await world.process()
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    await spend(world, player, 15)
    await world.wish(player, selection("B", ONE_X_TWO, "home"), units=8)
    await world.process()

    await settle(world, await winner(world, "A", after=2 * MINUTE, home=False))
    debt, purse = await owed(world, player), await world.balance(player)
    await settle(world, await winner(world, "B", after=2 * MINUTE, home=True))

    # 25 are to be taken back, and of 10 units 2 are there: 8 are held for the other bet.
    assert (debt, purse) == (23 * UNIT, (8 * UNIT, 8 * UNIT))
    # The other bet returns 20, and all of it goes to the debt.
    assert await owed(world, player) == 3 * UNIT
    assert await world.balance(player) == (0, 0)
    (told,) = await world.facts(shard_of(player), "receivable.collected")
    assert (told["micros"], told["left_micros"]) == (20 * UNIT, 3 * UNIT)
    assert await world.totals() == {"EUR": 0}
    await agrees(world)


async def test_a_debt_is_written_off_once(world: World) -> None:
    player = await world.player(units=10)
    await world.event("A")
    await world.wish(player, selection("A", ONE_X_TWO, "home"), units=10)
    await world.process()
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    await spend(world, player, 25)
    await settle(world, await winner(world, "A", after=2 * MINUTE, home=False))

    amounts = []
    for _ in range(2):
        async with world.turn(shard_of(player)) as turn:
            amounts.append(await wallet.write_off(turn, player, currency="EUR", reason="goodwill"))

    assert amounts == [25 * UNIT, 0]
    assert await owed(world, player) == 0
    assert await world.totals() == {"EUR": 0}
    await agrees(world)


@pytest.mark.parametrize("code", jurisdictions.codes())
async def test_who_bears_what_is_not_there_any_more_is_for_the_licence_to_say(
    world: World, monkeypatch: pytest.MonkeyPatch, code: str, proves: Proves
) -> None:
    proves("sportsbook.shortfall", code)
    demo, wanted = jurisdictions.get("demo"), jurisdictions.get(code).sportsbook.shortfall
    like_it = replace(demo, sportsbook=replace(demo.sportsbook, shortfall=wanted))
    monkeypatch.setattr(jurisdictions, "get", lambda _: like_it)
    player = await world.player(units=10)
    await world.event("A")
    bet = await world.wish(player, selection("A", ONE_X_TWO, "home"), units=10)
    await world.process()
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    await spend(world, player, 20)

    await settle(world, await winner(world, "A", after=2 * MINUTE, home=False))

    (correction,) = await past(world, player, bet)
    house, debt = (20 * UNIT, 0) if wanted is Shortfall.ABSORB else (0, 20 * UNIT)
    assert (correction.owed_micros, correction.absorbed_micros) == (debt, house)
    assert (await owed(world, player), await world.balance(player)) == (debt, (0, 0))
    assert await world.totals() == {"EUR": 0}
    await agrees(world)


async def test_a_correction_is_booked_once_however_it_is_cut_and_crashes(world: World) -> None:
    players = [await world.player(units=100) for _ in range(6)]
    await world.event("A")
    for player in players:
        for code in ("home", "draw", "away"):
            await world.wish(player, selection("A", ONE_X_TWO, code), units=5)
    await world.process()
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    await say(world, await winner(world, "A", after=2 * MINUTE, home=False))

    for partition in range(4):
        step: int | None = 0
        while step is not None:
            with pytest.raises(ZeroDivisionError):
                async with world.database.transaction() as tx:
                    await one_step(world, tx, partition)
                    raise ZeroDivisionError
            async with world.database.transaction() as tx:
                step = await one_step(world, tx, partition)

    for player in players:
        assert await world.balance(player) == (100 * UNIT - 15 * UNIT + 16 * UNIT, 0)
        assert len(await world.facts(shard_of(player), "bet.resettled")) % 2 == 0
    await agrees(world)


@pytest.mark.parametrize("seed", range(4))
async def test_in_whatever_order_it_is_said_a_player_has_what_it_comes_to(
    world: World, seed: int
) -> None:
    chance = random.Random(seed)
    player = await world.player(units=60)
    for name in "AB":
        await world.event(name)
    bets = []
    for _ in range(6):
        world.clock.advance(MINUTE)
        legs = chance.choice([legs_of("A"), legs_of("B"), legs_of("AB")])
        bets.append(await world.wish(player, *legs, units=10))
        await world.process()
    history = [said_at(chance, world, number) for number in range(10)]
    arrivals = history + chance.sample(history, 4)
    chance.shuffle(arrivals)

    for report in arrivals:
        await say(world, report)
        if chance.random() < 0.5:
            await world.settle(limit=chance.choice([1, 3, 1_000]))
    await world.settle()

    right = 60 * UNIT
    for bet_id in bets:
        bet = await world.bet(player, bet_id)
        outcome = worked_out(bet, history)
        right += (outcome.returns_micros if isinstance(outcome, Settled) else 0) - 10 * UNIT
        assert (bet.returns_micros is None) == isinstance(outcome, Unsettled)
    posted, held = await world.balance(player)
    assert posted - held - await owed(world, player) == right
    assert await world.totals() == {"EUR": 0}
    await agrees(world)


def said_at(chance: random.Random, world: World, number: int) -> Report:
    """Return something that is said of a market, later than all before it."""
    name = chance.choice("AB")
    at, where = world.clock.now() + timedelta(seconds=number), market(name, ONE_X_TWO)
    match chance.choice(["result", "result", "rollback", "cancel", "cancel rollback"]):
        case "result":
            endings = {"home": WON, "draw": LOST} if chance.random() < 0.6 else {"home": LOST}
            return result(name, at, **endings)
        case "rollback":
            return Rollback(market_id=where, source="uof:1", reported_at=at)
        case said:
            kind = Cancel if said == "cancel" else CancelRollback
            from_at = world.clock.now() - chance.randint(0, 5) * MINUTE
            until = chance.choice([None, from_at + 2 * MINUTE])
            return kind(
                market_id=where, source="uof:1", reported_at=at, from_at=from_at, until=until
            )


def worked_out(bet: Bet, history: Sequence[Report]) -> Settled | Unsettled:
    """Return what a bet comes to by all that was said, in the order in which it was said."""
    results = {}
    for leg in bet.legs:
        said = [
            Ruling(version=number, said=said_of(report), recorded_at=bet.decided_at)
            for number, report in enumerate(history, start=1)
            if report.market_id == leg.market_id
        ]
        effect = effect_of(said)
        told = {item.selection_id: Result.of(item) for item in effect.results}
        if any(window.holds(bet.decided_at) for window in effect.windows):
            results[leg.selection_id] = VOID
        elif leg.selection_id in told:
            results[leg.selection_id] = told[leg.selection_id]
    terms = Terms(
        bet_id=bet.id,
        stake_micros=bet.stake_micros,
        minor_unit_micros=10_000,
        rounding=bet.rounding,
        legs=tuple(Leg(selection_id=leg.selection_id, price=leg.price_exact) for leg in bet.legs),
        shape=bet.shape,
    )
    return settlement.replay(terms, results, version=bet.rules)


async def test_bets_that_come_back_and_a_larger_one_that_ends_are_corrected_in_one_step(
    world: World,
) -> None:
    player = await world.player(units=1_000)
    for name in "ABC":
        await world.event(name)
    large = await world.wish(player, *legs_of("AB"), units=100)
    small = [await world.wish(player, *legs_of("AC"), units=units) for units in (1, 2)]
    await world.process()
    lost = [await winner(world, name, after=timedelta(), home=False) for name in "BC"]
    await settle(world, *lost)
    world.clock.advance(MINUTE)
    back = [taken_back(world, name) for name in "BC"]
    await settle(world, back[0])
    assert (await world.bet(player, large)).state is ACCEPTED
    world.clock.advance(MINUTE)

    # On the home side of A two bets are open again, and one is over that could win more than both.
    await settle(world, back[1], await winner(world, "B", after=timedelta(), home=False))

    assert (await world.bet(player, large)).state is SETTLED
    assert {(await world.bet(player, bet)).state for bet in small} == {ACCEPTED}
    async with world.database.reading() as tx:
        (book,) = await tx.fetch(
            "SELECT bets, stake_micros FROM trading_book WHERE selection_id = $1", legs_of("A")[0]
        )
    assert tuple(book) == (2, 3 * UNIT)
    await agrees(world)


def taken_back(world: World, name: str) -> Rollback:
    """Return a rollback of all that was said of a market until a moment after now."""
    return Rollback(
        market_id=market(name, ONE_X_TWO),
        source="uof:1",
        reported_at=world.clock.now() + timedelta(seconds=1),
        selections=(),
    )
