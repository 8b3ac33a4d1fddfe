"""Promises of the wallet on a real database: the table of answers, statements, constraints."""

from __future__ import annotations

import random
from itertools import pairwise

import asyncpg
import pytest

from integration.wallet.world import NOW, UNIT, World, account, account_id, book_and_tell, key
from pitboss import messages, wallet
from pitboss.db import Database
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import derived_id
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import (
    Answer,
    Booked,
    HoldRequest,
    PostRequest,
    Refusal,
    Refused,
    Request,
    TransferRequest,
    VoidRequest,
)
from property.wallet.naive import NaiveWallet, Outcome

HERE, THERE = Shard(3), Shard(60)


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    for shard in (HERE, THERE):
        await made.open(account(shard, "house"))
        for name in ("ann", "ben"):
            await made.fund(shard, name, units=10)
    return made


def hold(name: str = "h", *, micros: int = 4 * UNIT, shard: Shard = HERE) -> HoldRequest:
    return HoldRequest(
        shard=shard, key=key(name), account_id=account_id("ann"), micros=micros, currency="EUR"
    )


def transfer(name: str = "t", *, micros: int = UNIT, shard: Shard = HERE) -> TransferRequest:
    return TransferRequest(
        shard=shard,
        key=key(name),
        debit_id=account_id("ann"),
        credit_id=account_id("house"),
        micros=micros,
        currency="EUR",
    )


async def test_nothing_asked_is_nothing_answered(world: World) -> None:
    assert await world.book([]) == ()


async def test_a_stake_is_held_then_posted_and_the_rest_goes_back(world: World) -> None:
    asked: list[Request] = [
        hold(micros=4 * UNIT),
        PostRequest(
            shard=HERE,
            key=key("p"),
            hold_key=key("h"),
            credit_id=account_id("house"),
            micros=3 * UNIT,
        ),
        VoidRequest(shard=HERE, key=key("v"), hold_key=key("h")),
    ]

    stands = []
    for request in asked:
        await world.book([request])
        stands.append(await world.stands(HERE, "ann"))

    assert stands == [(10 * UNIT, 4 * UNIT), (7 * UNIT, UNIT), (7 * UNIT, 0)]
    assert await world.stands(HERE, "house") == (3 * UNIT, 0)
    assert await world.stands(THERE, "house") == (0, 0)
    await world.books_balance()


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_is_asked_the_wallet_says_what_a_napkin_says(
    world: World, seed: int
) -> None:
    dice, napkin = random.Random(seed), napkin_of_world()

    for _ in range(6):
        batch = [some_request(dice) for _ in range(dice.randint(1, 40))]
        answers = await world.book(batch)

        assert [said(answer) for answer in answers] == [napkin.ask(request) for request in batch]
    for (shard, name), posted in napkin.posted.items():
        async with world.database.reading() as tx:
            (found,) = await wallet.find_balances(tx, [(shard, name)])  # type: ignore[list-item]
        assert (found.posted, found.held) == (posted, napkin.held[shard, name])
    await world.books_balance()


