"""Processors that race for the end of a delay: a better price for all of them passes no limit."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import pytest

from integration.sportsbook.test_delay import DELAY, HOME
from integration.sportsbook.test_delay import world as world
from integration.sportsbook.test_referral import agrees
from integration.sportsbook.test_trading import books, limit
from integration.sportsbook.world import UNIT, World
from pitboss.db import Database
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.shards import PARTITIONS_ALL
from pitboss.sportsbook.betting.model import Bet, BetState, PricePolicy
from pitboss.workers.bets import Processor

BETS, STAKE = 80, 6
BEFORE, AFTER = Fraction("2.6"), Fraction("3.1")
# Of all at the first price, and not of all at the second.
MOST = 940 * UNIT
# So much room is held by nobody: these get theirs whoever else holds some and is then refused.
ROOM = MOST - int(BETS * STAKE * UNIT * (BEFORE - 1))
SURE = ROOM // int(STAKE * UNIT * (AFTER - BEFORE))


async def race(world: World, bets: list[tuple[PlayerId, BetId]]) -> list[Bet]:
    """Let a processor for each partition decide, a few at a time, until none waits."""
    databases = [Database(world.database.url, connections_max=4) for _ in PARTITIONS_ALL]
    stop = asyncio.Event()
    racers = [
        Processor(
            partition=partition,
            owner="test",
            database=database,
            clock=world.clock,
            entropy=SystemEntropy(),
            due_max=3,
        )
        for partition, database in zip(PARTITIONS_ALL, databases, strict=True)
    ]
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        running = [group.create_task(racer.run(stop)) for racer in racers]
        while True:
            found = [await world.bet(*one) for one in bets]
            if all(bet.state is not BetState.DELAYED for bet in found):
                break
            for racer in racers:
                racer.wake.set()
            await asyncio.sleep(0.05)
        stop.set()
        for racer in racers:
            racer.wake.set()
    assert all(task.done() for task in running)
    for database in databases:
        await database.close()
    return found


@pytest.mark.parametrize("attempt", range(3))
async def test_a_price_that_rises_for_many_in_the_delay_passes_no_limit(
    world: World, attempt: int
) -> None:
    await limit(world, total=MOST)
    players = [await world.player() for _ in range(BETS)]
    bets = [
        (
            player,
            await world.wish(player, HOME, tick=2, units=STAKE, price_policy=PricePolicy.ANY),
        )
        for player in players
    ]
    await world.process()
    assert await books(world) == {
        HOME: (BETS, BETS * STAKE * UNIT, int(BETS * STAKE * UNIT * (BEFORE - 1)))
    }
    world.processors.clear()
    await world.reprice((HOME, str(AFTER)))
    world.clock.advance(DELAY)

    found = await race(world, bets)

    taken = [bet for bet in found if bet.state is BetState.ACCEPTED]
    each = int(STAKE * UNIT * (AFTER - 1))
    # Who is refused while others still hold their room frees some that nobody asks for any more;
    # but nobody is refused while there is room.
    assert BETS // 2 < SURE <= len(taken) <= MOST // each < BETS
    assert {bet.refusal for bet in found} == {None, "selection_limit"}
    assert await books(world) == {HOME: (len(taken), len(taken) * STAKE * UNIT, len(taken) * each)}
    for player, bet in zip(players, found, strict=True):
        assert await world.balance(player) == (100 * UNIT, STAKE * UNIT if bet in taken else 0)
    await agrees(world)
