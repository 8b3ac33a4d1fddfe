"""The cash-out loop: decides what waits for the delay of events that are played."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import PARTITIONS_ALL, Partition
from pitboss.kernel.waiting import happened
from pitboss.sportsbook import cash_out, catalog

# A delay is whole seconds; a tenth more is not noticed.
IDLE_SECONDS = 0.1
RETRY_SECONDS = 0.5
# Of one partition in a step; in a storm the rest waits for the next one.
DUE_MAX = 200
# Of a request that cannot be decided; somebody must look, and settlement beside us goes on.
HALTED_SECONDS = 60.0

_log = structlog.get_logger("cash_out")


@dataclass(slots=True, kw_only=True)
class Buyer:
    """What cash-out has in hand; of several that run, each decides what the others have not."""

    database: Database
    clock: Clock
    entropy: Entropy
    partitions: Sequence[Partition] = PARTITIONS_ALL
    shelf: catalog.Shelf = field(default_factory=catalog.Shelf)
    # How many of a partition at once; one, while the request is looked for that breaks the others.
    _at_once: dict[Partition, int] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Decide until told to stop; faults of the world are waited out."""
        while not await happened(stop, IDLE_SECONDS):
            try:
                while not stop.is_set() and await self.step():
                    pass
            except Fault as fault:
                _log.warning("trying again", why=str(fault))
                await happened(stop, RETRY_SECONDS)
            except Exception:
                _log.exception("no delayed request is decided")
                await happened(stop, HALTED_SECONDS)

    async def step(self) -> int:
        """Decide what is due, a transaction for each partition; return how many that were.

        A request that breaks our own code is found and refused: nobody waits behind it.
        """
        decided = 0
        for partition in self.partitions:
            limit = self._at_once.get(partition, DUE_MAX)
            try:
                decided += await self._decide(partition, limit)
            except Fault:
                raise
            except Exception:
                _log.exception("delayed requests broke", partition=partition)
                self._at_once[partition] = 1
                decided += 1 if limit > 1 else await self._decide(partition, 1, give_up=True)
            else:
                self._at_once[partition] = min(limit * 2, DUE_MAX)
        return decided

    async def _decide(self, partition: Partition, limit: int, *, give_up: bool = False) -> int:
        async with self.database.transaction() as tx:
            return await cash_out.decide_due(
                tx,
                self.shelf,
                partition,
                now=self.clock.now(),
                entropy=self.entropy,
                limit=limit,
                give_up=give_up,
            )
