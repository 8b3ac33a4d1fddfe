"""State made again from facts is the state that is there; what was changed by hand is named."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integration.cashier.world import World as Cashier
from integration.sportsbook.world import Given, World, legs_of, market, selection
from pitboss.audit import rebuild
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.audit.rebuild.model import UNFOLDED, Report
from pitboss.audit.rebuild.rules import State
from pitboss.cashier.model import NewsStatus, PaymentKind
from pitboss.db import Database
from pitboss.kernel.shards import CATALOGUE_SHARD, shard_of
from pitboss.players import identity
from pitboss.players.identity.model import PlayerStatus, StatusReason, StatusRequest
from pitboss.sportsbook.catalog.model import MarketKind, MarketStatus

READER = Reader((*ALL_FACTS, Given))


async def check(database: Database) -> Report:
    """Hold every table against the facts."""
    async with database.moment() as tx:
        return await rebuild.check(tx, reader=READER)


@pytest.fixture
async def world(database: Database) -> World:
    """Give a world in which everything has happened to bets that can."""
    world = World(database=database)
    ann, bob = await world.player(units=100), await world.player(units=10)
    first, second = await world.event("A"), await world.event("B")
    await world.event("C")
    await world.reprice((selection("B", MarketKind.MATCH_RESULT, "home"), "2.75"))
    await world.set_status((market("C", MarketKind.MATCH_RESULT), MarketStatus.SUSPENDED))
    await world.wish(ann, *legs_of("A"), units=5)
    await world.wish(ann, selection("A", MarketKind.ASIAN_HANDICAP, "home"), units=5)
    await world.wish(ann, *legs_of("AC"), units=3)
    await world.wish(bob, *legs_of("A"), units=11)
    await world.wish(bob, selection("B", MarketKind.TOTAL_GOALS, "over"), units=4)
    await world.wish(bob, *legs_of("B"), units=1, tick=2)
    await world.process()
    await world.score(first, 2, 1)
    await world.abandon(second)
    await world.settle()
    return world


@pytest.fixture
async def paid(world: World) -> AsyncIterator[World]:
    """Give the same world, in which people have also paid in and out, and changed their status."""
    cashier = Cashier(database=world.database, clock=world.clock, entropy=world.entropy)
    player = await cashier.player(units=50)
    done = await cashier.withdraw(player, units=10)
    failed = await cashier.withdraw(player, units=5)
    await cashier.ask(PaymentKind.WITHDRAWAL, [cashier.request(player, units=1_000)])
    await cashier.tell(cashier.news(done, NewsStatus.PENDING))
    await cashier.tell(cashier.news(done, NewsStatus.SUCCEEDED))
    await cashier.tell(cashier.news(done, NewsStatus.FAILED))
    await cashier.tell(cashier.news(failed, NewsStatus.FAILED))
    await cashier.suspend(player)
    for key, status in enumerate((PlayerStatus.SUSPENDED, PlayerStatus.CLOSED, PlayerStatus.ACTIVE)):
        request = StatusRequest(
            key=f"00000000-0000-7000-8000-00000000000{key}",
            player_id=player,
            status=status,
            reason=StatusReason.STAFF_DECISION,
        )
        async with cashier.turn(shard_of(player)) as turn:
            await identity.set_status(turn, [request])
    await cashier.ask(PaymentKind.DEPOSIT, [cashier.request(player, units=10)])
    yield world


async def test_state_made_again_from_facts_is_the_state_that_is_there(paid: World) -> None:
    report = await check(paid.database)

    assert (report.oddities, [str(item) for item in report.differences]) == ([], [])
    assert report.ok
    empty = [name for name, rows in report.tables.items() if not rows]
    assert empty == []
    assert report.facts > 50
