"""Free bets on record: of before and of now, replayed and rebuilt, and what was changed by hand."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from integration.audit.tampering import rewrite, tamper
from integration.sportsbook.test_corrections import (
    corrections,
    owed,
    said_at,
    settle,
    winner,
    worked_out,
)
from integration.sportsbook.test_free_bets import given, usable
from integration.sportsbook.test_free_bets_corrected import (
    bet_on,
    cancelled,
    cancelled_no_more,
    house,
    shown,
    standing,
)
from integration.sportsbook.test_reports import say
from integration.sportsbook.test_shapes import READER, state_of, the_record_agrees
from integration.sportsbook.test_voiding import Town
from integration.sportsbook.world import UNIT, World, legs_of, market
from pitboss import jurisdictions
from pitboss.audit import rebuild, replay
from pitboss.audit.rebuild.model import Kind
from pitboss.db import Database, migrate
from pitboss.db.migrations import migrations
from pitboss.jurisdictions import queries
from pitboss.jurisdictions.model import OpenBets
from pitboss.kernel.ids import BetId, PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook.betting.model import BetState, Closing, Shape, stake_account
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.facts import BetSettled
from pitboss.sportsbook.settlement.model import Rollback, Settled, Unsettled
from pitboss.sportsbook.settlement.operations import settling

ONE_X_TWO = MarketKind.MATCH_RESULT
ACCEPTED, SETTLED, VOIDED = BetState.ACCEPTED, BetState.SETTLED, BetState.VOIDED
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    for name in "AB":
        await made.event(name)
    return made


@pytest.mark.parametrize("seed", range(4))
async def test_in_whatever_order_it_is_said_a_free_bet_pays_what_it_comes_to(
    world: World, seed: int
) -> None:
    chance = random.Random(seed)
    player = await world.player(units=0)
    bets, shapes = list[BetId](), list[Shape]()
    for number in range(5):
        world.clock.advance(MINUTE)
        shapes.append(await given(world, player, str(number)))
        legs = chance.choice([legs_of("A"), legs_of("B"), legs_of("AB")])
        bets.append(await world.wish(player, *legs, units=10, shape=shapes[-1]))
        await world.process()
    history = [said_at(chance, world, number) for number in range(10)]
    arrivals = history + chance.sample(history, 4)
    chance.shuffle(arrivals)

    for report in arrivals:
        await say(world, report)
        if chance.random() < 0.5:
            await world.settle(limit=chance.choice([1, 3, 1_000]))
    await world.settle()

    right = 0
    for bet_id, shape in zip(bets, shapes, strict=True):
        bet = await world.bet(player, bet_id)
        outcome = worked_out(bet, history)
        right += outcome.returns_micros if isinstance(outcome, Settled) else 0
        assert (bet.returns_micros is None) == isinstance(outcome, Unsettled)
        void = isinstance(outcome, Settled) and outcome.voided
        assert await standing(world, shape) == ([] if void else [bet_id])
    posted, held = await world.balance(player)
    assert held == 0
    assert posted - await owed(world, player) == right
    assert (await house(world, player)).keys() <= {"promotions"}
    assert await world.totals() == {"EUR": 0}
    await the_record_agrees(world)


async def test_what_was_settled_when_it_was_final_stays_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = await world.player(units=1)
    shape, spare = await given(world, player), await given(world, player, "spare")
    bet = await bet_on(world, player, "A", shape)
    void = await bet_on(world, player, "B", spare)
    own = await world.wish(player, *legs_of("A"), units=1)
    await world.process()
    with monkeypatch.context() as before:
        # As the versions before did it: final in the tables, and not a word of it in the fact.
        before.setattr(BetSettled, "schema_version", 2)
        before.setattr(settling, "Closing", _as_it_was)
        await settle(world, await winner(world, "A", after=MINUTE, home=True))
        await cancelled(world, "B", minutes=0)
    await the_record_agrees(world)

    world.clock.advance(2 * MINUTE)
    wrong = await winner(world, "A", after=timedelta(0), home=False)
    seen = await shown(world, wrong)
    await settle(world, wrong)
    await cancelled_no_more(world, "B", minutes=1)

    assert [item.bet_id for item in seen.largest] == [own]
    assert await state_of(world, player, bet) == (SETTLED, 15_00)
    assert await state_of(world, player, void) == (VOIDED, 0)
    assert await corrections(world, player, bet) == []
    assert await world.balance(player) == (15 * UNIT, 0)
    assert [item.id for item in await usable(world, player)] == [spare.free_bet]
    # What came back can be used, and that bet is one like any other.
    await world.event("C")
    later = await bet_on(world, player, "C", spare)
    await settle(world, await winner(world, "C", after=MINUTE, home=True))
    await settle(world, await winner(world, "C", after=2 * MINUTE, home=False))
    assert await state_of(world, player, later) == (SETTLED, 0)
    assert await world.balance(player) == (15 * UNIT, 0)
    await the_record_agrees(world)


def _as_it_was(**told: object) -> Closing:
    closing = Closing(**told)  # type: ignore[arg-type] # what settlement says
    return replace(closing, final=closing.bet.is_free)


@pytest.mark.parametrize("free", [True, False])
async def test_a_bet_that_is_open_again_is_void_for_an_exclusion_and_final(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    free: bool,
) -> None:
    demo = jurisdictions.get("demo")
    void_all = replace(demo, exclusion=replace(demo.exclusion, open_bets=OpenBets.VOID_ALL))
    monkeypatch.setattr(queries, "_licences", lambda: {"demo": void_all})
    town = Town(database=database)
    await town.event("A")
    player = await town.player(units=10)
    shape = await given(town, player) if free else None
    bet = await town.wish(player, *legs_of("A"), units=10, shape=shape)
    await town.process()
    await settle(town, await winner(town, "A", after=MINUTE, home=True))
    at, where = town.clock.now() + 2 * MINUTE, market("A", ONE_X_TWO)
    await settle(town, Rollback(market_id=where, source="uof:1", reported_at=at))

    await town.exclude(player)
    voided = await town.void()
    await settle(town, await winner(town, "A", after=3 * MINUTE, home=True))

    assert (voided, await town.states(player, [bet])) == (1, [VOIDED])
    assert await town.balance(player) == (10 * UNIT, 0)
    if shape is not None:
        assert await standing(town, shape) == []
    await town.agrees()


async def lost_after_all(world: World) -> tuple[PlayerId, BetId, Shape]:
    """Correct a free bet that had won fifteen."""
    player = await world.player(units=1)
    shape = await given(world, player)
    bet = await bet_on(world, player, "A", shape)
    await settle(world, await winner(world, "A", after=MINUTE, home=True))
    await settle(world, await winner(world, "A", after=2 * MINUTE, home=False))
    return player, bet, shape


async def test_a_replay_shows_a_corrected_free_bet_with_each_of_its_settlements(
    world: World,
) -> None:
    player, bet, _ = await lost_after_all(world)

    async with world.database.moment() as tx:
        found = await replay.replay_bet(tx, bet, player_id=player, reader=READER)
        report = await replay.replay_all(tx, reader=READER)

    assert found.ok
    assert (found.replayed.returns_micros, found.replayed.coin.paid) == (15 * UNIT, 15 * UNIT)
    ((fact, done),) = found.corrections
    assert (fact.free, done.returns_micros, done.coin.taken) == (True, 0, 15 * UNIT)
    assert (report.ok, report.settlements, report.corrections) == (True, 1, 1)


@pytest.mark.parametrize(
    ("type_name", "change", "why"),
    [
        ("bet.resettled", {"free": False}, "told as no free bet"),
        ("bet.resettled", {"returns_micros": 1 * UNIT}, "and 0 are right"),
        ("bet.resettled", {"was_micros": 25 * UNIT}, "is right"),
        ("bet.resettled", {"movements": []}, "0 micros were taken"),
        ("bet.resettled", {"owed_micros": 5 * UNIT}, "15000000 micros were taken"),
        ("bet.settled", {"final": True}, "whose settlement was final"),
        ("bet.settled", {"returns_micros": 25 * UNIT}, "and 15000000 are right"),
    ],
)
async def test_a_corrected_free_bet_whose_facts_were_changed_is_found(
    world: World, type_name: str, change: dict[str, Any], why: str
) -> None:
    player, bet, _ = await lost_after_all(world)

    await rewrite(world.database, shard_of(player), type_name, lambda data: data.update(change))

    async with world.database.moment() as tx:
        report = await replay.replay_all(tx, reader=READER)
        one = await replay.replay_bet(tx, bet, player_id=player, reader=READER)
    assert not one.ok
    assert why in "\n".join(map(str, report.disagreements))


async def test_a_correction_that_was_booked_on_the_stakes_of_others_is_found(
    world: World,
) -> None:
    player, _, _ = await lost_after_all(world)
    shard = shard_of(player)

    def elsewhere(data: dict[str, Any]) -> None:
        (moved,) = data["movements"]
        moved["credit"] = stake_account(shard, "EUR")

    await rewrite(world.database, shard, "bet.resettled", elsewhere)

    async with world.database.moment() as tx:
        report = await replay.replay_all(tx, reader=READER)
    assert report.disagreeing == 1
    assert "is right" in str(report.disagreements[0])


async def test_a_free_bet_that_was_given_back_by_hand_is_named(world: World) -> None:
    _, bet, shape = await lost_after_all(world)
    async with world.database.moment() as tx:
        there = await rebuild.show(tx, Kind.BET, bet, reader=READER)
    await tamper(world.database, "UPDATE free_bet SET bet_ids = '{}'")

    with pytest.raises(AssertionError) as found:
        await the_record_agrees(world)

    assert [row["bet_ids"] for row in there["free_bet"]] == [[bet]]
    assert "column='bet_ids'" in str(found.value)
    assert await standing(world, shape) == []


async def test_free_bets_of_before_are_the_stakes_of_the_bets_that_they_were(
    empty_database: Database,
) -> None:
    steps = migrations()
    last = next(place for place, step in enumerate(steps) if step.number == 50)
    await migrate(empty_database, steps[:last])
    used, unused, bet = (derived_id(name) for name in ("used", "unused", "bet"))
    async with empty_database.transaction() as tx:
        await tx.execute(
            "INSERT INTO free_bet SELECT 3, wanted.free_bet, $3, 1, 'EUR', now(), now(), bet_id"
            " FROM unnest($1::uuid[], $2::uuid[]) AS wanted (free_bet, bet_id)",
            [used, unused],
            [bet, None],
            derived_id("player"),
        )

    await migrate(empty_database, steps)

    async with empty_database.reading() as tx:
        rows = await tx.fetch("SELECT free_bet::text, bet_ids::text[] FROM free_bet")
    assert {row["free_bet"]: row["bet_ids"] for row in rows} == {used: [bet], unused: []}
