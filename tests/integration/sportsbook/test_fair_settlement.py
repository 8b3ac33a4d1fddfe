"""A market with very many bets keeps nobody else waiting."""

from __future__ import annotations

import pytest

from integration.sportsbook.world import World, selection
from pitboss.db import Database
from pitboss.kernel.ids import BetId
from pitboss.kernel.shards import Partition, partition_of, shard_of
from pitboss.sportsbook import settlement
from pitboss.sportsbook.betting.model import RULES_NOW, BetState
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.workers.settlement import Settler

MANY = 60
STEP = 10


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def test_a_small_market_is_settled_in_the_first_step_beside_a_large_one(
    world: World,
) -> None:
    large, small = await world.event("large"), await world.event("small")
    crowd = await world.player(units=10_000)
    partition = partition_of(shard_of(crowd))
    many = [
        await world.wish(crowd, selection("large", MarketKind.MATCH_RESULT, "home"))
        for _ in range(MANY)
    ]
    one = await world.wish(crowd, selection("small", MarketKind.MATCH_RESULT, "home"))
    await world.process()
    # The large one's results come first, by number.
    await world.score(large, 1, 0)
    await world.score(small, 1, 0)

    async with world.database.transaction() as tx:
        looked_at = await settlement.settle_waiting(
            tx, partition, now=world.clock.now(), entropy=world.entropy, limit=STEP
        )

    assert looked_at is not None
    assert looked_at <= STEP
    assert (await world.bet(crowd, one)).state is BetState.SETTLED
    states = [(await world.bet(crowd, bet_id)).state for bet_id in many]
    # What the small markets left of the step went to the large one.
    assert states.count(BetState.SETTLED) == STEP - 1
    await world.settle(limit=STEP)
    assert [(await world.bet(crowd, bet_id)).state for bet_id in many] == [BetState.SETTLED] * MANY


async def test_more_results_than_a_step_looks_at_are_all_settled(world: World) -> None:
    player = await world.player(units=10_000)
    events = [await world.event(f"e{number}") for number in range(30)]
    bets = [
        await world.wish(player, selection(f"e{number}", MarketKind.MATCH_RESULT, "home"))
        for number in range(30)
    ]
    await world.process()
    for event in events:
        await world.score(event, 0, 1)

    await world.settle(limit=7)

    assert {(await world.bet(player, bet_id)).returns_micros for bet_id in bets} == {0}
    async with world.database.reading() as tx:
        assert set((await settlement.find_lags(tx)).values()) == {0}


async def test_what_rested_goes_on_beside_as_many_results_as_a_step_looks_at(world: World) -> None:
    player = await world.player(units=10_000)
    events = [await world.event(f"e{number}") for number in range(80)]
    broken, *bets = [
        await world.wish(player, selection(f"e{number}", MarketKind.MATCH_RESULT, "home"))
        for number in range(80)
        for _ in range(1 if number == 0 else 5)
    ]
    await world.process()
    await give_rules(world, broken, "settlement.v99")
    settler = settler_of(world, partition_of(shard_of(player)))
    await world.score(events[0], 1, 0)
    while await settler.step() is not None:
        pass
    # One result rests with its bet, and so many others are begun that a step is full of them.
    for event in events[1:]:
        await world.score(event, 1, 0)
    for _ in range(3):
        settler.batch_max = 4
        await settler.step()

    # Somebody has mended what broke, and started the process again.
    await give_rules(world, broken, RULES_NOW)
    settler = settler_of(world, partition_of(shard_of(player)))
    while await settler.step() is not None:
        pass

    states = {(await world.bet(player, bet_id)).state for bet_id in (broken, *bets)}
    assert states == {BetState.SETTLED}


async def give_rules(world: World, bet_id: BetId, version: str) -> None:
    async with world.database.transaction() as tx:
        await tx.execute("UPDATE bet SET rules = $2 WHERE bet_id = $1", bet_id, version)


def settler_of(world: World, partition: Partition) -> Settler:
    return Settler(
        partition=partition, database=world.database, clock=world.clock, entropy=world.entropy
    )
