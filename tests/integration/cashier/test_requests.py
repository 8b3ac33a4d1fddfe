"""Promises about what players ask the cashier for, on a real database."""

from __future__ import annotations

import asyncio
import random

import msgspec
import pytest

from integration.cashier.world import UNIT, World
from pitboss import cashier, jurisdictions
from pitboss.cashier.model import (
    NewsStatus,
    PaymentKind,
    PaymentState,
    Refused,
    Requested,
)
from pitboss.db import Database
from pitboss.jurisdictions import queries as licence_queries
from pitboss.jurisdictions.model import WithdrawalHold
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import IdempotencyKey, PlayerId, derived_id
from pitboss.kernel.shards import SYSTEM_SHARD, shard_of
from pitboss.players import verification
from pitboss.players.verification.model import Decision, DecisionReason, DecisionRequest
from proofs import Proves

DEPOSIT, WITHDRAWAL = PaymentKind.DEPOSIT, PaymentKind.WITHDRAWAL


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def test_a_requested_deposit_moves_nothing_yet(world: World) -> None:
    player = await world.player()

    payment = await world.deposit(player, units=10)

    assert await world.payment(payment) == payment
    assert (payment.state, payment.micros) == (PaymentState.REQUESTED, 10 * UNIT)
    assert await world.balance(player) == (0, 0)
    assert await world.kinds(payment) == ["deposit.requested"]


async def test_a_requested_withdrawal_holds_its_money(world: World) -> None:
    player = await world.player(units=10)

    payment = await world.withdraw(player, units=4)

    assert await world.balance(player) == (10, 4)
    (told,) = [
        data for data in await world.facts(payment.shard) if data["type"] == "withdrawal.requested"
    ]
    assert told["movements"] == [
        {
            "kind": "hold",
            "key": payment.id,
            "micros": 4 * UNIT,
            "currency": "GBP",
            "account": told["movements"][0]["account"],
        }
    ]


async def test_nobody_withdraws_more_than_there_is(world: World) -> None:
    player = await world.player(units=10)
    await world.withdraw(player, units=4)
    request = world.request(player, units=7)

    answers = [(await world.ask(WITHDRAWAL, [request]))[0] for _ in range(2)]

    assert answers == [Refused(reason="insufficient_funds")] * 2
    assert await world.balance(player) == (10, 4)
    told = [
        data for data in await world.facts(shard_of(player)) if data["type"] == "payment.refused"
    ]
    assert [data["payment_id"] for data in told] == [request.payment_id]


async def test_a_refused_request_is_kept_with_its_reason(world: World) -> None:
    player = await world.player()
    request = world.request(player, units=1)

    await world.ask(WITHDRAWAL, [request])

    async with world.database.reading() as tx:
        payment = await cashier.find_payment(tx, shard_of(player), request.payment_id)
    assert payment is not None
    assert (payment.state, payment.reason) == (PaymentState.REFUSED, "unknown_account")


async def test_who_may_not_play_may_not_pay_in_but_is_paid_out(world: World) -> None:
    player = await world.player(units=10)
    await world.suspend(player)

    (deposit,) = await world.ask(DEPOSIT, [world.request(player)])
    (withdrawal,) = await world.ask(WITHDRAWAL, [world.request(player)])

    assert deposit == Refused(reason="player_not_active")
    assert isinstance(withdrawal, Requested)
    assert await world.balance(player) == (10, 10)


async def test_a_batch_answers_as_its_requests_would_one_by_one(world: World) -> None:
    ann, bob = await world.player(units=20), await world.player(units=5)
    stranger = PlayerId(derived_id("player", "stranger"))
    requests = [
        world.request(ann, units=15, key="a1"),
        world.request(ann, units=15, key="a2"),
        world.request(bob, units=5, key="b1"),
        world.request(ann, units=15, key="a1"),
        world.request(ann, units=1, key="a1"),
        world.request(ann, units=5, key="a3"),
        world.request(ann, units=0, key="a4"),
        world.request(bob, units=1, key="b2", currency="EUR"),
        world.request(stranger, units=1, key="s1"),
        world.request(bob, units=1, key="b3"),
    ]

    answers = await world.ask(WITHDRAWAL, requests)

    reasons = [answer.reason if isinstance(answer, Refused) else "" for answer in answers]
    assert reasons == [
        "",
        "insufficient_funds",
        "",
        "",
        "key_reused",
        "",
        "amount_out_of_range",
        "unknown_account",
        "unknown_account",
        "insufficient_funds",
    ]
    assert [answer.repeated for answer in answers if isinstance(answer, Requested)] == [
        False,
        False,
        True,
        False,
    ]
    assert await world.balance(ann) == (20, 20)
    assert await world.balance(bob) == (5, 5)
    assert await world.ask(WITHDRAWAL, []) == ()


