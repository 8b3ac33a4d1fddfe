"""A process that tells central files until nothing is owed to them, or until it kills itself.

`python -m integration.central.doomed '{"database": …, "files": …, "key": …, "die_at": 7}'`: at the
seventh of its moments it sends itself SIGKILL.  Its moments are before and after each word to the
files, and after each turn has begun, before its commit and after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from integration.cashier.world import START
from integration.players.keys import KEYS
from paced import put_in_force
from pitboss.adapters.registers.lugas import LugasClient
from pitboss.central.model import Began, Claim, LimitClaim, Reserved
from pitboss.db import Database
from pitboss.jurisdictions.model import Scope
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn
from pitboss.registers.model import Question
from pitboss.workers import central

T = TypeVar("T")


@dataclass(slots=True)
class Doom:
    """Counts the moments, and kills this process at the last one; 0: never."""

    left: int

    def pass_moment(self) -> None:
        """Live through another moment, or do not."""
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(slots=True)
class DoomedFiles:
    """Central files over HTTP, with a moment on each side of every word."""

    files: LugasClient
    doom: Doom

    async def reserve(self, claim: Claim) -> Reserved:
        """Ask for room."""
        return await self._between(self.files.reserve(claim))

    async def confirm(self, deposit_id: str) -> None:
        """Tell that it has arrived."""
        await self._between(self.files.confirm(deposit_id))

    async def release(self, deposit_id: str) -> None:
        """Tell that it will not arrive."""
        await self._between(self.files.release(deposit_id))

    async def limit(self, claim: LimitClaim) -> None:
        """Tell of a limit."""
        await self._between(self.files.limit(claim))

    async def begin(self, question: Question) -> Began:
        """Ask to have somebody active."""
        return await self._between(self.files.begin(question))

    async def end(self, activity_id: str) -> None:
        """Tell that play is over."""
        await self._between(self.files.end(activity_id))

    async def _between(self, word: Awaitable[T]) -> T:
        self.doom.pass_moment()
        said = await word
        self.doom.pass_moment()
        return said


@dataclass(slots=True, kw_only=True)
class DoomedLoop(central.Loop):
    """The loop as it is, with moments in each of its turns."""

    doom: Doom

    @asynccontextmanager
    async def _turn(self, shards: set[Shard]) -> AsyncIterator[Turn]:
        async with super(DoomedLoop, self)._turn(shards) as turn:
            self.doom.pass_moment()
            yield turn
            self.doom.pass_moment()
        self.doom.pass_moment()


async def main(told: dict[str, Any]) -> None:
    """Tell the files until nothing is due."""
    put_in_force(pytest.MonkeyPatch(), {"limits": {"scope": Scope.ALL_OPERATORS}})
    doom = Doom(told["die_at"])
    database, files = Database(told["database"]), LugasClient(told["files"], told["key"])
    loop = DoomedLoop(
        files=DoomedFiles(files, doom),
        database=database,
        keys=KEYS,
        clock=ManualClock(START),
        entropy=SystemEntropy(),
        doom=doom,
    )
    while await loop.step():
        pass
    await files.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
