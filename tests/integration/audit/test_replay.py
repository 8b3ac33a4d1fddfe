"""Settlements are worked out again from facts alone, under the rules that they were made by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integration.audit.tampering import rewrite, tamper
from integration.sportsbook.world import Given, World, legs_of, selection
from pitboss import order
from pitboss.audit import replay
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.audit.replay.errors import BetMissing, NotSettled
from pitboss.audit.replay.model import BetReplay, Report
from pitboss.db import Database
from pitboss.kernel.ids import BetId, PlayerId, SelectionId
from pitboss.kernel.shards import CATALOGUE_SHARD, shard_of
from pitboss.messages.rules import leaf_hash
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.model import Result, RuleBook, Settled, Terms, Unsettled
from pitboss.sportsbook.settlement.rules import RULE_BOOK, V1

READER = Reader((*ALL_FACTS, Given))
DOUBLED = selection("A", MarketKind.ASIAN_HANDICAP, "home")
UNIT = 1_000_000

Told = dict[str, Any]


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def replay_all(world: World, *, book: RuleBook = RULE_BOOK, **options: Any) -> Report:
    """Replay every settlement."""
    async with world.database.moment() as tx:
        return await replay.replay_all(tx, reader=READER, book=book, **options)


async def replay_bet(world: World, bet_id: BetId, *, book: RuleBook = RULE_BOOK) -> BetReplay:
    """Replay one settlement."""
    async with world.database.moment() as tx:
        return await replay.replay_bet(tx, bet_id, reader=READER, book=book)


async def sequence(world: World) -> None:
    """Give every fact its place in the one order."""
    async with world.database.transaction() as tx:
        epoch = await order.take_over(tx, owner="test")
        assert epoch is not None
        await order.sequence(tx, epoch=epoch, now=world.clock.now())


async def half_won(world: World) -> tuple[PlayerId, BetId]:
    """Settle a bet that is half won and half given back."""
    player = await world.player()
    event = await world.event("A")
    bet_id = await world.wish(player, DOUBLED, units=10)
    await world.process()
    await world.score(event, 1, 0)
    await world.settle()
    return player, bet_id


async def test_a_replay_shows_each_fact_that_a_settlement_rests_on(world: World) -> None:
    player, bet_id = await half_won(world)
    await sequence(world)

    found = await replay_bet(world, bet_id)

    assert found.ok
    assert found.replayed.returns_micros == found.settled.returns_micros == 15_250_000
    assert found.settled.rules == "settlement.v1"
    assert [(item.what, item.shard) for item in found.inputs] == [
        ("terms", shard_of(player)),
        ("result", CATALOGUE_SHARD),
        ("settlement", shard_of(player)),
    ]
    async with world.database.reading() as tx:
        for item in found.inputs:
            (fact,) = await order.read(tx, from_position=item.index or 0, limit=1)
            assert (fact.shard, fact.seq) == (item.shard, item.seq)
            assert leaf_hash(fact.body).hex() == item.hash


async def test_every_settlement_of_every_kind_is_replayed(world: World) -> None:
    ann, bob = await world.player(), await world.player()
    first, second = await world.event("A"), await world.event("B")
    for player in (ann, bob):
        for legs in (legs_of("A"), legs_of("AB"), legs_of("B"), (DOUBLED,)):
            await world.wish(player, *legs)
    await world.process()
    await world.score(first, 2, 0)
    await world.settle()
    world.clock.advance(timedelta(hours=2))
    between = world.clock.now()
    await world.abandon(second)
    await world.settle()

    everything, later = await replay_all(world), await replay_all(world, since=between)

    assert everything.disagreements == []
    assert (everything.settlements, everything.results) == (8, 6)
    assert (later.ok, later.settlements) == (True, 4)


async def test_what_was_settled_under_older_rules_is_replayed_under_them(world: World) -> None:
    _, before = await half_won(world)
    world.book = RuleBook(versions=(V1, replace(V1, version="settlement.v2", settle=generous)))
    player = await world.player()
    event = await world.event("B")
    after = await world.wish(player, *legs_of("B"), units=10)
    await world.process()
    await world.score(event, 1, 0)
    await world.settle()

    old = await replay_bet(world, before, book=world.book)
    new = await replay_bet(world, after, book=world.book)
    report = await replay_all(world, book=world.book)

    assert (old.settled.rules, new.settled.rules) == ("settlement.v1", "settlement.v2")
    assert (old.replayed.returns_micros, new.replayed.returns_micros) == (15_250_000, 26 * UNIT)
    assert (old.ok, new.ok, report.ok, report.settlements) == (True, True, True, 2)


def generous(terms: Terms, results: Mapping[SelectionId, Result]) -> Settled | Unsettled:
    """Return a unit more than the first version does, if it returns anything."""
    settled = V1.settle(terms, results)
    if isinstance(settled, Unsettled) or not settled.returns_micros:
        return settled
    more = settled.returns_micros + UNIT
    return Settled(bet_id=settled.bet_id, returns_micros=more, voided=settled.voided)


async def test_rules_that_nobody_has_any_more_are_named(world: World) -> None:
    world.book = RuleBook(versions=(replace(V1, version="settlement.v0"),))
    await half_won(world)

    report = await replay_all(world)

    assert report.disagreeing == 4  # three markets and a bet
    assert "settlement.v1, not 'settlement.v0'" in str(report.disagreements[-1])


@pytest.mark.parametrize(
    ("type_name", "change", "why"),
    [
        ("bet.settled", {"returns_micros": 15_260_000}, "and 15250000 are right"),
        ("bet.settled", {"voided": True}, "as void, and 15250000 are right"),
        ("bet.settled", {"rounding": "half_up.v1"}, "rounded by half_up.v1"),
        ("bet.settled", {"result_nos": [99]}, "result 99 tells nothing"),
        ("bet.settled", {"result_nos": []}, "1 results and 0 numbers"),
        ("bet.settled", {"rules": "settlement.v9"}, "not 'settlement.v9'"),
        ("bet.settled", {"movements": []}, "0 micros were taken, 0 paid"),
        ("bet.accepted", {"stake_micros": 9 * UNIT}, "13720000 are right"),
        ("market.resulted", {"score": "0-0"}, "0-0 does not give these results"),
        ("market.resulted", {"results": []}, "does not give these results"),
    ],
)
async def test_what_does_not_follow_is_found(
    world: World, type_name: str, change: Told, why: str
) -> None:
    player, bet_id = await half_won(world)
    shard = CATALOGUE_SHARD if type_name == "market.resulted" else shard_of(player)

    await rewrite(world.database, shard, type_name, _update(change))

    report = await replay_all(world)
    assert not report.ok
    assert why in "\n".join(map(str, report.disagreements))
    if type_name != "market.resulted":
        assert not (await replay_bet(world, bet_id)).ok


def _update(change: Told) -> Callable[[Told], None]:
    def update(data: Told) -> None:
        data.update(change)

    return update


async def test_a_bet_that_was_settled_twice_is_found(world: World) -> None:
    player, bet_id = await half_won(world)
    shard = shard_of(player)
    async with world.database.reading() as tx:
        rows = await tx.fetch("SELECT * FROM fact WHERE shard = $1 ORDER BY seq", shard)
    last = rows[-1]
    body = (
        last["body"]
        .replace(b'"seq":%d' % last["seq"], b'"seq":%d' % (last["seq"] + 1))
        .replace(b'"ver":%d' % last["version"], b'"ver":%d' % (last["version"] + 1))
    )
    place = (shard, last["seq"] + 1, last["stream"], last["version"] + 1, body)
    await tamper(world.database, "INSERT INTO fact VALUES ($1, $2, $3, $4, $5)", *place)

    report = await replay_all(world)

    assert (report.settlements, report.disagreeing) == (2, 1)
    assert str(report.disagreements[0]).startswith(f"bet {bet_id} (fact {last['seq'] + 1} of")


async def test_tables_are_not_asked(world: World) -> None:
    _, bet_id = await half_won(world)
    for table in ("bet", "wallet_transfer", "settlement_result", "catalog_selection"):
        await tamper(world.database, f"DELETE FROM {table}")

    assert (await replay_bet(world, bet_id)).ok
    assert (await replay_all(world)).settlements == 1


async def test_what_was_never_settled_has_nothing_to_replay(world: World) -> None:
    player = await world.player(units=10)
    await world.event("A")
    refused = await world.wish(player, *legs_of("A"), units=11)
    waiting = await world.wish(player, *legs_of("A"), units=1)
    await world.process()

    for bet_id, why in ((refused, "was refused: insufficient_funds"), (waiting, "waits for")):
        with pytest.raises(NotSettled, match=why):
            await replay_bet(world, bet_id)
    with pytest.raises(BetMissing, match="no fact decided on a bet 00000000"):
        await replay_bet(world, BetId("00000000-0000-7000-8000-000000000000"))
