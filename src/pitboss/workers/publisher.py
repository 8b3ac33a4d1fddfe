"""The publisher: what is sequenced becomes a signed checkpoint, a moment later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from pitboss.audit.record import Publisher
from pitboss.audit.record.errors import NotPublishable
from pitboss.audit.record.model import FACTS_MAX, Published
from pitboss.kernel.errors import Fault
from pitboss.kernel.waiting import happened

# Most of the time between a fact and the checkpoint that covers it, of which two seconds are
# allowed.  Each step writes some files that the next one writes again, so more often costs more.
LOOK_SECONDS = 0.75
RETRY_SECONDS = 1.0
# Somebody has to look into it; meanwhile bets go on, and are told of as not yet published.
REFUSED_SECONDS = 10.0

_log = structlog.get_logger("record")


@dataclass(slots=True, kw_only=True)
class Publishing:
    """The loop around a publisher; `may` says whether this process is the sequencer now."""

    publisher: Publisher
    may: Callable[[], bool] = lambda: True
    told: Callable[[Published], None] = lambda published: None
    refused: Callable[[], None] = lambda: None

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until told to stop; faults of the world are waited out."""
        size = 0
        while not stop.is_set():
            wait = LOOK_SECONDS
            try:
                published = await self.publisher.step() if self.may() else None
                if published is not None:
                    self.told(published)
                    # Who is behind goes on at once.
                    wait = 0.0 if published.size - size >= FACTS_MAX else LOOK_SECONDS
                    size = published.size
            except NotPublishable as refusal:
                _log.critical("nothing is signed", why=str(refusal))
                self.refused()
                wait = REFUSED_SECONDS
            except (Fault, OSError) as fault:
                _log.warning("trying again", why=str(fault))
                wait = RETRY_SECONDS
            await happened(stop, wait)
