"""State made again from facts is the state that is there; what was changed by hand is named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from msgspec import structs

from integration.audit import filling
from integration.audit.changes import CHANGES
from integration.audit.market_life import live_through_much, wait_in_play
from integration.audit.staff_life import staff_acts
from integration.audit.tampering import rewrite, tamper
from integration.cashier.world import World as Cashier
from integration.players.happenings import happen_to
from integration.players.keys import KEYS
from integration.sportsbook.test_each_way import set_terms
from integration.sportsbook.test_free_bets import given
from integration.sportsbook.world import Given, World, legs_of, market, selection
from located import licences, sighting, survey
from located import request as asked
from pitboss import jurisdictions, location, order
from pitboss.audit import rebuild
from pitboss.audit.reading.errors import FactUnreadable
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.audit.reading.ports import Lot, in_turn
from pitboss.audit.rebuild.errors import EntityMissing
from pitboss.audit.rebuild.model import UNFOLDED, Kind, Report
from pitboss.audit.rebuild.rules import State
from pitboss.cashier.model import NewsStatus, PaymentKind
from pitboss.db import Database, Transaction
from pitboss.jurisdictions.model import LimitKind, Period
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, Shard, shard_of
from pitboss.players import identity
from pitboss.players.identity.model import PlayerStatus, StatusReason, StatusRequest
from pitboss.responsible import breaks, exclusion, limits
from pitboss.responsible import marketing as consents
from pitboss.responsible.breaks.model import Answered, Answering, Choice, Clock, Reply
from pitboss.responsible.exclusion.model import Initiator, Reason, Wish
from pitboss.responsible.exclusion.model import Kind as ExclusionKind
from pitboss.responsible.limits.model import Change, LimitKey
from pitboss.responsible.marketing import model as marketing
from pitboss.sportsbook import settlement
from pitboss.sportsbook.catalog.model import MarketKind, MarketStatus
from pitboss.sportsbook.settlement.model import Cancel

__all__ = ["licences"]

UNIT = 1_000_000
WEEKLY_LOSS = LimitKey(kind=LimitKind.LOSS, period=Period.WEEK)
READER = Reader((*ALL_FACTS, Given))


async def check(database: Database) -> Report:
    """Hold every table against the facts."""
    async with database.moment() as tx:
        return await rebuild.check(tx, spread=knowing_given)


def knowing_given(tx: Transaction, work: Any, lots: Iterable[Lot]) -> Any:
    """Do all lots here, with a reader that knows the facts of these tests too."""
    return in_turn(tx, partial(work, reader=READER), lots)


@pytest.fixture
async def world(database: Database) -> World:
    """Give a world in which everything has happened to bets that can."""
    world = World(database=database)
    ann, bob = await world.player(units=100), await world.player(units=10)
    first, second = await world.event("A"), await world.event("B")
    await world.event("C")
    await set_terms(world, "C")
    await world.wish(ann, *legs_of("C"), units=10, shape=await given(world, ann))
    await filling.name_things(world, ann)
    await world.reprice((selection("B", MarketKind.MATCH_RESULT, "home"), "2.75"))
    await world.push(3, (selection("C", MarketKind.TOTAL_GOALS, "over"), "2.25"))
    await world.set_status((market("C", MarketKind.MATCH_RESULT), MarketStatus.SUSPENDED))
    await filling.be_limited(world, ann)
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
    await live_through_much(world)
    await wait_in_play(world, ann)
    return world


@pytest.fixture
async def paid(
    world: World, licences: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """Give the same world, in which people also paid, and a market was found to be none."""
    await be_corrected(world)
    await be_awaited(world)
    await filling.be_stopped(world, monkeypatch)
    cashier = Cashier(database=world.database, clock=world.clock, entropy=world.entropy)
    await filling.fill(cashier, monkeypatch)
    player = await cashier.player(units=50)
    said = marketing.Change(player_id=player, channel=marketing.Channel.EMAIL, given=True)
    async with cashier.turn(shard_of(player)) as turn:
        await consents.change(turn, said, jurisdictions.get("demo"))
    done = await cashier.withdraw(player, units=10)
    failed = await cashier.withdraw(player, units=5)
    await cashier.ask(PaymentKind.WITHDRAWAL, [cashier.request(player, units=1_000)])
    await cashier.tell(cashier.news(done, NewsStatus.PENDING))
    await cashier.tell(cashier.news(done, NewsStatus.SUCCEEDED))
    await cashier.tell(cashier.news(done, NewsStatus.FAILED))
    await cashier.tell(cashier.news(failed, NewsStatus.FAILED))
    await filling.sell(cashier, player)
    await happen_to(world.database, player)
    await be_checked(cashier, player)
    await cashier.suspend(player)
    for key, status in enumerate(
        (PlayerStatus.SUSPENDED, PlayerStatus.CLOSED, PlayerStatus.ACTIVE)
    ):
        request = StatusRequest(
            key=f"00000000-0000-7000-8000-00000000000{key}",
            player_id=player,
            status=status,
            reason=StatusReason.STAFF_DECISION,
        )
        async with cashier.turn(shard_of(player)) as turn:
            await identity.set_status(turn, [request])
    await cashier.ask(PaymentKind.DEPOSIT, [cashier.request(player, units=10)])
    for value in (20_000_000, 10_000_000, 30_000_000, None):
        wish = Change(player_id=player, key=WEEKLY_LOSS, value=value)
        async with cashier.turn(shard_of(player)) as turn:
            await limits.change(turn, wish, jurisdictions.get("demo"))
    away = Wish(
        key=derived_id("away"),
        player_id=player,
        kind=ExclusionKind.EXCLUSION,
        initiator=Initiator.STAFF,
        reason=Reason.PLAYER_ASKED_STAFF,
        months=6,
    )
    async with cashier.turn(shard_of(player)) as turn:
        await exclusion.exclude(turn, away, jurisdictions.get("demo"))
    cashier.clock.advance(timedelta(days=200))
    async with cashier.turn(shard_of(player)) as turn:
        await exclusion.ask_to_return(turn, player, jurisdictions.get("demo"))
    await staff_acts(world.database, player, now=cashier.clock.now())
    outside = sighting(survey=survey(-1.0))
    for number, seen in enumerate((asked(), asked(outside), asked(session_id="two"))):
        located = structs.replace(seen, check_id=derived_id("check", str(number)))
        async with cashier.turn(shard_of(located.player_id)) as turn:
            await location.check(turn, [located], keys=KEYS)
    yield world


async def be_awaited(world: World) -> None:
    """Bet on an event that does not end."""
    await world.event("Z")
    await world.wish(await world.player(units=10), *legs_of("Z"))
    await world.process()


async def be_corrected(world: World) -> None:
    """Cancel a market whose bets were settled."""
    cancel = Cancel(
        market_id=market("A", MarketKind.ASIAN_HANDICAP),
        source="uof:1",
        reported_at=world.clock.now(),
    )
    async with world.turn(CATALOGUE_SHARD) as turn:
        await settlement.record_results(turn, [cancel])
    await world.settle()


async def be_checked(cashier: Cashier, player: PlayerId) -> None:
    """Begin a session, have a check every quarter of an hour, see the first one, and leave."""
    demo, clock = (
        jurisdictions.get("demo"),
        Clock(session_id=derived_id("counted"), player_id=player, opened_at=cashier.clock.now()),
    )
    async with cashier.turn(shard_of(player)) as turn:
        await breaks.begin(turn, clock)
        await breaks.choose(turn, Choice(player_id=player, minutes=15), demo, [])
    for reply in (Reply.SEEN, Reply.LEAVE):
        cashier.clock.advance(timedelta(minutes=15))
        wish = Answering(clock=clock, due_at=cashier.clock.now(), reply=reply)
        async with cashier.turn(shard_of(player)) as turn:
            assert isinstance(await breaks.answer(turn, wish, demo), Answered)


# Of which rows one is taken away, where not every row says something.
SAYING = {"trading_book": "bets > 0"}


async def test_state_made_again_from_facts_is_the_state_that_is_there(paid: World) -> None:
    report = await check(paid.database)

    assert (report.oddities, [str(item) for item in report.differences]) == ([], [])
    assert report.ok
    assert [name for name, rows in report.tables.items() if not rows] == []
    assert report.facts > 50
    assert report.rows == sum(report.tables.values()) > 100


async def test_what_ran_its_course_without_a_fact_is_made_again_all_the_same(
    world: World,
) -> None:
    """A limit that grew by itself, a time-out that is over: the clock changed them, and no row."""
    sweden, ann = jurisdictions.get("SE"), await world.player(units=10)
    weekly = LimitKey(kind=LimitKind.LOSS, period=Period.WEEK)

    async def set_limit(units: int) -> None:
        wish = Change(player_id=ann, key=weekly, value=units * UNIT)
        async with world.turn(shard_of(ann)) as turn:
            await limits.change(turn, wish, sweden)

    async def keep_away(kind: ExclusionKind, **term: int) -> None:
        away = Wish(
            key=derived_id("away", kind),
            player_id=ann,
            kind=kind,
            initiator=Initiator.STAFF,
            reason=Reason.RISK_OF_HARM,
            **term,
        )
        async with world.turn(shard_of(ann)) as turn:
            await exclusion.exclude(turn, away, jurisdictions.get("demo"))

    for units in (10, 20):
        await set_limit(units)
    world.clock.advance(timedelta(days=30))
    await set_limit(20)
    await keep_away(ExclusionKind.TIME_OUT, hours=24)
    world.clock.advance(timedelta(days=2))
    await keep_away(ExclusionKind.EXCLUSION, months=6)
    world.clock.advance(timedelta(days=200))
    async with world.turn(shard_of(ann)) as turn:
        await exclusion.ask_to_return(turn, ann, jurisdictions.get("demo"))

    report = await check(world.database)

    assert (report.oddities, [str(item) for item in report.differences]) == ([], [])


async def test_every_table_is_made_from_facts_or_it_is_said_why_not(database: Database) -> None:
    folded = {table.name for table in State(CATALOGUE_SHARD).tables}
    async with database.reading() as tx:
        rows = await tx.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")

    assert {row["tablename"] for row in rows} == folded | UNFOLDED.keys()
    assert not folded & UNFOLDED.keys()
    assert folded == CHANGES.keys()


async def test_a_table_or_a_column_that_nobody_thought_of_is_named(database: Database) -> None:
    await tamper(database, "CREATE TABLE secret_balance (micros bigint)")
    await tamper(database, "ALTER TABLE wallet_account ADD COLUMN bonus bigint")

    report = await check(database)

    assert not report.ok
    assert report.oddities == [
        "table secret_balance is made from no facts, and nobody has said why",
        "column bonus of table wallet_account is made from no facts",
    ]


async def test_a_row_changed_by_hand_is_named_in_every_table(paid: World) -> None:
    for table, (column, value) in CHANGES.items():
        one = f"ctid = (SELECT ctid FROM {table} WHERE {column} IS DISTINCT FROM ({value}) LIMIT 1)"
        await tamper(paid.database, f"UPDATE {table} SET {column} = {value} WHERE {one}")

    report = await check(paid.database)

    named = {item.table: item for item in report.differences}
    assert named.keys() == CHANGES.keys()
    assert report.differing == len(CHANGES) + 1  # a leg elsewhere is two rows that differ
    for table, (column, _) in CHANGES.items():
        if table != "bet_leg":
            assert named[table].column == column
            assert named[table].live != named[table].rebuilt
            assert f"{table}" in str(named[table])


async def test_a_row_that_is_gone_is_named_in_every_table(paid: World) -> None:
    for table in CHANGES:
        await tamper(
            paid.database,
            f"DELETE FROM {table} WHERE ctid ="
            f" (SELECT ctid FROM {table} WHERE {SAYING.get(table, 'true')} LIMIT 1)",
        )

    report = await check(paid.database)

    assert {item.table for item in report.differences} == CHANGES.keys()
    assert report.differing == len(CHANGES)
    assert all(item.live is None and item.rebuilt for item in report.differences)
    assert all("is missing" in str(item) for item in report.differences)


async def test_personal_data_that_is_gone_without_a_word_is_named(world: World) -> None:
    player = await world.player()
    assert (await check(world.database)).ok
    await tamper(world.database, "DELETE FROM personal_value WHERE subject_id = $1", player)
    await tamper(world.database, "DELETE FROM personal_subject WHERE subject_id = $1", player)

    told = (await check(world.database)).oddities

    assert f"the key of subject {player} is missing, and no fact has erased it" in told
    assert f"/email of subject {player} is missing, and no fact has erased it" in told


async def test_a_time_ends_with_the_last_fact_that_was_recorded_by_then(world: World) -> None:
    player = await world.player(units=7)
    now = world.clock.now()
    # Several clocks write one shard: one that is ahead hides nothing of what came after it.
    await tamper(
        world.database,
        "UPDATE fact SET body = regexp_replace(convert_from(body, 'UTF8'),"
        ' \'"rec":"[^"]*"\', \'"rec":"2099-01-01T00:00:00Z"\')::bytea'
        " WHERE shard = $1 AND position('player.registered'::bytea IN body) > 0",
        shard_of(player),
    )

    async with world.database.moment() as tx:
        shown = await rebuild.show(tx, Kind.PLAYER, player, at=now, reader=READER)

    assert {"player", "wallet_account"} <= {*shown}


async def test_a_row_that_nobody_told_of_is_named(world: World) -> None:
    forged = "00000000-0000-7000-8000-000000000001"
    await tamper(
        world.database,
        "INSERT INTO wallet_account (shard, account_id, kind, owner, currency, may_overdraw,"
        " credits) VALUES (3, $1, 'player', 'nobody', 'EUR', false, 1000000),"
        "   (99, $1, 'player', 'nobody', 'EUR', false, 1000000)",
        forged,
    )

    report = await check(world.database)

    (difference,) = report.differences
    assert (difference.table, difference.shard, difference.rebuilt) == ("wallet_account", 3, None)
    assert difference.key == {"account_id": forged}
    assert report.oddities == ["table wallet_account has 1 rows in shards that are none"]


async def test_a_fact_that_was_rewritten_breaks_its_chain(world: World) -> None:
    def enrich(data: dict[str, object]) -> None:
        data["stake_micros"] = 1

    shard = next(iter(await _shards_with_bets(world)))
    await rewrite(world.database, shard, "bet.accepted", enrich)

    report = await check(world.database)

    assert any("and names" in oddity for oddity in report.oddities)
    assert ("bet", "stake_micros") in {(item.table, item.column) for item in report.differences}


async def test_a_fact_that_cannot_be_read_is_named(world: World) -> None:
    shard = next(iter(await _shards_with_bets(world)))
    await tamper(
        world.database, "UPDATE fact SET body = '\\x7b' WHERE shard = $1 AND seq = 2", shard
    )

    with pytest.raises(FactUnreadable, match=f"fact 2 of shard {shard} cannot be read"):
        await check(world.database)


async def test_money_that_moved_on_an_account_that_nobody_opened_is_odd(world: World) -> None:
    shard = next(iter(await _shards_with_bets(world)))

    def move(data: dict[str, object]) -> None:
        data["account_id"] = "00000000-0000-7000-8000-000000000001"

    await rewrite(world.database, shard, "account.opened", move)

    report = await check(world.database)

    assert any("which no fact before it has made" in oddity for oddity in report.oddities)


async def test_an_entity_is_shown_as_it_was_at_a_time_and_after_a_fact(database: Database) -> None:
    world = World(database=database)
    player, event = await world.player(units=100), await world.event("A")
    bet_id = await world.wish(player, *legs_of("A"), units=5)
    await world.process()
    placed = world.clock.now()
    await _sequence(world)
    async with database.reading() as tx:
        end = await order.read_end(tx)
    world.clock.advance(timedelta(hours=1))
    await world.score(event, 1, 0)
    await world.settle()

    now = await _show(world, Kind.BET, bet_id)
    assert [row["state"] for row in now["bet"]] == ["settled"]
    assert {"wallet_hold", "wallet_transfer", "bet_leg"} <= now.keys()
    for at in (placed, end - 1):
        (bet,) = (await _show(world, Kind.BET, bet_id, at=at))["bet"]
        assert (bet["state"], bet["returns_micros"]) == ("accepted", None)
        (account,) = (await _show(world, Kind.PLAYER, player, at=at))["wallet_account"]
        assert (account["credits"], account["held"]) == (100 * UNIT, 5 * UNIT)
    (account,) = (await _show(world, Kind.PLAYER, player))["wallet_account"]
    assert (account["credits"] - account["debits"], account["held"]) == (107_500_000, 0)
    assert len((await _show(world, Kind.EVENT, event))["catalog_selection"]) == 7
    with pytest.raises(EntityMissing, match=f"no fact has made the bet {bet_id} by then"):
        await _show(world, Kind.BET, bet_id, at=placed - timedelta(hours=1))


async def _show(world: World, kind: Kind, entity_id: str, *, at: Any = None) -> Any:
    async with world.database.moment() as tx:
        return await rebuild.show(tx, kind, entity_id, at=at, reader=READER)


async def _sequence(world: World) -> None:
    async with world.database.transaction() as tx:
        epoch = await order.take_over(tx, owner="test")
        assert epoch is not None
        await order.sequence(tx, epoch=epoch, now=world.clock.now())


async def _shards_with_bets(world: World) -> set[Shard]:
    async with world.database.reading() as tx:
        rows = await tx.fetch("SELECT DISTINCT shard FROM bet WHERE state <> 'refused'")
    return {Shard(row["shard"]) for row in rows}
