"""Loops that share a process with money: what breaks them must not stop who is beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime

import pytest

from conftest import as_owner
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SeededEntropy
from pitboss.workers import balances, cases, payouts, voiding

NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
CLOCK, ENTROPY = ManualClock(NOW), SeededEntropy(3)
Loop = Callable[[Database, asyncio.Event], Coroutine[None, None, None]]


async def open_cases(database: Database, stop: asyncio.Event) -> None:
    await cases.run(database, clock=CLOCK, entropy=ENTROPY, stop=stop)


async def void(database: Database, stop: asyncio.Event) -> None:
    await voiding.Voider(database=database, clock=CLOCK, entropy=ENTROPY).run(stop)


async def return_balances(database: Database, stop: asyncio.Event) -> None:
    await balances.Walk(database=database, clock=CLOCK, entropy=ENTROPY).run(stop)


async def pay_out(database: Database, stop: asyncio.Event) -> None:
    await payouts.Walk(database=database, clock=CLOCK, entropy=ENTROPY).run(stop)


@pytest.mark.parametrize(
    ("loop", "table"),
    [
        (open_cases, "case_reader"),
        (return_balances, "player_exclusion"),
        (pay_out, "player_payout"),
        (void, "voiding_cursor"),
    ],
)
async def test_a_loop_that_cannot_go_on_waits_and_ends_when_told_to(
    database: Database, loop: Loop, table: str
) -> None:
    owner = Database(as_owner(database.url))
    async with owner.transaction() as tx:
        await tx.execute(f"ALTER TABLE {table} RENAME TO nowhere")
    await owner.close()
    stop, beside = asyncio.Event(), asyncio.Event()

    async def neighbour() -> None:
        await stop.wait()
        beside.set()

    async with asyncio.TaskGroup() as group:
        running = group.create_task(loop(database, stop))
        group.create_task(neighbour())
        await asyncio.sleep(1.0)
        survived = not running.done()
        stop.set()

    assert survived
    assert beside.is_set()
