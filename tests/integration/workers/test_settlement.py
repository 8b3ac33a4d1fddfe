"""Promises of the settlement loop: one bet that breaks it keeps nobody else's money waiting."""

from __future__ import annotations

import pytest

from integration.sportsbook.test_shapes import the_record_agrees
from integration.sportsbook.world import World, legs_of
from pitboss.db import Database
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.shards import partition_of, shard_of
from pitboss.sportsbook import settlement
from pitboss.sportsbook.betting.model import BetState, OpenBet
from pitboss.sportsbook.settlement.model import LeftAside
from pitboss.workers.figures import Figures
from pitboss.workers.settlement import ASIDE_FOR, Settler

SETTLED, ACCEPTED = BetState.SETTLED, BetState.ACCEPTED


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def test_a_bet_that_breaks_settlement_is_set_aside_and_tried_again(world: World) -> None:
    player = await world.player(units=100)
    event_id = await world.event("A")
    bets = [await world.wish(player, *legs_of("A"), units=2) for _ in range(7)]
    await world.process()
    await under_rules(world, "settlement.v9", bets[3])
    await world.score(event_id, 1, 0)
    figures = Figures()
    settler = settler_of(world, player, figures)

    await settle(settler)
    meanwhile = [(await world.bet(player, bet_id)).state for bet_id in bets]
    (aside,) = await set_aside(world)
    await under_rules(world, (await world.bet(player, bets[0])).rules, bets[3])
    await settle(settler)
    too_soon = (await world.bet(player, bets[3])).state
    world.clock.advance(ASIDE_FOR)
    await settle(settler)

    assert (aside.bet_id, aside.state) == (bets[3], ACCEPTED)
    assert "settlement.v9" in aside.why
    assert await set_aside(world) == []
    told = [
        await world.facts(shard_of(player), f"bet.{what}") for what in ("set_aside", "taken_up")
    ]
    assert [len(facts) for facts in told] == [1, 1]
    await the_record_agrees(world)
    assert meanwhile == [ACCEPTED if bet_id == bets[3] else SETTLED for bet_id in bets]
    assert too_soon is ACCEPTED
    assert (await world.bet(player, bets[3])).state is SETTLED
    assert figures.registry.get_sample_value("pitboss_settlement_set_aside_total") == 1
    assert await world.totals() == {"EUR": 0}


async def test_a_bet_that_cannot_even_be_read_keeps_nobody_waiting(world: World) -> None:
    player = await world.player(units=100)
    event_id = await world.event("A")
    bets = [await world.wish(player, *legs_of("A"), units=2) for _ in range(3)]
    await world.process()
    await world.score(event_id, 1, 0)
    async with world.database.transaction() as tx:
        row = await tx.fetch_one("SELECT legs FROM bet WHERE bet_id = $1", bets[1])
        await tx.execute("UPDATE bet SET legs = $1 WHERE bet_id = $2", b"\x00\xff", bets[1])
    assert row is not None
    settler = settler_of(world, player)
    await settle(settler)

    async with world.database.reading() as tx:
        found = await tx.fetch("SELECT bet_id::text, state FROM bet")
    states = {one["bet_id"]: one["state"] for one in found}
    assert states == {bets[0]: "settled", bets[1]: "accepted", bets[2]: "settled"}
    (aside,) = await set_aside(world)
    assert (aside.bet_id, aside.player_id) == (bets[1], player)

    async with world.database.transaction() as tx:
        await tx.execute("UPDATE bet SET legs = $1 WHERE bet_id = $2", row["legs"], bets[1])
    world.clock.advance(ASIDE_FOR)
    await settle(settler)
    assert (await world.bet(player, bets[1])).state is SETTLED
    assert await set_aside(world) == []
    await the_record_agrees(world)


@pytest.mark.parametrize("why", ["a\x00b", "\udc80", "x" * 10_000])
async def test_whatever_an_error_says_is_told(world: World, why: str) -> None:
    player = await world.player(units=10)
    await world.event("A")
    bet_id = await world.wish(player, *legs_of("A"), units=2)
    await world.process()

    place = OpenBet(shard=shard_of(player), bet_id=bet_id)
    for told in (True, False):
        async with world.database.transaction() as tx:
            new = await settlement.set_aside(
                tx, place, why=why, now=world.clock.now(), entropy=world.entropy
            )
        assert new is told
    (aside,) = await set_aside(world)
    assert 0 < len(aside.why) <= 500
    await the_record_agrees(world)


async def test_what_was_set_aside_is_tried_again_after_a_restart(world: World) -> None:
    player = await world.player(units=100)
    event_id = await world.event("A")
    bet_id = await world.wish(player, *legs_of("A"), units=2)
    other = await world.wish(player, *legs_of("A"), units=2)
    await world.process()
    await under_rules(world, "settlement.v9", bet_id)
    await world.score(event_id, 1, 0)
    await settle(settler_of(world, player))

    await under_rules(world, (await world.bet(player, other)).rules, bet_id)
    await settle(settler_of(world, player))

    assert (await world.bet(player, bet_id)).state is SETTLED


def settler_of(world: World, player: PlayerId, figures: Figures | None = None) -> Settler:
    """Return who settles this player's bets, without memory of others before."""
    return Settler(
        partition=partition_of(shard_of(player)),
        database=world.database,
        clock=world.clock,
        entropy=world.entropy,
        figures=figures,
    )


async def settle(settler: Settler) -> None:
    """Settle until nothing waits that can be settled."""
    for _ in range(50):
        if await settler.step() is None:
            return
    raise AssertionError("settlement comes to no end")


async def under_rules(world: World, version: str, bet_id: BetId) -> None:
    """Let a bet name other rules of settlement, which no bet can."""
    async with world.database.transaction() as tx:
        await tx.execute("UPDATE bet SET rules = $1 WHERE bet_id = $2", version, bet_id)


async def set_aside(world: World) -> list[LeftAside]:
    """Return what staff see of bets that settlement goes on without."""
    async with world.database.reading() as tx:
        return await settlement.list_aside(tx)
