"""Promises about what providers tell, on a real database: booked once, or kept for staff."""

from __future__ import annotations

import asyncio
import itertools
import random

import asyncpg
import pytest

from integration.cashier.world import UNIT, World, altered, stranger
from pitboss import cashier, wallet
from pitboss.cashier.model import (
    Declined,
    NewsRefusal,
    NewsRefused,
    NewsStatus,
    PaymentKind,
    PaymentState,
    Recorded,
    Submission,
    Submitted,
)
from pitboss.db import Database
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.shards import SYSTEM_SHARD, shard_of

PENDING, SUCCEEDED, FAILED = NewsStatus.PENDING, NewsStatus.SUCCEEDED, NewsStatus.FAILED


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def test_a_confirmed_deposit_is_the_players(world: World) -> None:
    player = await world.player()
    payment = await world.deposit(player, units=10)

    answers = await world.tell(world.news(payment, PENDING), world.news(payment, SUCCEEDED))

    assert [answer.changed for answer in answers if isinstance(answer, Recorded)] == [True, True]
    assert await world.balance(player) == (10, 0)
    assert await world.clearing(player) == -10
    assert await world.kinds(payment) == [
        "deposit.requested",
        "payment.submitted",
        "deposit.confirmed",
    ]
    (told,) = [
        data for data in await world.facts(payment.shard) if data["type"] == "deposit.confirmed"
    ]
    assert [(item["kind"], item["micros"]) for item in told["movements"]] == [
        ("transfer", 10 * UNIT)
    ]


async def test_a_failed_deposit_moves_nothing(world: World) -> None:
    player = await world.player()
    payment = await world.deposit(player)

    await world.tell(world.news(payment, FAILED))

    assert await world.balance(player) == (0, 0)
    assert await world.kinds(payment) == ["deposit.requested", "deposit.failed"]
    assert (await world.payment(payment)).reason == "not_told"


async def test_a_paid_withdrawal_leaves_the_players_account(world: World) -> None:
    player = await world.player(units=10)
    payment = await world.withdraw(player, units=4)

    await world.tell(world.news(payment, SUCCEEDED))

    assert await world.balance(player) == (6, 0)
    assert await world.clearing(player) == -6
    assert await world.kinds(payment) == ["withdrawal.requested", "withdrawal.paid"]


async def test_a_failed_withdrawal_gives_its_money_back(world: World) -> None:
    player = await world.player(units=10)
    payment = await world.withdraw(player, units=4)

    await world.tell(world.news(payment, FAILED))

    assert await world.balance(player) == (10, 0)
    assert await world.kinds(payment) == ["withdrawal.requested", "withdrawal.failed"]


async def test_every_piece_of_news_is_told_once_whatever_followed_from_it(world: World) -> None:
    payment = await world.deposit(await world.player())
    done = world.news(payment, SUCCEEDED)
    late, false = world.news(payment, PENDING), world.news(payment, FAILED)

    for item in (done, done, late, false, late):
        await world.tell(item)

    told = [
        (data["type"], data["event_id"], data["reference"])
        for data in await world.facts(payment.shard)
        if data["type"].startswith("payment.news_")
    ]
    assert told == [
        ("payment.news_recorded", done.event_id, done.reference),
        ("payment.news_recorded", late.event_id, late.reference),
        ("payment.news_refused", false.event_id, false.reference),
    ]


async def test_a_submission_is_noted_even_when_news_overtook_it(world: World) -> None:
    player = await world.player()
    first, second = await world.deposit(player), await world.deposit(player)
    await world.tell(world.news(first, SUCCEEDED))

    async with world.turn(first.shard) as turn:
        answers = await cashier.record_submissions(
            turn,
            [
                Submission(payment=item, answer=Submitted(reference=f"ref.{item.id}"))
                for item in (first, second, second)
            ],
        )

    assert [answer.changed for answer in answers if isinstance(answer, Recorded)] == [
        False,
        True,
        False,
    ]
    assert (await world.payment(first)).state is PaymentState.SUCCEEDED
    assert (await world.payment(second)).state is PaymentState.SUBMITTED
    assert (await world.payment(second)).reference == f"ref.{second.id}"


