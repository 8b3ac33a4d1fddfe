"""One race per verb of the cashier: eight connections, one batch, eight orders, one answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from integration.cashier.world import START, UNIT, World
from integration.races import RACERS, race_for_turns, shuffles
from pitboss import cashier, wallet
from pitboss.cashier.model import (
    NewsAnswer,
    NewsStatus,
    PaymentKind,
    PaymentNews,
    PaymentRequest,
    PaymentState,
    Recorded,
    RequestAnswer,
    Requested,
    Submission,
    Submitted,
)
from pitboss.db import Database
from pitboss.kernel.shards import SYSTEM_SHARD, Shard, shard_of
from pitboss.messages import Turn

VERBS = {
    PaymentKind.DEPOSIT: cashier.request_deposits,
    PaymentKind.WITHDRAWAL: cashier.request_withdrawals,
}


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


@pytest.mark.parametrize("kind", PaymentKind)
@pytest.mark.parametrize("seed", range(3))
async def test_racing_requests_make_each_payment_once(
    world: World, kind: PaymentKind, seed: int
) -> None:
    players = [await world.player(units=10) for _ in range(4)]
    requests = [world.request(player, units=3) for player in players for _ in range(5)]
    # A currency that the player does not have: a no is an answer too.
    requests += [world.request(player, units=1, currency="EUR") for player in players]

    async def ask(turn: Turn, batch: Sequence[PaymentRequest]) -> tuple[RequestAnswer, ...]:
        return await VERBS[kind](turn, batch)

    batches = shuffles(requests, seed=seed)
    answers = await race_for_turns(
        world.database, batches, {shard_of(player) for player in players}, ask, now=START
    )

    heard: dict[str, list[RequestAnswer]] = {}
    for batch, mine in zip(batches, answers, strict=True):
        for request, answer in zip(batch, mine, strict=True):
            heard.setdefault(request.payment_id, []).append(answer)
    taken = Counter[bool]()
    for got in heard.values():
        yes = [answer for answer in got if isinstance(answer, Requested)]
        assert len(yes) in (0, RACERS)
        assert len(set(map(str, got))) == (2 if yes else 1)
        assert sum(not answer.repeated for answer in yes) == bool(yes)
        taken[bool(yes)] += 1
    each = 5 if kind is PaymentKind.DEPOSIT else 3
    assert taken == {True: 4 * each, False: 4 * (6 - each)}
    for player in players:
        assert await world.balance(player) == (10, 0 if kind is PaymentKind.DEPOSIT else 9)


@pytest.mark.parametrize("seed", range(3))
async def test_racing_news_of_every_kind_books_each_payment_once(world: World, seed: int) -> None:
    players = [await world.player(units=10) for _ in range(4)]
    payments = [await world.deposit(player, units=3) for player in players]
    payments += [await world.withdraw(player, units=2) for player in players]
    # Half of each kind comes through and half does not; everything is told twice.
    ends = {
        payment.id: NewsStatus.FAILED if number % 2 else NewsStatus.SUCCEEDED
        for number, payment in enumerate(payments)
    }
    told: list[PaymentNews | Submission] = [
        Submission(payment=payment, answer=Submitted(reference=f"ref.{payment.id}"))
        for payment in payments
    ]
    for payment in payments:
        for status in (NewsStatus.PENDING, ends[payment.id]):
            told += [
                world.news(payment, status, event_id=f"{status}.{n}.{payment.id}") for n in "ab"
            ]

    async def record(turn: Turn, batch: Sequence[PaymentNews | Submission]) -> list[NewsAnswer]:
        answers: list[NewsAnswer] = []
        for item in batch:
            if isinstance(item, Submission):
                answers += await cashier.record_submissions(turn, [item])
            else:
                answers += await cashier.record_news(turn, [item])
        return answers

    shards: set[Shard] = {payment.shard for payment in payments} | {SYSTEM_SHARD}
    answers = await race_for_turns(
        world.database, shuffles(told, seed=seed), shards, record, now=START
    )

    assert all(isinstance(answer, Recorded) for mine in answers for answer in mine)
    for payment in payments:
        state = (await world.payment(payment)).state
        assert state is PaymentState(ends[payment.id].value)
        kinds = Counter(await world.kinds(payment))
        assert max(kinds.values()) == 1
    for number, player in enumerate(players):
        assert await world.balance(player) == (10 if number % 2 else 10 + 3 - 2, 0)
    async with world.database.reading() as tx:
        totals = await wallet.find_totals(tx)
    assert sum(credits - debits for debits, credits, _ in totals.values()) == 0
    assert totals["GBP", "player", ""][1] - totals["GBP", "player", ""][0] == 42 * UNIT
