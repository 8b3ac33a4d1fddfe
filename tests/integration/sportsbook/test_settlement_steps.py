"""Settlement step by step: small batches, crashes, twins, and bets taken meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from integration.races import RACERS, race
from integration.sportsbook.world import UNIT, World, legs_of, selection
from pitboss.db import Database, Transaction
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import PARTITIONS_ALL, partition_of, shard_of
from pitboss.sportsbook import settlement
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.catalog.model import MarketKind

SETTLED, ACCEPTED = BetState.SETTLED, BetState.ACCEPTED


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


@pytest.mark.parametrize("limit", [1, 3, 1_000])
async def test_batches_smaller_than_a_market_settle_all_of_it_once(
    world: World, limit: int
) -> None:
    players = [await world.player(units=100) for _ in range(5)]
    events = {name: await world.event(name) for name in "ABC"}
    bets = [
        (player, await world.wish(player, *legs, units=2))
        for player in players
        for legs in (*(legs_of(name) for name in "ABCA"), legs_of("AB"), legs_of("BC"))
    ]
    await world.process()
    for event_id in events.values():
        await world.score(event_id, 1, 0)

    await world.settle(limit=limit)

    returns = Counter[int | None]()
    for player, bet_id in bets:
        bet = await world.bet(player, bet_id)
        assert bet.state is SETTLED
        returns[bet.returns_micros] += 1
    assert returns == {5 * UNIT: 20, 12_500_000: 10}
    for player in players:
        assert await world.balance(player) == (100 * UNIT + 4 * 3 * UNIT + 2 * 10_500_000, 0)
    assert await settled_facts(world, players) == len(bets)
    assert await world.totals() == {"EUR": 0}


async def test_a_crash_between_two_steps_settles_nothing_twice_and_forgets_nothing(
    world: World,
) -> None:
    players = [await world.player(units=100) for _ in range(4)]
    event_id = await world.event("A")
    for player in players:
        for _ in range(5):
            await world.wish(player, *legs_of("A"), units=2)
    await world.process()
    await world.score(event_id, 1, 0)

    # Every step is done twice, and the first time dies before the commit.
    for partition in PARTITIONS_ALL:
        step: int | None = 0
        while step is not None:
            with pytest.raises(ZeroDivisionError):
                async with world.database.transaction() as tx:
                    await settle_step(world, tx, partition, limit=3)
                    raise ZeroDivisionError
            async with world.database.transaction() as tx:
                step = await settle_step(world, tx, partition, limit=3)

    for player in players:
        assert await world.balance(player) == (100 * UNIT + 5 * 3 * UNIT, 0)
    assert await settled_facts(world, players) == 20


async def test_who_finds_a_partition_being_settled_passes_by_without_waiting(
    world: World,
) -> None:
    player = await world.player(units=100)
    event_id = await world.event("A")
    bet_id = await world.wish(player, *legs_of("A"), units=10)
    await world.process()
    await world.score(event_id, 1, 0)
    partition = partition_of(shard_of(player))

    async with world.database.transaction() as tx, world.database.transaction() as twin:
        mine = await settle_step(world, tx, partition, limit=10)
        async with asyncio.timeout(10):
            twins = await settle_step(world, twin, partition, limit=10)

    assert (mine, twins) == (1, None)
    assert (await world.bet(player, bet_id)).state is BetState.SETTLED


async def test_settling_twins_settle_each_bet_once(world: World) -> None:
    players = [await world.player(units=100) for _ in range(6)]
    events = {name: await world.event(name) for name in "AB"}
    bets = [
        (player, await world.wish(player, *legs, units=2))
        for player in players
        for legs in (legs_of("A"), legs_of("B"), legs_of("AB"), legs_of("A"))
    ]
    await world.process()
    for event_id in events.values():
        await world.score(event_id, 1, 0)

    async def settle(tx: Transaction, partitions: Sequence[int]) -> int | None:
        steps = [await settle_step(world, tx, partition, limit=2) for partition in partitions]
        return None if set(steps) == {None} else sum(step or 0 for step in steps)

    rounds = 0
    while any(
        step is not None for step in await race(world.database, [PARTITIONS_ALL] * RACERS, settle)
    ):
        rounds += 1
        assert rounds < 100

    for player, bet_id in bets:
        assert (await world.bet(player, bet_id)).state is SETTLED
    assert await settled_facts(world, players) == len(bets)
    assert await world.totals() == {"EUR": 0}


async def test_no_accepted_bet_is_forgotten_when_results_come_while_bets_are_taken(
    world: World,
) -> None:
    players = [await world.player(units=1_000) for _ in range(4)]
    names = [f"event {number}" for number in range(8)]
    events = [await world.event(name) for name in names]
    bets = [
        (
            player,
            await world.wish(player, selection(name, MarketKind.MATCH_RESULT, "home"), units=1),
        )
        for name in names
        for player in players
        for _ in range(6)
    ]
    for partition in PARTITIONS_ALL:
        processor = world.processors[partition] = world.processor(partition)
        processor.batch_max = 4
        await processor.own()

    async def take() -> None:
        while await world.process():
            pass

    async def tell() -> None:
        for event_id in reversed(events):
            await world.score(event_id, 1, 0)
            await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await asyncio.gather(take(), tell(), world.settle(limit=3))
    await world.settle(limit=3)

    states = Counter([(await world.bet(player, bet_id)).state for player, bet_id in bets])
    assert states[ACCEPTED] == 0
    assert states[SETTLED] + states[BetState.REFUSED] == len(bets)
    assert await settled_facts(world, players) == states[SETTLED]
    for player in players:
        assert (await world.balance(player))[1] == 0
    assert await world.totals() == {"EUR": 0}


async def settle_step(world: World, tx: Transaction, partition: int, *, limit: int) -> int | None:
    return await settlement.settle_waiting(
        tx,
        PARTITIONS_ALL[partition],
        now=world.clock.now(),
        entropy=SystemEntropy(),
        limit=limit,
    )


async def settled_facts(world: World, players: Sequence[PlayerId]) -> int:
    """Return how many bets were told to be settled; none may be told twice."""
    told = [
        fact["bet_id"]
        for shard in {shard_of(player) for player in players}
        for fact in await world.facts(shard, "bet.settled")
    ]
    assert len(told) == len(set(told))
    return len(told)
