"""Requests whose keys nobody looked up: the same answers, and no repeat gets through."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import pytest

from integration.wallet.world import UNIT, Told, World, account, account_id, key
from pitboss import wallet
from pitboss.db import Database
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn
from pitboss.wallet.model import (
    Account,
    Answer,
    Booked,
    HoldRequest,
    Refusal,
    Refused,
    Request,
    TransferRequest,
)

HERE = Shard(3)


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    await made.open(account(HERE, "house"))
    await made.fund(HERE, "ann", units=10)
    await made.fund(HERE, "ben", units=10)
    return made


def hold(name: str, *, who: str = "ann", units: int = 4, currency: str = "EUR") -> HoldRequest:
    return HoldRequest(
        shard=HERE,
        key=key(name),
        account_id=account_id(who),
        micros=units * UNIT,
        currency=currency,
    )


async def book_unseen(world: World, requests: list[Request]) -> tuple[Answer, ...]:
    async with world.turn(HERE) as turn:
        return await _book(turn, requests)


async def _book(
    turn: Turn, requests: list[Request], accounts: Sequence[Account] = ()
) -> tuple[Answer, ...]:
    answers = await wallet.book(turn, requests, unseen=True, accounts=accounts)
    for request, answer in zip(requests, answers, strict=True):
        if isinstance(answer, Booked) and answer.movement is not None:
            turn.publish(request.shard, request.key, Told(movements=(answer.movement,)))
    return answers


async def test_who_has_enough_for_all_gets_all_and_who_has_not_gets_the_first(
    world: World,
) -> None:
    answers = await book_unseen(
        world,
        [
            hold("a1", who="ann", units=6),
            hold("b1", who="ben", units=6),
            hold("a2", who="ann", units=4),
            hold("b2", who="ben", units=5),
            hold("b3", who="ben", units=3),
        ],
    )

    granted = [isinstance(answer, Booked) for answer in answers]
    assert granted == [True, True, True, False, True]
    assert answers[3] == Refused(reason=Refusal.INSUFFICIENT_FUNDS)
    assert await world.stands(HERE, "ann") == (10 * UNIT, 10 * UNIT)
    assert await world.stands(HERE, "ben") == (10 * UNIT, 9 * UNIT)
    await world.books_balance()


async def test_accounts_that_were_read_are_booked_on_beside_those_that_were_not(
    world: World,
) -> None:
    def give(name: str, giver: str, taker: str, units: int) -> TransferRequest:
        return TransferRequest(
            shard=HERE,
            key=key(name),
            debit_id=account_id(giver),
            credit_id=account_id(taker),
            micros=units * UNIT,
            currency="EUR",
        )

    async with world.turn(HERE) as turn:
        read = await wallet.find_balances(
            turn.tx, [(HERE, account_id(name)) for name in ("ann", "house")]
        )
        answers = await _book(
            turn,
            [
                give("t1", "ann", "ben", 8),
                give("t2", "ann", "ben", 3),
                give("t3", "ben", "ann", 18),
                give("t4", "ann", "ben", 3),
            ],
            read,
        )

    granted = [isinstance(answer, Booked) for answer in answers]
    assert granted == [True, False, True, True]
    assert await world.stands(HERE, "ann") == (17 * UNIT, 0)
    assert await world.stands(HERE, "ben") == (3 * UNIT, 0)
    await world.books_balance()


async def test_odd_holds_are_refused_as_ever(world: World) -> None:
    answers = await book_unseen(
        world,
        [
            hold("pounds", currency="GBP"),
            hold("nothing", units=0, who="ben"),
            hold("nobody", who="nobody"),
            hold("fine"),
        ],
    )

    assert answers[:3] == (
        Refused(reason=Refusal.WRONG_CURRENCY),
        Refused(reason=Refusal.AMOUNT_OUT_OF_RANGE),
        Refused(reason=Refusal.UNKNOWN_ACCOUNT),
    )
    assert isinstance(answers[3], Booked)
    await world.books_balance()


async def test_a_key_twice_in_one_batch_holds_once(world: World) -> None:
    answers = await book_unseen(world, [hold("twin"), hold("twin")])

    assert answers[1] == Booked(micros=4 * UNIT, movement=None)
    assert await world.stands(HERE, "ann") == (10 * UNIT, 4 * UNIT)
    await world.books_balance()


async def test_a_repeat_that_nobody_looked_for_breaks_the_whole_turn(world: World) -> None:
    await book_unseen(world, [hold("first")])

    with pytest.raises(asyncpg.UniqueViolationError):
        await book_unseen(world, [hold("other", who="ben"), hold("first")])

    assert await world.stands(HERE, "ann") == (10 * UNIT, 4 * UNIT)
    assert await world.stands(HERE, "ben") == (10 * UNIT, 0)
    await world.books_balance()


async def test_a_refusal_is_the_answer_to_the_repeat_too(world: World) -> None:
    (refused,) = await book_unseen(world, [hold("much", units=11)])

    (again,) = await world.book([hold("much", units=11)])

    assert refused == again == Refused(reason=Refusal.INSUFFICIENT_FUNDS)