async def test_asking_again_shows_how_the_payment_stands(world: World) -> None:
    player = await world.player()
    request = world.request(player)
    (first,) = await world.ask(DEPOSIT, [request])
    assert isinstance(first, Requested)
    await world.tell(world.news(first.payment, NewsStatus.SUCCEEDED))

    (again,) = await world.ask(DEPOSIT, [request])
    (other,) = await world.ask(DEPOSIT, [world.request(player, units=11, key=request.key)])

    assert again == Requested(payment=await world.payment(first.payment), repeated=True)
    assert again.payment.state is PaymentState.SUCCEEDED
    assert other == Refused(reason="key_reused")
    assert await world.balance(player) == (10, 0)


async def test_a_key_belongs_to_its_player(world: World) -> None:
    ann, bob = await world.player(), await world.player()

    answers = await world.ask(
        DEPOSIT, [world.request(player, key="the same") for player in (ann, bob)]
    )

    assert [isinstance(answer, Requested) for answer in answers] == [True, True]


async def test_eight_requests_with_one_key_make_one_payment(world: World) -> None:
    player = await world.player(units=10)
    for kind in PaymentKind:
        request = world.request(player, units=10)

        answers = await asyncio.gather(*(world.ask(kind, [request]) for _ in range(8)))

        taken = [answer for (answer,) in answers if isinstance(answer, Requested)]
        assert len(taken) == 8
        assert sum(not answer.repeated for answer in taken) == 1
        assert len(await world.kinds(taken[0].payment)) == 1
    assert await world.balance(player) == (10, 10)


async def test_racing_withdrawals_never_take_more_than_there_is(world: World) -> None:
    players = [await world.player(units=10) for _ in range(3)]
    requests = [world.request(player, units=3) for player in players for _ in range(8)]
    batches = [random.Random(seed).sample(requests, len(requests)) for seed in range(8)]

    answers = await asyncio.gather(*(world.ask(WITHDRAWAL, batch) for batch in batches))

    verdicts = {
        (request.payment_id, isinstance(answer, Requested))
        for batch, mine in zip(batches, answers, strict=True)
        for request, answer in zip(batch, mine, strict=True)
    }
    assert len(verdicts) == len(requests)
    assert sum(taken for _, taken in verdicts) == 9
    for player in players:
        assert await world.balance(player) == (10, 9)


async def test_payments_are_requested_under_the_players_turn(world: World) -> None:
    player = await world.player()

    async with world.turn(SYSTEM_SHARD) as turn:
        with pytest.raises(InvariantBroken):
            await cashier.request_deposits(turn, [world.request(player)])


async def test_a_players_payments_are_shown_newest_first_page_by_page(world: World) -> None:
    player, other = await world.player(), await world.player()
    payments = [await world.deposit(player, units=number) for number in range(1, 6)]
    await world.deposit(other)

    pages = []
    before = None
    async with world.database.reading() as tx:
        while page := await cashier.find_payments(
            tx, shard_of(player), player, before=before, limit=2
        ):
            pages.append(page)
            before = page[-1]
        waiting = await cashier.find_open(tx, limit=100)
        totals = await cashier.find_totals(tx)

    assert [len(page) for page in pages] == [2, 2, 1]
    shown = [payment for page in pages for payment in page]
    assert sorted(shown, key=lambda item: item.id, reverse=True) == shown
    assert {item.id for item in shown} == {item.id for item in payments}
    assert len(waiting) == 6
    assert totals == {("GBP", "deposit", "requested"): (6, 25 * UNIT)}


@pytest.mark.parametrize("code", jurisdictions.codes())
async def test_money_is_paid_out_whatever_became_of_a_check_of_the_players_identity(
    world: World, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("verification.withdrawal_hold", code)
    wanted = jurisdictions.get(code).verification
    assert wanted.withdrawal_hold is WithdrawalHold.LEGAL_DUTY
    player = await world.player(units=20)
    # From here on this licence asks for the identity as that one does.
    licence = msgspec.structs.replace(jurisdictions.get("GB"), verification=wanted)
    monkeypatch.setattr(licence_queries, "_licences", lambda: {"GB": licence})

    unverified = await world.withdraw(player, units=4)
    for decision in (Decision.REFUSED, Decision.EXPIRED):
        request = DecisionRequest(
            player_id=player,
            key=IdempotencyKey(decision.value),
            decision=decision,
            reason=DecisionReason.DOCUMENTS_SEEN,
        )
        async with world.turn(shard_of(player)) as turn:
            await verification.decide(turn, [request])
        await world.withdraw(player, units=4)

    assert unverified.state is PaymentState.REQUESTED
    assert await world.balance(player) == (20, 12)
