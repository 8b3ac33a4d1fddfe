"""A central loop that is killed at any moment reserves nothing twice, and forgets nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from integration.cashier.world import UNIT, World
from integration.players.people import assert_rebuilt
from integration.sandbox.town import served
from paced import put_in_force
from pitboss import central, jurisdictions
from pitboss.cashier.model import NewsStatus, Payment
from pitboss.central.model import DepositState
from pitboss.db import Database
from pitboss.jurisdictions.model import LimitKind, Period, Scope
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.ids import PaymentId, PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.responsible import limits
from pitboss.responsible.limits.model import Change, LimitKey
from pitboss.sandbox.registers import SandboxRegisters

KEY = "the sandbox's key"
LIVED, KILLED = 0, -signal.SIGKILL
# A deposit, an end of another one and a limit have about thirty moments in a process.
MOMENTS = range(1, 33, 3)
SECONDS_MAX = 60.0


@dataclass(slots=True, kw_only=True)
class Story:
    """What a player has done, and what the file must know of it in the end."""

    world: World
    player: PlayerId
    waiting: list[Payment] = field(default_factory=list)
    ended: dict[PaymentId, NewsStatus] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)

    async def go_on(self, number: int) -> None:
        """Ask for a deposit, let an earlier one end, and change the limit."""
        self.payments.append(await self.world.deposit(self.player))
        self.waiting.append(self.payments[-1])
        if len(self.waiting) > 2:
            await self.end(fails=number % 2 == 0)
        change = Change(
            player_id=self.player,
            key=LimitKey(kind=LimitKind.DEPOSIT, period=Period.MONTH),
            value=self.limit(number) * UNIT,
        )
        async with self.world.turn(shard_of(self.player)) as turn:
            await limits.change(turn, change, jurisdictions.get("demo"))
            await central.file_limit(turn, self.player)

    async def end(self, *, fails: bool = False) -> None:
        """Have the provider say what became of the deposit that was asked for first.

        One that the file has not granted was never sent to the provider, and has not arrived.
        """
        payment = self.waiting.pop(0)
        granted = (await stands(self.world, [payment]))[payment.id] is DepositState.RESERVED
        status = NewsStatus.SUCCEEDED if granted and not fails else NewsStatus.FAILED
        self.ended[payment.id] = status
        await self.world.tell(self.world.news(payment, status))

    def limit(self, number: int) -> int:
        """Return the limit that is set in this round, each stricter than the one before."""
        return 900 - number


async def test_a_killed_loop_reserves_nothing_twice_and_loses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, {"limits": {"scope": Scope.ALL_OPERATORS}})
    world = World(database=database)
    story = Story(world=world, player=await world.player())
    app = SandboxRegisters(KEY)
    async with served(app) as base:
        ends = []
        for number in MOMENTS:
            await story.go_on(number)
            ends.append(await tell(database, f"{base}/registers/lugas", die_at=number))
        lived = await tell(database, f"{base}/registers/lugas", die_at=0)
        while story.waiting:
            await story.end()
        lived += await tell(database, f"{base}/registers/lugas", die_at=0)

    assert ends.count(KILLED) > len(ends) / 2
    assert set(ends) <= {KILLED, LIVED}
    assert lived == LIVED
    arrived = {item for item, status in story.ended.items() if status is NewsStatus.SUCCEEDED}
    assert len(arrived) > 3
    assert app.central.deposits_of("Other") == dict.fromkeys(arrived, 1_000)
    assert app.central.confirmed == arrived
    assert app.central.limit_of("Other") == story.limit(MOMENTS[-1]) * 100
    async with database.reading() as tx:
        wall = SystemClock().now()
        assert await central.find_due(tx, at=wall, limit=9) == []
        assert await central.find_due_limits(tx, at=wall, now=world.clock.now(), limit=9) == []
        assert (await central.find_waiting(tx)).deposits == 0
    assert await stands(world, story.payments) == {
        item: DepositState.CONFIRMED if item in arrived else DepositState.RELEASED
        for item in story.ended
    }
    await assert_rebuilt(database)


async def tell(database: Database, files: str, *, die_at: int) -> int:
    """Start a process that tells the files all it owes them, and return how it ended."""
    told = {"database": database.url, "files": files, "key": KEY, "die_at": die_at}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "integration.central.doomed", json.dumps(told)),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        async with asyncio.timeout(SECONDS_MAX):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode in (LIVED, KILLED), said.decode()
    return process.returncode


async def stands(world: World, payments: Sequence[Payment]) -> dict[PaymentId, DepositState]:
    """Return how each of these deposits stands with the file."""
    async with world.turn(*{item.shard for item in payments}) as turn:
        return await central.file_deposits(turn, [item.filed for item in payments])