async def test_what_the_provider_declines_has_failed(world: World) -> None:
    player = await world.player(units=10)
    payment = await world.withdraw(player)

    async with world.turn(payment.shard) as turn:
        await cashier.record_submissions(
            turn, [Submission(payment=payment, answer=Declined(reason="account_closed"))]
        )

    after = await world.payment(payment)
    assert (after.state, after.reason) == (PaymentState.FAILED, "account_closed")
    assert await world.balance(player) == (10, 0)


async def test_every_order_of_the_same_webhooks_ends_in_the_same_books(world: World) -> None:
    orders = list(itertools.permutations((PENDING, PENDING, SUCCEEDED, SUCCEEDED)))
    players = [await world.player(units=5) for _ in orders]
    for player, order in zip(players, orders, strict=True):
        deposit = await world.deposit(player, units=10)
        withdrawal = await world.withdraw(player, units=2)
        for number, status in enumerate(order):
            event_id = f"{status}.{number % 2}"
            await world.tell(
                world.news(deposit, status, event_id=f"{event_id}.{deposit.id}"),
                world.news(withdrawal, status, event_id=f"{event_id}.{withdrawal.id}"),
            )

    assert {await world.balance(player) for player in players} == {(13, 0)}
    async with world.database.reading() as tx:
        totals = await wallet.find_totals(tx)
    assert sum(credits - debits for debits, credits, _ in totals.values()) == 0


@pytest.mark.parametrize("kind", PaymentKind)
async def test_eight_identical_webhooks_at_once_book_once(world: World, kind: PaymentKind) -> None:
    player = await world.player(units=10)
    ask = world.deposit if kind is PaymentKind.DEPOSIT else world.withdraw
    payments = [await ask(player, units=1) for _ in range(5)]
    news = [world.news(payment, SUCCEEDED) for payment in payments]
    batches = [random.Random(seed).sample(news, len(news)) for seed in range(8)]

    answers = await asyncio.gather(*(world.tell(*batch) for batch in batches))

    changed = [
        answer.payment_id
        for batch in answers
        for answer in batch
        if isinstance(answer, Recorded) and answer.changed
    ]
    assert sorted(changed) == sorted(payment.id for payment in payments)
    assert await world.balance(player) == ((15, 0) if kind is PaymentKind.DEPOSIT else (5, 0))


async def test_of_two_contradicting_webhooks_at_once_one_is_believed(world: World) -> None:
    player = await world.player(units=10)
    payments = [await world.withdraw(player, units=1) for _ in range(8)]

    answers = await asyncio.gather(
        *(
            world.tell(world.news(payment, status))
            for payment in payments
            for status in (SUCCEEDED, FAILED)
        )
    )

    assert sum(isinstance(answer, NewsRefused) for (answer,) in answers) == 8
    paid = [
        payment
        for payment in payments
        if (await world.payment(payment)).state is PaymentState.SUCCEEDED
    ]
    assert await world.balance(player) == (10 - len(paid), 0)