async def test_a_turn_that_fails_leaves_no_trace(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        async with world.turn(HERE) as turn:
            await book_and_tell(turn, [hold(), transfer()])
            raise ZeroDivisionError

    assert await world.stands(HERE, "ann") == (10 * UNIT, 0)
    (held, moved) = await world.book([hold(), transfer()])
    assert isinstance(held, Booked)
    assert isinstance(moved, Booked)
    assert held.movement is not None
    assert moved.movement is not None


async def test_money_that_no_fact_tells_of_does_not_move(world: World) -> None:
    with pytest.raises(InvariantBroken):
        async with world.turn(HERE) as turn:
            await wallet.book(turn, [hold()])

    assert await world.stands(HERE, "ann") == (10 * UNIT, 0)


async def test_money_is_moved_only_by_who_has_the_turn_of_its_shard(world: World) -> None:
    async with world.turn(HERE) as turn:
        with pytest.raises(InvariantBroken):
            await wallet.book(turn, [hold(shard=THERE)])
        with pytest.raises(InvariantBroken):
            await wallet.open_accounts(turn, [account(THERE, "new")])


async def test_an_account_is_opened_once_however_often_it_is_asked_for(world: World) -> None:
    before = len(await facts_of(world, HERE, "account.opened"))
    new = account(HERE, "cat")

    await world.open(new, new)
    await world.open(new, account(HERE, "ann"))

    assert await world.stands(HERE, "cat") == (0, 0)
    assert await world.stands(HERE, "ann") == (10 * UNIT, 0)
    assert len(await facts_of(world, HERE, "account.opened")) == before + 1


async def test_a_statement_reads_down_to_the_first_entry_page_by_page(world: World) -> None:
    for number in range(5):
        await world.book([transfer(f"t{number}", micros=(number + 1) * 100_000)])

    pages = []
    before_no = None
    async with world.database.reading() as tx:
        while page := await wallet.find_statement(
            tx, HERE, account_id("ann"), before_no=before_no, limit=4
        ):
            pages.append(page)
            before_no = page[-1].entry_no
        whole = await wallet.find_statement(tx, HERE, account_id("ann"), limit=1_000_000)

    assert [len(page) for page in pages] == [4, 2]
    lines = [line for page in pages for line in page]
    assert lines == whole
    assert [line.entry_no for line in lines] == [6, 5, 4, 3, 2, 1]
    assert all(line.before + line.movement == line.after for line in lines)
    assert all(newer.before == older.after for newer, older in pairwise(lines))
    assert lines[-1].movement == 10 * UNIT
    assert lines[0].after == (await world.account(HERE, "ann")).posted
    assert {line.currency for line in lines} == {"EUR"}
    assert {line.booked_at for line in lines} == {NOW}


async def test_all_accounts_of_a_shard_are_read_page_by_page(world: World) -> None:
    pages, after = [], None
    async with world.database.reading() as tx:
        while page := await wallet.find_all_balances(tx, HERE, after=after, limit=3):
            pages.append(page)
            after = page[-1].id
        others = await wallet.find_all_balances(tx, Shard(5))

    assert [len(page) for page in pages] == [3, 1]
    assert {item.owner for page in pages for item in page} == {"ann", "ben", "house", "bank"}
    assert others == []


async def test_totals_show_players_as_one_and_every_house_account_by_name(world: World) -> None:
    await world.book([hold(), transfer()])
    await world.fund(HERE, "gil", units=5, currency="GBP")

    async with world.database.reading() as tx:
        totals = await wallet.find_totals(tx)

    assert totals == {
        ("EUR", "player", ""): (UNIT, 40 * UNIT, 4 * UNIT),
        ("EUR", "house", "house"): (0, UNIT, 0),
        ("EUR", "house", "bank"): (40 * UNIT, 0, 0),
        ("GBP", "player", ""): (0, 5 * UNIT, 0),
        ("GBP", "house", "bank"): (5 * UNIT, 0, 0),
    }


IMPOSSIBLE = (
    "UPDATE wallet_account SET held = credits - debits + 1 WHERE NOT may_overdraw",
    "UPDATE wallet_account SET held = -1",
    "UPDATE wallet_account SET debits = credits + 1 WHERE NOT may_overdraw",
    "UPDATE wallet_account SET debits = -1",
    "UPDATE wallet_account SET currency = 'euro'",
    "UPDATE wallet_account SET kind = 'friend'",
    "UPDATE wallet_hold SET posted = micros, voided = 1",
    "UPDATE wallet_hold SET voided = -1",
    "UPDATE wallet_hold SET micros = 0",
    "UPDATE wallet_hold SET refusal = 'late', posted = 1",
)


async def test_the_database_refuses_books_that_cannot_be(world: World) -> None:
    await world.book([hold()])

    for change in IMPOSSIBLE:
        with pytest.raises(asyncpg.CheckViolationError):
            async with world.database.transaction() as tx:
                await tx.execute(change)
                pytest.fail(f"the database took {change}")


async def test_the_database_refuses_a_transfer_that_cannot_be(world: World) -> None:
    good: dict[str, object] = {
        "shard": HERE,
        "key": key("by hand"),
        "debit_id": account_id("ann"),
        "credit_id": account_id("house"),
        "micros": UNIT,
        "currency": "EUR",
        "whole": False,
        "debit_after": 0,
        "credit_after": 0,
        "debit_no": 100,
        "credit_no": 100,
        "booked_at": NOW,
    }

    for wrong in (
        {"micros": 0},
        {"micros": -1},
        {"debit_id": account_id("house")},
        {"whole": True},
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            async with world.database.transaction() as tx:
                await tx.copy_in("wallet_transfer", list(good), [list((good | wrong).values())])
                pytest.fail(f"the database took {wrong}")
    async with world.database.transaction() as tx:
        await tx.copy_in("wallet_transfer", list(good), [list(good.values())])


async def test_what_was_booked_is_not_changed(world: World, owned: Database) -> None:
    await world.book([hold(), transfer(), transfer("none", micros=0)])

    for table in ("wallet_transfer", "wallet_answer"):
        for change in (
            f"UPDATE {table} SET micros = 1",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                async with owned.transaction() as tx:
                    await tx.execute(change)


async def test_a_movement_is_told_as_it_was_booked(world: World) -> None:
    (answer,) = await world.book([transfer()])

    assert answer == Booked(
        micros=UNIT,
        movement=Movement(
            kind="transfer",
            key=key("t"),
            micros=UNIT,
            currency="EUR",
            debit=account_id("ann"),
            credit=account_id("house"),
        ),
    )
    assert (HERE, answer.movement) in await world.movements()
    assert (THERE, answer.movement) not in await world.movements()
    assert await world.book([transfer(), transfer(micros=2)]) == (
        Booked(micros=UNIT, movement=None),
        Refused(reason=Refusal.KEY_REUSED),
    )


async def facts_of(world: World, shard: Shard, kind: str) -> list[bytes]:
    async with world.database.reading() as tx:
        told = await messages.read_facts(tx, shard, after_seq=0)
    return [fact.body for fact in told if f'"type":"{kind}"'.encode() in fact.body]


def napkin_of_world() -> NaiveWallet:
    """Write down the accounts that the world starts with."""
    napkin = NaiveWallet()
    for shard in (HERE, THERE):
        for name in ("bank", "house", "ann", "ben"):
            place = (shard, str(account_id(name)))
            napkin.open(place, "EUR", may_overdraw=name in {"bank", "house"})
        for name in ("ann", "ben"):
            napkin.posted[shard, str(account_id(name))] += 10 * UNIT
            napkin.posted[shard, str(account_id("bank"))] -= 10 * UNIT
    return napkin


def some_request(dice: random.Random) -> Request:
    """Draw a request that meets others: few accounts, few keys, amounts at every edge."""
    shard = dice.choice((HERE, THERE))
    name, hold_key = (derived_id("some key", str(dice.randrange(12))) for _ in range(2))
    amount = dice.choice((1, UNIT, 3 * UNIT, 9 * UNIT, 0, -1, 2**63 - 1, 2**63))
    part = dice.choice((None, amount))
    one, other = (account_id(dice.choice(("house", "ann", "ben", "nobody"))) for _ in range(2))
    currency = dice.choice(("EUR", "EUR", "EUR", "GBP"))
    return dice.choice(
        (
            HoldRequest(shard=shard, key=name, account_id=one, micros=amount, currency=currency),
            PostRequest(shard=shard, key=name, hold_key=hold_key, credit_id=one, micros=part),
            VoidRequest(shard=shard, key=name, hold_key=hold_key, micros=part),
            TransferRequest(
                shard=shard,
                key=name,
                debit_id=one,
                credit_id=other,
                micros=amount,
                currency=currency,
            ),
        )
    )


def said(answer: Answer) -> tuple[Outcome, bool]:
    """Return an answer in the napkin's words; a repeated yes moves nothing."""
    if isinstance(answer, Booked):
        return answer.micros, answer.movement is None
    return answer.reason, False
