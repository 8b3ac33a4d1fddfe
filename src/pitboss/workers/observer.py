"""What a processor tells of its batches: figures for Prometheus, and traces."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pitboss import messages
from pitboss.db import Database
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.errors import Fault
from pitboss.kernel.tracing import NoTracer, Tracer
from pitboss.kernel.waiting import happened
from pitboss.sportsbook.betting.model import Bet, Placing
from pitboss.workers.figures import Figures

BACKLOG_SECONDS = 1.0
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch that was decided and committed, with the machine's time at each step.

    `platform_now` is the platform's time after the commit, by which commands are stamped.
    """

    placings: Sequence[Placing]
    bets: Sequence[Bet]
    started_at: datetime
    decided_at: datetime
    committed_at: datetime
    platform_now: datetime


@dataclass(slots=True, kw_only=True)
class Observer:
    """Takes note of what the processors of one process do; it never makes them wait."""

    figures: Figures = field(default_factory=Figures)
    tracer: Tracer = field(default_factory=NoTracer)
    wall: Clock = field(default_factory=SystemClock)

    def decided(self, batch: Batch) -> None:
        """Take note of a committed batch."""
        figures = self.figures
        figures.batch.observe(len(batch.placings))
        figures.decide.observe(_seconds(batch.started_at, batch.decided_at))
        figures.commit.observe(_seconds(batch.decided_at, batch.committed_at))
        oldest = min(item.placed_at for item in batch.placings)
        figures.waited.observe(_seconds(oldest, batch.platform_now))
        refusals = Counter(bet.refusal for bet in batch.bets if bet.refusal is not None)
        figures.accepted.inc(len(batch.bets) - refusals.total())
        for reason, count in refusals.items():
            figures.refused.labels(reason).inc(count)
        for placing, bet in zip(batch.placings, batch.bets, strict=True):
            if placing.command.trace is not None:
                self._tell(batch, bet, placing.command.trace)

    def fenced(self) -> None:
        """Take note that a processor found another one in its place."""
        self.figures.fenced.inc()

    async def follow_backlog(self, database: Database, stop: asyncio.Event) -> None:
        """Show what waits in the log, each second, until told to stop."""
        while not await happened(stop, BACKLOG_SECONDS):
            try:
                async with database.reading() as tx:
                    backlogs = await messages.find_backlogs(tx)
            except Fault:
                # The processors say so; the figures stay as they were.
                continue
            self.figures.show_backlog(backlogs, now_seconds=self.wall.now().timestamp())

    def _tell(self, batch: Batch, bet: Bet, trace: str) -> None:
        self.tracer.tell(
            "bet.decide",
            trace,
            started_ns=int(batch.started_at.timestamp() * _NS),
            ended_ns=int(batch.committed_at.timestamp() * _NS),
            about={
                "bet.id": bet.id,
                "bet.state": bet.state,
                "bet.refusal": bet.refusal or "",
                "batch.commands": len(batch.placings),
                "shard": bet.shard,
            },
        )


def _seconds(start: datetime, end: datetime) -> float:
    return max((end - start).total_seconds(), 0.0)
