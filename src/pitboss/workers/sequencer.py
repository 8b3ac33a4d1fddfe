"""The sequencer: gives every fact its position in the one order, a moment after it is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from pitboss import order
from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.errors import Fault
from pitboss.kernel.waiting import happened
from pitboss.messages.errors import Fenced

# A look costs a row a shard and a commit: four a second are a hundredth of what the writers write.
LOOK_SECONDS = 0.25
# An idle sequencer says now and then that it is alive.
RENEW_SECONDS = 1.0
RETRY_SECONDS = 0.5

_log = structlog.get_logger("sequencer")


@dataclass(slots=True, kw_only=True)
class Sequencer:
    """One at a time in an installation; another one waits until its lease has run out."""

    owner: str
    database: Database
    clock: Clock
    told: Callable[[int], None] = lambda facts: None
    epoch: int | None = None
    _shown: bool = field(default=False, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Sequence until told to stop; faults of the world are waited out."""
        while not stop.is_set():
            try:
                if self.epoch is None and not await self.take_over():
                    await happened(stop, RETRY_SECONDS)
                    continue
                facts = await self.step()
            except Fenced as fenced:
                _log.warning("stands back", why=str(fenced))
                self.epoch = None
                continue
            except Fault as fault:
                _log.warning("trying again", why=str(fault))
                await happened(stop, RETRY_SECONDS)
                continue
            self.told(facts)
            await happened(stop, LOOK_SECONDS)

    async def take_over(self) -> bool:
        """Become the sequencer, unless another one is at work; say whether we are."""
        async with self.database.transaction() as tx:
            self.epoch = await order.take_over(tx, owner=self.owner)
        if self.epoch is None and not self._shown:
            _log.warning("another sequencer is at work; waiting for its lease to run out")
            self._shown = True
        return self.epoch is not None

    async def step(self) -> int:
        """Give what is committed its positions; return how many facts that were.

        Raises:
            Fenced: another sequencer has taken over.
        """
        assert self.epoch is not None  # noqa: S101 - run() took over first
        async with self.database.transaction() as tx:
            return await order.sequence(tx, epoch=self.epoch, now=self.clock.now())
