"""Promises of the payments loop: nothing is lost and nothing is done twice, whatever breaks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from contract.fake_payments import FakePayments, reference_of
from integration.cashier.world import START, World, ends, until
from pitboss.cashier.model import (
    Instruction,
    NewsStatus,
    Payment,
    PaymentState,
    SubmissionAnswer,
    Submitted,
)
from pitboss.db import Database
from pitboss.db.errors import DatabaseAway
from pitboss.kernel.clock import Clock, ManualClock
from pitboss.kernel.shards import PARTITIONS_ALL, partition_of
from pitboss.workers import payments
from pitboss.workers.payments import Loop


class Crash(BaseException):
    """The process dies here."""


@dataclass(slots=True, kw_only=True)
class DyingClock:
    """A clock that is read before the gate is asked, and once the provider has answered.

    It kills who reads it for the last time.
    """

    readings: int = 2

    def now(self) -> datetime:
        self.readings -= 1
        if not self.readings:
            raise Crash
        return START


@dataclass(slots=True, kw_only=True)
class Town:
    """A world with a provider and the loops that ask it, by a wall clock of its own."""

    world: World
    provider: FakePayments = field(default_factory=FakePayments)
    wall: ManualClock = field(default_factory=lambda: ManualClock(START))

    def loop(self, payment: Payment, *, clock: Clock | None = None) -> Loop:
        """Return a fresh loop over the partition of this payment, as after a restart."""
        return Loop(
            partition=partition_of(payment.shard),
            database=self.world.database,
            provider=self.provider,
            clock=clock or self.world.clock,
            entropy=self.world.entropy,
            wall=self.wall,
        )

    async def state(self, payment: Payment) -> PaymentState:
        """Return where a payment stands."""
        return (await self.world.payment(payment)).state

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.wall.advance(timedelta(seconds=seconds))


@pytest.fixture
async def town(database: Database) -> Town:
    return Town(world=World(database=database))


async def test_what_was_requested_is_submitted_once(town: Town) -> None:
    player = await town.world.player()
    made = [await town.world.deposit(player) for _ in range(3)]
    loop = town.loop(made[0])

    assert [await loop.step(), await loop.step()] == [3, 0]

    for payment in made:
        after = await town.world.payment(payment)
        assert (after.state, after.reference) == (
            PaymentState.SUBMITTED,
            reference_of(payment.id),
        )
    assert town.provider.heard == {payment.id: 1 for payment in made}


async def test_a_provider_that_is_away_is_asked_again_later(town: Town) -> None:
    payment = await town.world.deposit(await town.world.player())
    loop = town.loop(payment)
    town.provider.away = True
    steps = []
    for seconds in (1, 2, 4, 8):
        steps.append(await loop.step())
        town.wait(seconds - 0.1)
        steps.append(await loop.step())
        town.wait(0.1)

    town.provider.away = False
    await loop.step()

    assert steps == [1, 0] * 4
    assert await town.state(payment) is PaymentState.SUBMITTED
    assert (await town.world.payment(payment)).attempts == 0


async def test_who_was_heard_but_not_answered_submits_again_and_pays_once(town: Town) -> None:
    player = await town.world.player()
    payment = await town.world.deposit(player, units=10)
    town.provider.mute = True
    await town.loop(payment).step()
    town.provider.mute = False
    town.wait(payments.BACKOFF_SECONDS_MIN)

    await town.loop(payment).step()
    news = town.provider.news(payment.id, NewsStatus.SUCCEEDED)
    await town.world.tell(news, news)

    assert town.provider.heard == {payment.id: 2}
    assert await town.world.balance(player) == (10, 0)


async def test_a_crash_after_the_provider_heard_us_leads_to_one_booking(town: Town) -> None:
    player = await town.world.player(units=20)
    deposit = await town.world.deposit(player, units=10)
    withdrawal = await town.world.withdraw(player, units=5)
    with pytest.raises(Crash):
        await town.loop(deposit, clock=DyingClock()).step()
    assert await town.state(deposit) is PaymentState.REQUESTED

    overtaking = town.provider.news(deposit.id, NewsStatus.SUCCEEDED)
    await town.world.tell(overtaking)
    await town.loop(deposit).step()
    await town.world.tell(
        overtaking,
        town.provider.news(deposit.id, NewsStatus.PENDING),
        town.provider.news(withdrawal.id, NewsStatus.SUCCEEDED),
    )

    assert town.provider.heard == {deposit.id: 1, withdrawal.id: 2}
    assert await town.state(deposit) is PaymentState.SUCCEEDED
    assert await town.state(withdrawal) is PaymentState.SUCCEEDED
    assert await town.world.balance(player) == (25, 0)
    assert await town.world.clearing(player) == -25


async def test_what_the_provider_declines_fails_and_frees_its_money(town: Town) -> None:
    player = await town.world.player(units=10)
    payment = await town.world.withdraw(player)
    town.provider.declines = lambda _: "account_closed"

    await town.loop(payment).step()

    assert (await town.world.payment(payment)).reason == "account_closed"
    assert await town.world.balance(player) == (10, 0)


async def test_a_payment_that_the_provider_mistakes_stops_no_other(town: Town) -> None:
    player = await town.world.player()
    bad, good = await town.world.deposit(player), await town.world.deposit(player)
    town.provider.taken[bad.id] = Instruction(
        payment_id=bad.id, kind=bad.kind, micros=1, currency="EUR"
    )
    loop = town.loop(bad)

    await loop.step()
    town.wait(payments.BACKOFF_SECONDS_MAX - 1)

    assert await town.state(bad) is PaymentState.REQUESTED
    assert await town.state(good) is PaymentState.SUBMITTED
    assert town.provider.heard[bad.id] == 1
    assert await loop.step() == 1  # the good one, which has been silent for long


async def test_silence_is_asked_about(town: Town) -> None:
    player = await town.world.player()
    payment = await town.world.deposit(player, units=10)
    loop = town.loop(payment)
    await loop.step()

    town.wait(payments.SILENCE_SECONDS_MIN)
    assert await loop.step() == 1
    still = await town.state(payment)
    town.provider.outcome = lambda _: NewsStatus.SUCCEEDED
    town.wait(payments.SILENCE_SECONDS_MIN)
    assert await loop.step() == 1

    assert still is PaymentState.SUBMITTED
    assert await town.state(payment) is PaymentState.SUCCEEDED
    assert town.provider.heard == {payment.id: 1}
    assert await town.world.balance(player) == (10, 0)


async def test_a_payment_that_the_provider_forgot_waits_for_a_person(town: Town) -> None:
    payment = await town.world.deposit(await town.world.player())
    loop = town.loop(payment)
    await loop.step()
    town.provider.taken.clear()

    for _ in range(3):
        town.wait(payments.SILENCE_SECONDS_MAX)
        assert await loop.step() == 1

    assert await town.state(payment) is PaymentState.SUBMITTED
    assert town.provider.heard == {payment.id: 1}


@dataclass(slots=True, kw_only=True)
class Broken(FakePayments):
    """A provider whose adapter breaks on some payments, in one of two ways."""

    bad: str
    answer: SubmissionAnswer | None = None

    async def submit(self, instruction: Instruction) -> SubmissionAnswer:
        if instruction.payment_id != self.bad:
            return await FakePayments.submit(self, instruction)
        if self.answer is None:
            raise RuntimeError("a bug in an adapter")
        return self.answer


@pytest.mark.parametrize("answer", [None, Submitted(reference="x" * 70_000)])
async def test_a_payment_that_breaks_the_loop_is_put_off_and_stops_no_other(
    town: Town, answer: SubmissionAnswer | None
) -> None:
    player = await town.world.player()
    made = [await town.world.deposit(player) for _ in range(3)]
    town.provider = Broken(bad=made[1].id, answer=answer)
    loop = town.loop(made[0])

    assert [await loop.step(), await loop.step()] == [3, 0]

    assert [await town.state(payment) for payment in made] == [
        PaymentState.SUBMITTED,
        PaymentState.REQUESTED,
        PaymentState.SUBMITTED,
    ]


async def test_another_providers_payments_are_left_alone(town: Town) -> None:
    payment = await town.world.deposit(await town.world.player())
    town.provider.name = "another"

    assert await town.loop(payment).step() == 0


async def test_a_batch_has_a_limit_and_the_rest_comes_next(town: Town) -> None:
    player = await town.world.player()
    made = [await town.world.deposit(player) for _ in range(5)]
    loop = town.loop(made[0])
    loop.batch_max = 2

    assert [await loop.step() for _ in range(4)] == [2, 2, 1, 0]


async def test_the_loops_of_all_partitions_run_until_they_are_stopped(town: Town) -> None:
    players = [await town.world.player() for _ in range(12)]
    made = [await town.world.deposit(player) for player in players]
    stop = asyncio.Event()

    running = asyncio.create_task(
        payments.run(
            town.world.database,
            town.provider,
            clock=town.world.clock,
            entropy=town.world.entropy,
            partitions=PARTITIONS_ALL,
            stop=stop,
        )
    )
    await until(lambda: len(town.provider.heard) == len(made))
    stop.set()
    await ends(running)

    assert {await town.state(payment) for payment in made} == {PaymentState.SUBMITTED}


async def test_a_database_that_is_away_is_waited_for(town: Town) -> None:
    payment = await town.world.deposit(await town.world.player())
    loop = town.loop(payment)
    loop.database = Database("postgresql://127.0.0.1:1/nowhere")
    stop = asyncio.Event()
    with pytest.raises(DatabaseAway):
        await loop.step()

    running = asyncio.create_task(loop.run(stop))
    done, _ = await asyncio.wait({running}, timeout=0.1)
    loop.database = town.world.database
    await until(lambda: bool(town.provider.heard))
    stop.set()
    await ends(running)

    assert not done
    assert await town.state(payment) is PaymentState.SUBMITTED