async def test_a_contradiction_is_kept_and_published_but_never_applied(world: World) -> None:
    player = await world.player()
    payment = await world.deposit(player, units=10)
    truth = world.news(payment, SUCCEEDED)
    await world.tell(truth)
    lies = {
        NewsRefusal.CONTRADICTS_OUTCOME: world.news(payment, FAILED),
        NewsRefusal.WRONG_AMOUNT: altered(truth, micros=11 * UNIT),
        NewsRefusal.WRONG_CURRENCY: altered(truth, currency="EUR"),
        NewsRefusal.WRONG_KIND: altered(truth, kind=PaymentKind.WITHDRAWAL),
        NewsRefusal.WRONG_REFERENCE: altered(truth, reference="another"),
        NewsRefusal.UNKNOWN_PAYMENT: altered(truth, provider="another"),
        NewsRefusal.EVENT_ID_REUSED: altered(truth, event_id=truth.event_id, status=FAILED),
    }

    answers = await world.tell(*lies.values())
    again = await world.tell(*lies.values())

    assert answers == again == tuple(NewsRefused(reason=reason) for reason in lies)
    assert await world.balance(player) == (10, 0)
    async with world.database.reading() as tx:
        kept = await cashier.find_refused_news(tx)
    assert {item.refusal: item.news for item in kept} == lies
    told = [
        data for data in await world.facts(payment.shard) if data["type"] == "payment.news_refused"
    ]
    assert [data["reason"] for data in told] == list(lies)


async def test_news_of_what_we_refused_ourselves_is_not_believed(world: World) -> None:
    player = await world.player()
    payment = await world.deposit(player)
    request = world.request(player, units=1_000_000)
    await world.ask(PaymentKind.WITHDRAWAL, [request])
    async with world.database.reading() as tx:
        refused = await cashier.find_payment(tx, payment.shard, request.payment_id)
    assert refused is not None

    (answer,) = await world.tell(world.news(refused, SUCCEEDED))

    assert answer == NewsRefused(reason=NewsRefusal.NEVER_REQUESTED)


async def test_news_of_nothing_we_know_is_kept_by_the_system(world: World) -> None:
    player = await world.player()
    payment = await world.deposit(player)

    answers = await world.tell(stranger(1), world.news(payment, SUCCEEDED), stranger(2))
    (again,) = await world.tell(stranger(1))

    unknown = NewsRefused(reason=NewsRefusal.UNKNOWN_PAYMENT)
    assert (answers[0], answers[2], again) == (unknown, unknown, unknown)
    assert await world.balance(player) == (10, 0)
    told = await world.facts(SYSTEM_SHARD)
    assert [data["event_id"] for data in told] == ["stranger-1", "stranger-2"]


async def test_news_is_recorded_under_the_payments_turn(world: World) -> None:
    payment = await world.deposit(await world.player())

    async with world.turn(SYSTEM_SHARD) as turn:
        with pytest.raises(InvariantBroken):
            await cashier.record_news(turn, [world.news(payment, SUCCEEDED)])


async def test_no_news_changes_nothing(world: World) -> None:
    async with world.turn(SYSTEM_SHARD) as turn:
        assert await cashier.record_news(turn, []) == ()
        await cashier.postpone(turn, [])


async def test_what_was_told_cannot_be_changed(world: World, owned: Database) -> None:
    payment = await world.deposit(await world.player())
    await world.tell(world.news(payment, SUCCEEDED))

    for change in ("DELETE FROM payment_news", "UPDATE payment_news SET status = 'failed'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            async with owned.transaction() as tx:
                await tx.execute(change)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE payment SET state = 'succeeded'",
        "UPDATE payment SET state = 'failed', closed_at = now()",
        "UPDATE payment SET state = 'submitted'",
        "UPDATE payment SET state = 'lost'",
        "UPDATE payment SET micros = 0",
        "UPDATE payment SET kind = 'gift'",
    ],
)
async def test_the_table_refuses_states_that_no_rule_makes(world: World, change: str) -> None:
    await world.deposit(await world.player())

    with pytest.raises(asyncpg.CheckViolationError):
        async with world.database.transaction() as tx:
            await tx.execute(change)


async def test_shards_are_found_for_what_is_known_and_what_is_not(world: World) -> None:
    player = await world.player()
    payment = await world.deposit(player)

    async with world.database.reading() as tx:
        shards = await cashier.find_shards(tx, [world.news(payment, PENDING), stranger()])

    assert shards == {shard_of(player), SYSTEM_SHARD}
