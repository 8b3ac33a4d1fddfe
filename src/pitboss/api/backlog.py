"""How far behind the processors are, and whether a partition can take more."""

from __future__ import annotations

import asyncio

import structlog

from pitboss import messages
from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.problems import Problem
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import Partition
from pitboss.messages.model import Backlog

# Between two readings one worker appends a few thousand bets at most: a hundredth of the limit.
READING_SECONDS_MAX = 0.1

_log = structlog.get_logger("api.backlog")


class Backlogs:
    """The newest reading of what waits in the command log, shared by all requests."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._full: dict[Partition, Backlog] = {}
        self._read_at: float | None = None
        self._reading: asyncio.Task[None] | None = None

    async def find_problem(self, partition: Partition) -> Problem | None:
        """Return why this partition takes no more commands now, if so.

        The reading is 100 ms old at most while requests come.  A refusal never rests on an older
        one: it is read again first.
        """
        time = asyncio.get_running_loop().time()
        if self._read_at is None or time - self._read_at > READING_SECONDS_MAX:
            if self._reading is None:
                self._reading = asyncio.create_task(self._read())
            if self._read_at is None or partition in self._full:
                # Shielded, because others wait for the same reading.
                await asyncio.shield(self._reading)
        backlog = self._full.get(partition)
        return None if backlog is None else self._problem(backlog)

    async def _read(self) -> None:
        try:
            async with self._edge.log.reading() as tx:
                backlogs = await messages.find_backlogs(tx)
            self._full = {
                item.partition: item for item in backlogs if item.waiting >= self._edge.backlog_max
            }
        except Fault as fault:
            # Not a reason to refuse by itself: the append will meet the same fault and say so.
            _log.warning("the backlog could not be read", why=str(fault))
        finally:
            self._read_at = asyncio.get_running_loop().time()
            self._reading = None

    def _problem(self, backlog: Backlog) -> Problem:
        age = 0.0
        if backlog.oldest_at is not None:
            age = max((self._edge.clock.now() - backlog.oldest_at).total_seconds(), 0.0)
        return Problem(
            status=503,
            slug="backlog_full",
            detail="More bets wait for a decision than can be decided soon; nothing was accepted.",
            more={"backlog_age_seconds": round(age, 3), "backlog_waiting": backlog.waiting},
            retry_after=problems.RETRY_SECONDS,
        )
