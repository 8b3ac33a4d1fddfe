"""Deposits that fail too often too fast: nothing more is paid in until staff has looked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from integration.cashier.test_payments_loop import Town
from integration.cashier.world import World, altered
from integration.players.people import assert_rebuilt
from paced import put_in_force
from pitboss import cashier, jurisdictions
from pitboss.cashier.model import (
    NewsStatus,
    Payment,
    PaymentKind,
    PaymentState,
    Refused,
    Requested,
    UnblockReason,
)
from pitboss.db import Database
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from proofs import Proves

DEPOSIT, WITHDRAWAL = PaymentKind.DEPOSIT, PaymentKind.WITHDRAWAL
CODES = tuple(code for code in jurisdictions.codes() if code != "demo")
BLOCKED = Refused(reason="deposits_blocked")
MOMENT = timedelta(microseconds=1)


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


def as_in(monkeypatch: pytest.MonkeyPatch, code: str) -> Jurisdiction:
    """Let the players of this world have the payments' rules of a licence."""
    wanted = jurisdictions.get(code).payments
    names = ("failed_deposits_max", "failed_deposits_minutes")
    return put_in_force(monkeypatch, {"payments": {name: getattr(wanted, name) for name in names}})


async def fail(world: World, player: PlayerId, times: int) -> list[Payment]:
    """Have so many deposits of a player fail, at this moment."""
    payments = [await world.deposit(player) for _ in range(times)]
    for payment in payments:
        await world.tell(world.news(payment, NewsStatus.FAILED))
    return payments


async def may_pay_in(world: World, player: PlayerId) -> bool:
    (answer,) = await world.ask(DEPOSIT, [world.request(player)])
    assert isinstance(answer, Requested) or answer == BLOCKED
    return isinstance(answer, Requested)


async def blocks(world: World, players: Sequence[PlayerId]) -> list[tuple[str, int]]:
    """Return what was told of blocks of these players: whose, after how many failures."""
    found = [await world.facts(shard) for shard in sorted({shard_of(item) for item in players})]
    told = [data for facts in found for data in facts if data["type"] == "deposits.blocked"]
    return [(data["player_id"], data["failures"]) for data in told]


