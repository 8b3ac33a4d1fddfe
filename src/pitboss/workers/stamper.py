"""The stamper: now and then the newest checkpoint is dated by an authority.

It stands beside the publisher and never in its way: a checkpoint waits for nobody's timestamp.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from pitboss.audit import record
from pitboss.audit.record.errors import NotPublishable
from pitboss.audit.record.ports import TileStore, TimestampAuthority
from pitboss.kernel.errors import Fault
from pitboss.kernel.waiting import happened

# Whether there is a new checkpoint at last, in a log that nothing happened to.
LOOK_SECONDS = 10.0
# Authorities bear no hurry, and a few minutes are little beside an hour.
RETRY_SECONDS = 60.0

_log = structlog.get_logger("record")


@dataclass(slots=True, kw_only=True)
class Stamping:
    """The loop around timestamps; `may` says whether this process is the sequencer now."""

    tiles: TileStore
    authority: TimestampAuthority
    every_seconds: float
    may: Callable[[], bool] = lambda: True
    told: Callable[[int], None] = lambda size: None
    failed: Callable[[], None] = lambda: None

    async def run(self, stop: asyncio.Event) -> None:
        """Have checkpoints dated until told to stop; a failure is told, and tried again."""
        while not stop.is_set():
            wait = LOOK_SECONDS
            try:
                size = await record.stamp(self.tiles, self.authority) if self.may() else None
                if size is not None:
                    _log.info("a checkpoint is dated", size=size)
                    self.told(size)
                    wait = self.every_seconds
            except (Fault, NotPublishable, OSError) as fault:
                _log.error("no timestamp", why=str(fault))
                self.failed()
                wait = RETRY_SECONDS
            await happened(stop, min(wait, self.every_seconds))
