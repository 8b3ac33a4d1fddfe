"""The whole way of money: from the wish through the unruly provider and back into the books."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration.cashier.world import UNIT, World, ends
from integration.sandbox.town import (
    API_KEY,
    SECRET,
    Receiver,
    receiving,
    sandbox,
)
from pitboss import cashier, messages, wallet
from pitboss.adapters.payments.sandbox import SandboxProvider, SandboxReader
from pitboss.cashier.errors import SignatureRefused
from pitboss.cashier.model import (
    Payment,
    PaymentKind,
    PaymentRequest,
    PaymentState,
    Refused,
    Requested,
)
from pitboss.db import Database
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import IdempotencyKey, PlayerId
from pitboss.kernel.shards import PARTITIONS_ALL
from pitboss.sandbox.fates import Temper
from pitboss.workers import payments

# Within two seconds on a quiet machine; the loops' first back-offs add up to fifteen.
SETTLED_SECONDS_MAX = 60.0

UNRULY = Temper(
    seed=3, delay_ms_max=40, failure_share=0.1, repeat_share=0.5, disorder_share=0.5, late_share=0.2
)


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


@contextlib.asynccontextmanager
async def desk(world: World) -> AsyncIterator[tuple[Receiver, str]]:
    """Receive webhooks as the API does, and record them; an error now and then is retried."""
    reader = SandboxReader([SECRET])
    wall = SystemClock()
    count = 0

    async def listen(headers: dict[str, str], body: bytes) -> int:
        nonlocal count
        count += 1
        if count % 7 == 0:
            return 503
        try:
            news = reader.read_news(headers, body, now=wall.now())
        except SignatureRefused:
            return 401
        except Malformed:
            return 422
        await world.tell(news)
        # Every eleventh answer is lost on its way back.
        return 500 if count % 11 == 0 else 204

    async with receiving(listen) as (receiver, url):
        yield receiver, url


@contextlib.asynccontextmanager
async def working(world: World, url: str) -> AsyncIterator[None]:
    """Run the payments loops against this provider."""
    stop = asyncio.Event()
    async with SandboxProvider(url, API_KEY) as provider:
        running = asyncio.create_task(
            payments.run(
                world.database,
                provider,
                clock=world.clock,
                entropy=world.entropy,
                partitions=PARTITIONS_ALL,
                stop=stop,
            )
        )
        try:
            yield
        finally:
            stop.set()
            await ends(running)


async def settled(world: World) -> None:
    """Wait until no payment is open."""
    await none_is(world, set(PaymentState))


async def submitted(world: World) -> None:
    """Wait until the provider knows of every payment."""
    await none_is(world, {PaymentState.REQUESTED})


async def none_is(world: World, states: set[PaymentState]) -> None:
    """Wait until no open payment is in one of these states."""
    async with asyncio.timeout(SETTLED_SECONDS_MAX), world.database.reading() as tx:
        while True:
            if not any(payment.state in states for payment in await cashier.find_open(tx)):
                return
            await asyncio.sleep(0.02)


async def ask(
    world: World, kind: PaymentKind, players: list[PlayerId], amounts: list[int]
) -> list[Payment]:
    """Ask for a payment of each amount for each player; return those that were taken on."""
    requests = [
        PaymentRequest(
            player_id=player,
            key=IdempotencyKey(f"{kind}-{number}"),
            micros=micros,
            currency="GBP",
        )
        for player in players
        for number, micros in enumerate(amounts)
    ]
    answers = await world.ask(kind, requests)
    assert not any(isinstance(answer, Refused) for answer in answers)
    return [answer.payment for answer in answers if isinstance(answer, Requested)]


async def test_money_goes_in_and_out_exactly_once_through_an_unruly_provider(
    world: World, tmp_path: Path
) -> None:
    players = [await world.player() for _ in range(10)]
    async with (
        desk(world) as (receiver, webhooks),
        sandbox(tmp_path, webhooks, temper=UNRULY) as url,
        working(world, url),
    ):
        amounts = [20 * UNIT, 20 * UNIT, 5_130_000, 5_170_000]
        deposits = await ask(world, PaymentKind.DEPOSIT, players, amounts)
        await settled(world)
        rich = [player for player in players if (await world.balance(player))[0] >= 20]
        amounts = [5 * UNIT, 1_130_000, 1_170_000]
        withdrawals = await ask(world, PaymentKind.WITHDRAWAL, rich, amounts)
        await settled(world)

    expected = dict.fromkeys(players, 0)
    reasons = set()
    for payment in deposits + withdrawals:
        after = await world.payment(payment)
        sign = 1 if payment.kind is PaymentKind.DEPOSIT else -1
        if after.reason is None:
            expected[payment.player_id] += sign * payment.micros
        reasons.add(after.reason)
    for player, micros in expected.items():
        assert await world.balance(player) == (micros // UNIT, 0)
    assert reasons == {None, "rejected_by_bank", "card_declined"}
    async with world.database.reading() as tx:
        totals = await wallet.find_totals(tx)
        assert await cashier.find_refused_news(tx) == []
    assert sum(credits - debits for debits, credits, _ in totals.values()) == 0
    assert totals["GBP", "player", ""][1] - totals["GBP", "player", ""][0] == sum(expected.values())
    assert len(receiver.heard) > 2 * len(deposits + withdrawals)


async def test_a_provider_that_is_down_loses_nothing_and_remembers_when_it_is_up(
    world: World, tmp_path: Path
) -> None:
    players = [await world.player() for _ in range(5)]
    temper = Temper(seed=3, delay_ms_max=3_600_000, failure_share=0)
    async with desk(world) as (_, webhooks):
        async with working(world, "http://127.0.0.1:1"):
            deposits = await ask(world, PaymentKind.DEPOSIT, players, [10 * UNIT])
            await asyncio.sleep(0.2)
        async with sandbox(tmp_path, webhooks, temper=temper) as url, working(world, url):
            await submitted(world)
        swift = Temper(seed=3, delay_ms_max=20, failure_share=0)
        async with sandbox(tmp_path, webhooks, temper=swift):
            await settled(world)

    assert {await world.balance(player) for player in players} == {(10, 0)}
    for payment in deposits:
        assert await world.kinds(payment) == [
            "deposit.requested",
            "payment.submitted",
            "deposit.confirmed",
        ]


async def test_the_facts_alone_rebuild_what_players_have(world: World, tmp_path: Path) -> None:
    players = [await world.player() for _ in range(3)]
    async with (
        desk(world) as (_, webhooks),
        sandbox(tmp_path, webhooks, temper=UNRULY) as url,
        working(world, url),
    ):
        await ask(world, PaymentKind.DEPOSIT, players, [20 * UNIT, 30 * UNIT])
        await settled(world)
        rich = [player for player in players if (await world.balance(player))[0] >= 10]
        await ask(world, PaymentKind.WITHDRAWAL, rich, [10 * UNIT])
        await settled(world)

    sums = dict.fromkeys(players, 0)
    async with world.database.reading() as tx:
        heads = await messages.read_heads(tx)
    for head in heads:
        for data in await world.facts(head.shard):
            if data["type"] == "deposit.confirmed":
                sums[data["player_id"]] += data["micros"]
            if data["type"] == "withdrawal.paid":
                sums[data["player_id"]] -= data["micros"]
    for player, micros in sums.items():
        assert await world.balance(player) == (micros // UNIT, 0)
