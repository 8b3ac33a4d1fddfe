"""The cosigner: what is published is shown to a witness, and nothing waits for what it says.

Each witness has a loop of its own, so that a slow one delays no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from pitboss.audit.record import Publisher
from pitboss.audit.record.errors import NotPublishable
from pitboss.audit.record.model import NotCosigned
from pitboss.audit.record.ports import Witness
from pitboss.kernel.errors import Fault
from pitboss.kernel.waiting import happened
from pitboss.tlog.keys import VerifierKey
from pitboss.tlog.policy import NONE, Policy
from pitboss.workers.publisher import REFUSED_SECONDS

# Well within the time for which a checkpoint is the newest, and no file is read for it.
LOOK_SECONDS = 0.1
# A witness that fails is left alone for longer each time.  It is to have seen a checkpoint within
# a minute, and so it is asked again by then.
RETRY_SECONDS = 1.0
RETRY_SECONDS_MAX = 60.0
# How long a quorum may take before it is missed.
QUORUM_WITHIN = timedelta(seconds=60)

_log = structlog.get_logger("record")


@dataclass(slots=True, kw_only=True)
class Cosigning:
    """The loop around one witness; `may` says whether this process is the sequencer now."""

    publisher: Publisher
    witness: Witness
    may: Callable[[], bool] = lambda: True
    told: Callable[[int], None] = lambda size: None
    failed: Callable[[], None] = lambda: None
    refused: Callable[[], None] = lambda: None

    async def run(self, stop: asyncio.Event) -> None:
        """Have checkpoints cosigned until told to stop; a failure is told, and tried again."""
        name, retry = self.witness.key.name, RETRY_SECONDS
        while not stop.is_set():
            wait, why = LOOK_SECONDS, ""
            try:
                answer = await self.publisher.cosign(self.witness) if self.may() else None
                if isinstance(answer, NotCosigned):
                    why = answer.why
                elif answer is not None:
                    self.told(answer)
                    retry = RETRY_SECONDS
            except NotPublishable as refusal:
                _log.critical("nothing is signed", why=str(refusal))
                self.refused()
                wait = REFUSED_SECONDS
            except (Fault, OSError) as fault:
                why = str(fault)
            if why:
                _log.error("a witness has not cosigned", witness=name, why=why)
                self.failed()
                wait, retry = retry, min(2 * retry, RETRY_SECONDS_MAX)
            await happened(stop, wait)


@dataclass(slots=True)
class QuorumWatch:
    """How far a quorum of the policy's witnesses has seen the log, and since when it is behind.

    Who has cosigned a size has seen all that is below it, and so counts for each size up to it.
    """

    policy: Policy
    _seen: dict[str, int] = field(default_factory=dict, init=False)
    _newest: int = field(default=0, init=False)
    # The smallest size that the quorum is known to owe, and since when.
    _owed: tuple[int, datetime] | None = field(default=None, init=False)

    @property
    def size(self) -> int:
        """How many facts a quorum has seen; all that are published, if none is asked for."""
        if self.policy.quorum == NONE:
            return self._newest
        for size in sorted(self._seen.values(), reverse=True):
            if self.policy.is_met([name for name, seen in self._seen.items() if seen >= size]):
                return size
        return 0

    def published(self, size: int, *, now: datetime) -> None:
        """Take note of a checkpoint."""
        self._newest = size
        self._look(now)

    def cosigned(self, key: VerifierKey, size: int, *, now: datetime) -> None:
        """Take note that a witness has cosigned; one that the policy does not name counts for
        nothing."""
        for name, peer in self.policy.witnesses.items():
            if peer.key == key:
                self._seen[name] = size
        self._look(now)

    def misses(self, now: datetime) -> bool:
        """Say whether the quorum has not cosigned in time."""
        return self._owed is not None and now - self._owed[1] > QUORUM_WITHIN

    def _look(self, now: datetime) -> None:
        size = self.size
        if self._owed is not None and size >= self._owed[0]:
            self._owed = None
        if self._owed is None and size < self._newest:
            self._owed = self._newest, now