@pytest.mark.parametrize("code", CODES)
async def test_so_many_failures_within_the_licences_minutes_block_deposits(
    world: World, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("payments.failed_deposits_max", code)
    proves("payments.failed_deposits_minutes", code)
    rule = as_in(monkeypatch, code).payments
    ann, bob = await world.player(units=20), await world.player()

    if rule.failed_deposits_max is None or rule.failed_deposits_minutes is None:
        await fail(world, ann, 12)
        assert await may_pay_in(world, ann)
        return
    # The first is just too old to count when the last one fails.
    await fail(world, bob, 1)
    world.clock.advance(MOMENT)
    await fail(world, ann, 1)
    world.clock.advance(timedelta(minutes=rule.failed_deposits_minutes))
    for player in (ann, bob):
        await fail(world, player, rule.failed_deposits_max - 2)
    before = [await may_pay_in(world, player) for player in (ann, bob)]
    await fail(world, bob, 1)
    await fail(world, ann, 1)

    assert before == [True, True]
    assert [await may_pay_in(world, player) for player in (ann, bob)] == [False, True]
    assert await blocks(world, [ann, bob]) == [(ann, rule.failed_deposits_max)]
    # What is theirs they can take out.
    (out,) = await world.ask(WITHDRAWAL, [world.request(ann)])
    assert isinstance(out, Requested)
    await assert_rebuilt(world.database)


async def test_staff_lets_a_player_pay_in_again_and_what_failed_before_counts_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_in(monkeypatch, "NJ")
    ann = await world.player()
    await fail(world, ann, 5)
    request = world.request(ann)
    (first,) = await world.ask(DEPOSIT, [request])
    world.clock.advance(timedelta(days=30))
    waited = await may_pay_in(world, ann)

    refusals = []
    for _ in range(2):
        world.clock.advance(timedelta(seconds=1))
        async with world.turn(shard_of(ann)) as turn:
            refusals.append(await cashier.unblock_deposits(turn, ann, UnblockReason.PLAYER_KNOWN))
    (same,) = await world.ask(DEPOSIT, [request])
    again = await may_pay_in(world, ann)
    await fail(world, ann, 4)
    four = await may_pay_in(world, ann)
    await fail(world, ann, 1)

    assert (first, waited, refusals) == (BLOCKED, False, [None, None])
    # A refusal is a stored answer: the same key gets it for ever.
    assert same == BLOCKED
    assert (again, four, await may_pay_in(world, ann)) == (True, True, False)
    told = [data["type"] for data in await world.facts(shard_of(ann))]
    assert (told.count("deposits.blocked"), told.count("deposits.unblocked")) == (2, 1)
    await assert_rebuilt(world.database)


async def test_nobody_is_let_in_again_who_was_never_blocked(world: World) -> None:
    ann = await world.player()

    async with world.turn(shard_of(ann)) as turn:
        refusal = await cashier.unblock_deposits(turn, ann, UnblockReason.PLAYER_KNOWN)

    assert refusal == "deposits_not_blocked"


async def test_a_deposit_that_waits_when_the_block_comes_is_not_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_in(monkeypatch, "NJ")
    town = Town(world=world)
    ann = await world.player()
    waiting = await world.deposit(ann)
    await fail(world, ann, 5)

    await town.loop(waiting).step()

    ended = await world.payment(waiting)
    assert (ended.state, ended.reason) == (PaymentState.FAILED, "deposits_blocked")
    assert town.provider.heard == {}
    await assert_rebuilt(world.database)


async def test_what_we_ended_ourselves_is_no_failure_of_the_players(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_in(monkeypatch, "NJ")
    town = Town(world=world)
    ann = await world.player()
    await fail(world, ann, 4)
    waiting = [await world.deposit(ann) for _ in range(3)]
    await world.suspend(ann)
    await town.loop(waiting[0]).step()
    ended = [await world.payment(payment) for payment in waiting]

    assert {payment.reason for payment in ended} == {"player_not_active"}
    assert await blocks(world, [ann]) == []


async def test_a_failure_that_is_told_twice_counts_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_in(monkeypatch, "NJ")
    ann = await world.player()
    for payment in await fail(world, ann, 4):
        news = world.news(payment, NewsStatus.FAILED)
        await world.tell(news)
        await world.tell(altered(news, reason="card_declined"))

    assert await may_pay_in(world, ann)


async def test_racing_failures_block_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    as_in(monkeypatch, "NJ")
    ann = await world.player()
    payments = [await world.deposit(ann) for _ in range(8)]

    await asyncio.gather(
        *(world.tell(world.news(payment, NewsStatus.FAILED)) for payment in payments)
    )

    assert await blocks(world, [ann]) == [(ann, 5)]
    assert not await may_pay_in(world, ann)
    await assert_rebuilt(world.database)


@pytest.mark.parametrize("code", CODES)
async def test_a_withdrawal_that_was_asked_for_is_not_taken_back_to_be_played_with(
    world: World, code: str, proves: Proves
) -> None:
    """There is no verb that does it: what is held for a withdrawal is not the player's to stake."""
    proves("payments.withdrawal_cancellable", code)
    assert not jurisdictions.get(code).payments.withdrawal_cancellable
    ann = await world.player(units=20)
    payment = await world.withdraw(ann, units=15)

    (second,) = await world.ask(WITHDRAWAL, [world.request(ann, units=6)])
    waiting = await world.payment(payment)
    await world.tell(world.news(payment, NewsStatus.SUCCEEDED))

    assert second == Refused(reason="insufficient_funds")
    assert waiting.state is PaymentState.REQUESTED
    assert await world.balance(ann) == (5, 0)
