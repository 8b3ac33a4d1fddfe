"""The verification loop: submits the checks that were requested, and asks about silent ones.

The provider is asked between transactions, never inside one.  A crash after it heard us and before
we noted it leads to asking again with the same check id, which it answers as before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from pitboss import messages
from pitboss.db import Database
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import Partition, Shard, shards_of
from pitboss.kernel.waiting import happened
from pitboss.messages import TurnContext
from pitboss.players import verification
from pitboss.players.personal.model import PersonalKeys
from pitboss.players.verification.model import (
    Check,
    CheckNews,
    CheckState,
    Person,
    Postponement,
    Submission,
)
from pitboss.players.verification.ports import VerificationProvider

BATCH_MAX = 32
IDLE_SECONDS = 0.5
RETRY_SECONDS = 0.5
# After a fault, twice as long each time; a provider that is away for a day is not stormed.
BACKOFF_SECONDS_MIN = 1.0
BACKOFF_SECONDS_MAX = 300.0
# Callbacks come by themselves.  Whoever waits this long has probably missed one.
SILENCE_SECONDS_MIN = 60.0
SILENCE_SECONDS_MAX = 3_600.0
# A check of which nothing came in a day is given up, so that the player may ask for another.
PATIENCE = timedelta(hours=24)
# A player needs longer to find a document than a provider to look one up.
DOCUMENTS_PATIENCE = timedelta(days=30)
TIMED_OUT = "timed_out"
FORGOTTEN = "player_forgotten"
_DOUBLINGS_MAX = 16

_log = structlog.get_logger("verification")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What came of looking at one check; `given_up` says why nobody waits for it any more."""

    check: Check
    attempts: int
    seconds: float
    submission: Submission | None = None
    news: CheckNews | None = None
    given_up: str | None = None


@dataclass(slots=True, kw_only=True)
class Loop:
    """Looks after the open checks of some shards with one provider.

    `clock` is the platform's; `wall` is the machine's, by which the provider lives.
    """

    shards: Sequence[Shard]
    database: Database
    provider: VerificationProvider
    keys: PersonalKeys
    clock: Clock
    entropy: Entropy
    wall: Clock = field(default_factory=SystemClock)

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop; faults of the world are waited out."""
        while not stop.is_set():
            try:
                wait = 0.0 if await self.step() else IDLE_SECONDS
            except Fault as fault:
                _log.warning("trying again", why=str(fault))
                wait = RETRY_SECONDS
            if wait:
                await happened(stop, wait)

    async def step(self) -> int:
        """Look at one batch of checks whose time has come; return how many that was."""
        async with self.database.reading() as tx:
            checks = await verification.find_due(
                tx, self.shards, self.provider.name, at=self.wall.now(), limit=BATCH_MAX
            )
        for outcome in await asyncio.gather(*map(self._look_after, checks)):
            await self._note(outcome)
        return len(checks)

    async def _look_after(self, check: Check) -> _Outcome:
        """Ask the provider; whatever goes wrong concerns this check alone."""
        patience = DOCUMENTS_PATIENCE if check.state is CheckState.DOCUMENTS_WANTED else PATIENCE
        if self.clock.now() - check.requested_at >= patience:
            return _Outcome(check=check, attempts=check.attempts, seconds=0, given_up=TIMED_OUT)
        try:
            if check.state is CheckState.REQUESTED:
                return await self._submit(check)
            seconds = _doubled(SILENCE_SECONDS_MIN, check.attempts, SILENCE_SECONDS_MAX)
            news = await self.provider.ask(check.id)
            if news is not None and news.status.value == check.state.value:
                news = None
            return _Outcome(check=check, attempts=check.attempts + 1, seconds=seconds, news=news)
        except Fault as fault:
            _log.warning("the provider failed us", check=check.id, why=str(fault))
            first = BACKOFF_SECONDS_MIN if fault.retryable else BACKOFF_SECONDS_MAX
        except Exception:
            _log.exception("a check broke", check=check.id)
            first = BACKOFF_SECONDS_MAX
        seconds = _doubled(first, check.attempts, BACKOFF_SECONDS_MAX)
        return _Outcome(check=check, attempts=check.attempts + 1, seconds=seconds)

    async def _submit(self, check: Check) -> _Outcome:
        person = await self._read(check)
        if person is None:
            return _Outcome(check=check, attempts=check.attempts, seconds=0, given_up=FORGOTTEN)
        reference, news = await self.provider.submit(person)
        submission = Submission(shard=check.shard, check_id=check.id, reference=reference)
        return _Outcome(
            check=check, attempts=0, seconds=SILENCE_SECONDS_MIN, submission=submission, news=news
        )

    async def _read(self, check: Check) -> Person | None:
        """Read who is to be checked; the fact that says so is committed before anybody is asked."""
        async with self._turn(check) as turn:
            return await verification.read_person(turn, check, keys=self.keys)

    async def _note(self, outcome: _Outcome) -> None:
        """Write what came of one check."""
        check = outcome.check
        async with self._turn(check) as turn:
            if outcome.submission is not None:
                await verification.record_submissions(turn, [outcome.submission])
            if outcome.news is not None:
                await verification.record_news(turn, [outcome.news])
            if outcome.given_up is not None:
                await verification.give_up(turn, [check], reason=outcome.given_up)
            later = self.wall.now() + timedelta(seconds=outcome.seconds)
            await verification.postpone(
                turn,
                [
                    Postponement(
                        shard=check.shard,
                        check_id=check.id,
                        attempts=outcome.attempts,
                        try_at=later,
                    )
                ],
            )

    def _turn(self, check: Check) -> TurnContext:
        return messages.turn(
            self.database,
            {check.shard},
            now=self.clock.now(),
            actor="verification",
            entropy=self.entropy,
        )


async def run(
    database: Database,
    provider: VerificationProvider,
    *,
    keys: PersonalKeys,
    clock: Clock,
    entropy: Entropy,
    partitions: Sequence[Partition],
    stop: asyncio.Event,
) -> None:
    """Look after these partitions' open checks with one provider until told to stop."""
    shards = [shard for partition in partitions for shard in shards_of(partition)]
    loop = Loop(
        shards=shards,
        database=database,
        provider=provider,
        keys=keys,
        clock=clock,
        entropy=entropy,
    )
    await loop.run(stop)


def _doubled(seconds: float, times: int, seconds_max: float) -> float:
    return float(min(seconds * 2 ** min(times, _DOUBLINGS_MAX), seconds_max))
