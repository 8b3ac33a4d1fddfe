"""Free bets under real concurrency: corrections, slips that want the same one, and twins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from integration.races import RACERS, race, race_for_turns, shuffles
from integration.sportsbook.test_free_bets import given, usable
from integration.sportsbook.test_free_bets_corrected import (
    bet_on,
    cancelled,
    house,
    standing,
)
from integration.sportsbook.test_reports import result, say
from integration.sportsbook.test_shapes import state_of, the_record_agrees
from integration.sportsbook.world import UNIT, World, legs_of, market
from pitboss import messages
from pitboss.db import Database, Transaction
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import BetId, PlayerId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, PARTITIONS_ALL, shard_of
from pitboss.messages import Turn
from pitboss.sportsbook import betting, catalog, settlement
from pitboss.sportsbook.betting.model import BetState, PlaceBet, Placing, Shape, SlipLeg
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.model import (
    LOST,
    WON,
    Answer,
    Cancel,
    CancelRollback,
    Recorded,
    Report,
    Rollback,
)

ONE_X_TWO = MarketKind.MATCH_RESULT
ACCEPTED, SETTLED, VOIDED = BetState.ACCEPTED, BetState.SETTLED, BetState.VOIDED
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    for name in "AB":
        await made.event(name)
    return made


async def settle_all(world: World, tx: Transaction) -> None:
    """Do a step of settlement in every partition; who finds a twin at it passes by."""
    for partition in PARTITIONS_ALL:
        await settlement.settle_waiting(
            tx, partition, now=world.clock.now(), entropy=SystemEntropy(), limit=10
        )


def wanted(world: World, player: PlayerId, shape: Shape, number: int) -> Placing:
    """Return a slip on event B whose stake is the free bet."""
    return Placing(
        shard=shard_of(player),
        command=PlaceBet(
            bet_id=BetId(derived_id("rival", player, str(number))),
            player_id=player,
            currency="EUR",
            stake_micros=10 * UNIT,
            legs=(SlipLeg(selection_id=legs_of("B")[0], tick=1),),
            shape=shape,
            again=True,
        ),
        placed_at=world.clock.now(),
    )


@pytest.mark.parametrize("seed", range(4))
async def test_slips_that_want_a_free_bet_race_for_it_with_the_bet_that_takes_it_again(
    world: World, seed: int
) -> None:
    player = await world.player(units=0)
    shape = await given(world, player)
    first = await bet_on(world, player, "A", shape)
    await cancelled(world, "A", minutes=0)
    at = world.clock.now() + MINUTE
    await say(
        world,
        CancelRollback(market_id=market("A", ONE_X_TWO), source="uof:1", reported_at=at),
        result("A", at + MINUTE, home=WON, draw=LOST, away=LOST),
    )
    assert len(await usable(world, player)) == 1
    rivals = [wanted(world, player, shape, number) for number in range(RACERS // 2)]

    async def work(tx: Transaction, batch: Sequence[Placing | None]) -> None:
        for item in batch:
            if item is None:
                await settle_all(world, tx)
                continue
            async with messages.join_turn(
                tx, {item.shard}, now=world.clock.now(), actor="racer", entropy=SystemEntropy()
            ) as turn:
                await betting.place(turn, catalog.Shelf(), [item])

    runners: list[Placing | None] = [*rivals, *[None] * len(rivals)]
    (order, *_) = shuffles(runners, seed=seed)
    await race(world.database, [[item] for item in order], work)
    await world.settle()

    assert await state_of(world, player, first) == (SETTLED, 15_00)
    bets = [await world.bet(player, item.command.bet_id) for item in rivals]
    taken = [bet.id for bet in bets if bet.state is ACCEPTED]
    assert len(taken) <= 1
    assert {bet.refusal for bet in bets if bet.state is not ACCEPTED} <= {"free_bet_used"}
    assert await standing(world, shape) == [*taken, first]
    assert await usable(world, player) == []
    assert await world.balance(player) == (15 * UNIT, 0)
    assert await house(world, player) == {"promotions": -15 * UNIT}
    await the_record_agrees(world)


@pytest.mark.parametrize(("last", "returns"), [(WON, 15_00), (LOST, 0), (None, 0)])
async def test_racing_reports_and_settlers_leave_a_free_bet_as_the_last_word_has_it(
    world: World, last: object, returns: int
) -> None:
    player = await world.player(units=0)
    shape = await given(world, player)
    bet = await bet_on(world, player, "A", shape)
    at, where = world.clock.now(), market("A", ONE_X_TWO)
    moments = [at + timedelta(seconds=number) for number in range(7)]
    reports: list[Report] = [
        result("A", moments[0], home=WON),
        Rollback(market_id=where, source="uof:1", reported_at=moments[1]),
        result("A", moments[2], home=LOST),
        Cancel(market_id=where, source="uof:1", reported_at=moments[3]),
        CancelRollback(market_id=where, source="uof:1", reported_at=moments[4]),
        result("A", moments[5], home=WON if last is WON else LOST),
    ]
    if last is None:
        reports.append(Cancel(market_id=where, source="uof:1", reported_at=moments[6]))

    async def record(turn: Turn, batch: Sequence[Report]) -> tuple[Answer, ...]:
        return await settlement.record_results(turn, batch)

    async def settle(tx: Transaction, batch: Sequence[World]) -> None:
        for one in batch:
            await settle_all(one, tx)

    for number in range(len(reports)):
        # One more of them is known each time, in eight orders, and all of them settle.
        answers = await race_for_turns(
            world.database,
            shuffles(reports[: number + 1], seed=number),
            [CATALOGUE_SHARD],
            record,
            now=world.clock.now(),
        )
        assert all(isinstance(answer, Recorded) for mine in answers for answer in mine)
        await race(world.database, [[world]] * RACERS, settle)
        await world.settle()

    state = VOIDED if last is None else SETTLED
    assert await state_of(world, player, bet) == (state, returns)
    assert await world.balance(player) == (returns * 10_000, 0)
    assert await standing(world, shape) == ([] if last is None else [bet])
    # Won, open, lost, void, lost, and what comes last: each is booked once.
    told = await world.facts(shard_of(player), "bet.resettled")
    assert [fact["version"] for fact in told] == list(range(2, len(told) + 2))
    assert len(told) >= 3
    await the_record_agrees(world)
