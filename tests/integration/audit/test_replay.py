"""Settlements are worked out again from facts alone, under the rules that they were made by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from integration.audit.tampering import rewrite, tamper
from integration.sportsbook.world import Given, World, legs_of, selection
from pitboss import order
from pitboss.audit import replay
from pitboss.audit.reading.errors import FactUnreadable
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.audit.replay.errors import BetMissing, NotSettled
from pitboss.audit.replay.model import GRACE, BetReplay, Report
from pitboss.db import Database
from pitboss.kernel.ids import BetId, PlayerId, SelectionId
from pitboss.kernel.shards import CATALOGUE_SHARD, shard_of
from pitboss.messages.rules import leaf_hash
from pitboss.sportsbook.betting.model import RULES_NOW
from pitboss.sportsbook.catalog.model import MarketKind
from pitboss.sportsbook.settlement.facts import BetSettled
from pitboss.sportsbook.settlement.model import Result, RuleBook, Settled, Terms, Unsettled
from pitboss.sportsbook.settlement.rules import RULE_BOOK, V1, V4

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


def settled_in(found: BetReplay) -> BetSettled:
    """Return the settlement that was replayed; the bet was not void."""
    assert isinstance(found.settled, BetSettled)
    return found.settled


async def test_a_replay_shows_each_fact_that_a_settlement_rests_on(world: World) -> None:
    player, bet_id = await half_won(world)
    await sequence(world)

    found = await replay_bet(world, bet_id)

    assert found.ok
    assert found.replayed.returns_micros == settled_in(found).returns_micros == 15_250_000
    assert settled_in(found).rules == RULES_NOW
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
    early, before = await half_won(world)
    await rewrite(world.database, shard_of(early), "bet.accepted", _update({"rules": V1.version}))
    await rewrite(world.database, shard_of(early), "bet.settled", _update({"rules": V1.version}))
    world.book = RuleBook(versions=(V1, replace(V4, settle=generous)))
    player = await world.player()
    event = await world.event("B")
    after = await world.wish(player, *legs_of("B"), units=10)
    await world.process()
    await world.score(event, 1, 0)
    await world.settle()

    old = await replay_bet(world, before, book=world.book)
    new = await replay_bet(world, after, book=world.book)
    report = await replay_all(world, book=world.book)

    assert (settled_in(old).rules, settled_in(new).rules) == ("settlement.v1", "settlement.v4")
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
    player, _ = await half_won(world)
    for shard, type_name in (
        (CATALOGUE_SHARD, "market.resulted"),
        (shard_of(player), "bet.accepted"),
        (shard_of(player), "bet.settled"),
    ):
        await rewrite(world.database, shard, type_name, _update({"rules": "settlement.v0"}))

    report = await replay_all(world)

    assert report.disagreeing == 2  # a market and a bet
    assert "settlement.v4, not 'settlement.v0'" in str(report.disagreements[-1])


@pytest.mark.parametrize(
    ("type_name", "change", "why"),
    [
        ("bet.settled", {"returns_micros": 15_260_000}, "and 15250000 are right"),
        ("bet.settled", {"voided": True}, "as void, and 15250000 are right"),
        ("bet.settled", {"rounding": "half_up.v1"}, "rounded by half_up.v1"),
        ("bet.settled", {"result_nos": [99]}, "result 99 tells nothing"),
        ("bet.settled", {"result_nos": []}, "1 results and 0 numbers"),
        ("bet.settled", {"rules": "settlement.v9"}, "not 'settlement.v9'"),
        ("bet.settled", {"rules": "settlement.v1"}, "accepted under settlement.v4"),
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


async def test_a_winner_whom_nobody_paid_is_found_once_the_settlers_had_their_time(
    world: World,
) -> None:
    player, event = await world.player(), await world.event("A")
    bet_id = await world.wish(player, DOUBLED, units=10)
    waiting = await world.wish(player, *legs_of("A"), units=1)
    await world.event("B")
    await world.wish(player, *legs_of("B"), units=1)
    await world.process()
    await world.score(event, 1, 0)
    await tamper(world.database, "UPDATE settlement_cursor SET result_no = 99")
    await world.settle()

    known_at = world.clock.now()
    soon = await replay_all(world, now=known_at + GRACE / 2)
    late = await replay_all(world, now=known_at + GRACE)
    ever = await replay_all(world, since=known_at + timedelta(days=1))

    assert (soon.ok, soon.settlements, soon.waiting) == (True, 0, 3)
    assert (late.disagreeing, late.waiting, ever.disagreeing) == (2, 1, 2)
    assert "nobody has settled it" in str(late.disagreements[0])
    assert any(
        str(item).startswith(f"bet {bet_id} ") and "15250000 micros are right" in str(item)
        for item in late.disagreements
    )
    assert any(str(item).startswith(f"bet {waiting} ") for item in late.disagreements)


async def again(world: World, change: Callable[[Told], None]) -> None:
    """Append the last result again, as somebody would who writes past the turn."""
    async with world.database.reading() as tx:
        rows = await tx.fetch(
            "SELECT * FROM fact WHERE shard = $1 ORDER BY seq DESC", CATALOGUE_SHARD
        )
    last = next(row for row in rows if b'"type":"market.resulted"' in row["body"])
    envelope = msgspec.json.decode(last["body"])
    envelope["seq"] = rows[0]["seq"] + 1
    envelope["ver"] = max(row["version"] for row in rows) + 1
    change(envelope["data"])
    body = msgspec.json.encode(envelope, order="sorted")
    place = (CATALOGUE_SHARD, envelope["seq"], last["stream"], envelope["ver"], body)
    await tamper(world.database, "INSERT INTO fact VALUES ($1, $2, $3, $4, $5)", *place)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, "there is a result 3 already"),
        ({"no": 4}, "it is version 1 of its results, and before it came version 1"),
        ({"no": 4, "version": 3}, "it is version 3 of its results, and before it came version 1"),
    ],
)
async def test_a_second_result_with_a_number_or_a_version_that_there_was_is_found(
    world: World, change: Told, why: str
) -> None:
    await half_won(world)
    await again(world, _update(change))

    report = await replay_all(world)

    assert (report.settlements, report.disagreeing) == (1, 1)
    assert why in str(report.disagreements[0])


async def test_a_result_that_came_after_the_settlement_is_found(world: World) -> None:
    _, bet_id = await half_won(world)
    rec = (world.clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await tamper(
        world.database,
        "UPDATE fact SET body = regexp_replace(convert_from(body, 'UTF8'),"
        ' \'"rec":"[^"]*"\', $2)::bytea WHERE shard = $1'
        " AND position('market.resulted'::bytea IN body) > 0",
        CATALOGUE_SHARD,
        f'"rec":"{rec}"',
    )

    report, one = await replay_all(world), await replay_bet(world, bet_id)

    assert "was recorded at" in str(report.disagreements[0])
    assert not one.ok


@pytest.mark.parametrize(
    ("type_name", "change", "why"),
    [
        ("event.opened", {"starts_at": "soon"}, "says what cannot be: Malformed: starts_at"),
        (
            "event.opened",
            {"markets": [{"market_id": "x", "kind": "total", "line": None, "selections": []}]},
            "a market of kind total needs a line",
        ),
        ("market.resulted", {"results": [{"selection_id": "x", "won": "9/0", "void": "0"}]}, ""),
    ],
)
async def test_an_altered_fact_that_cannot_be_read_is_named_with_its_index(
    world: World, type_name: str, change: Told, why: str
) -> None:
    _, bet_id = await half_won(world)
    await sequence(world)
    await rewrite(world.database, CATALOGUE_SHARD, type_name, _update(change))

    for ask in (replay_all(world), replay_bet(world, bet_id)):
        with pytest.raises(FactUnreadable, match=rf"fact \d+ of shard {CATALOGUE_SHARD}") as found:
            await ask
        assert why in str(found.value)
        assert found.value.index is not None
        assert f"(index {found.value.index})" in str(found.value)


async def test_terms_and_scores_that_cannot_be_are_disagreements(world: World) -> None:
    player, _ = await half_won(world)
    await rewrite(world.database, CATALOGUE_SHARD, "market.resulted", _update({"score": "x-y"}))
    await rewrite(world.database, shard_of(player), "bet.accepted", _price("1/0"))

    report = await replay_all(world)

    told = "\n".join(map(str, report.disagreements))
    assert "the score 'x-y' gives nothing" in told
    assert "cannot be worked out" in told


def _price(price: str) -> Callable[[Told], None]:
    def change(data: Told) -> None:
        data["legs"][0]["price"] = price

    return change


async def test_who_knows_the_player_reads_no_facts_of_others(world: World) -> None:
    player, bet_id = await half_won(world)
    stranger = await world.player()

    async with world.database.moment() as tx:
        mine = await replay.replay_bet(tx, bet_id, player_id=player, reader=READER)
        mistaken = await replay.replay_bet(tx, bet_id, player_id=stranger, reader=READER)

    assert mine == mistaken
    assert mine.ok


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
