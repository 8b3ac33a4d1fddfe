"""Group commit: bets of many requests at once go into the command log in one transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import msgspec
import structlog

from pitboss import messages
from pitboss.api import problems
from pitboss.api.backlog import Backlogs
from pitboss.api.edge import Edge
from pitboss.api.metrics import Metrics
from pitboss.api.problems import FieldError, Problem, ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.watch import Remembered
from pitboss.db import Transaction
from pitboss.db.errors import DatabaseAway, TransactionConflict
from pitboss.kernel.ids import SelectionId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.price import show_price
from pitboss.kernel.shards import CATALOGUE_SHARD, Partition, Shard
from pitboss.messages.model import AppendAnswer, Appended, Entry
from pitboss.sportsbook import catalog
from pitboss.sportsbook.betting.model import PlaceBet
from pitboss.sportsbook.catalog.model import Offer

# Beyond a thousand a commit hardly gets cheaper by the bet, while everybody's wait grows.
BATCH_BETS_MAX = 1_000
# Some batches' worth: about a second of work.  Who comes later is better served by asking again.
WAITING_BETS_MAX = 10_000
# Who would wait so long behind others is told to ask again, before anything is accepted.
WAIT_SECONDS_MAX = 0.05
# A few may wait longer, as when the disk is slow for a moment: to ask again takes longer still.
PATIENT_BETS_MAX = 64
# A conflict means that a migration or a deadlock gave way to somebody; twice in a row is rare.
TRIES_MAX = 3

_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger("api.intake")


@dataclass(frozen=True, slots=True)
class Slip:
    """A bet that a player asks for, checked as far as it can be without the catalogue.

    `key` is the player's idempotency key as the log knows it; `request_digest` is over what was
    asked, without the id that this bet would get.
    """

    partition: Partition
    key: str
    request_digest: bytes
    command: PlaceBet


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The bet's command is durable; `bet_id` is the one it was first acknowledged under."""

    bet_id: str


Answer = Acknowledged | Problem


class LookAgain(Exception):
    """Something was revoked since the session was looked at; nothing was appended."""


@dataclass(slots=True)
class _Waiting:
    slips: Sequence[Slip]
    answers: asyncio.Future[list[Answer]]
    since: float
    resting_on: Remembered | None


class Intake:
    """One queue and one writer for a process.

    The writer takes what waits when the last commit returns, at most a thousand bets, so batches
    are small when it is quiet and large when it is not; there is no timer.  It ends when nothing
    waits, and holds no connection then.
    """

    def __init__(self, edge: Edge, metrics: Metrics) -> None:
        self._edge = edge
        self._metrics = metrics
        self._backlogs = Backlogs(edge)
        self._shelf = catalog.Shelf()
        self._queue: deque[_Waiting] = deque()
        # In bets, with those that are being written.
        self._unanswered = 0
        self._oldest_since = 0.0
        self._writer: asyncio.Task[None] | None = None

    def is_late(self) -> bool:
        """Say whether many wait, and the oldest for so long that one more should ask again."""
        late = perf_counter() - self._oldest_since > WAIT_SECONDS_MAX
        return late and self._unanswered > PATIENT_BETS_MAX

    async def submit(
        self, partition: Partition, slips: Sequence[Slip], resting_on: Remembered | None = None
    ) -> list[Answer]:
        """Append the bets of one player's request and answer each by itself, in order.

        `resting_on` is what is remembered of the player's session; None if it was looked at for
        this request.

        Raises:
            ProblemFound: nothing was accepted, or the outcome is unknown; the problem says which.
            LookAgain: what is remembered does not stand any more.
        """
        ensure(len(slips) <= BATCH_BETS_MAX, "a request's bets fit in one batch")
        full = await self._backlogs.find_problem(partition)
        if full is not None:
            raise ProblemFound(full)
        if self._unanswered + len(slips) > WAITING_BETS_MAX:
            raise ProblemFound(problems.TOO_BUSY)
        answers: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(slips, answers, perf_counter(), resting_on))
        self._unanswered += len(slips)
        if self._writer is None:
            self._oldest_since = perf_counter()
            self._writer = asyncio.create_task(self._write_all())
        return await answers

    async def _write_all(self) -> None:
        try:
            while self._queue:
                batch = self._take()
                self._oldest_since = batch[0].since
                await self._write_batch(batch)
                self._unanswered -= _count(batch)
        finally:
            self._writer = None

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        bets = 0
        while self._queue and bets + len(self._queue[0].slips) <= BATCH_BETS_MAX:
            batch.append(self._queue.popleft())
            bets += len(batch[-1].slips)
        return batch

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        started = perf_counter()
        try:
            answers = await self._append(batch)
        except ProblemFound as found:
            _fail(batch, found)
        except Exception:
            _log.exception("a batch of bets could not be appended", bets=_count(batch))
            _fail(batch, ProblemFound(problems.INTERNAL))
        else:
            for waiting, mine in zip(batch, answers, strict=True):
                # Whoever went away is not told; the bet stands all the same.
                if waiting.answers.done():
                    continue
                if mine is None:
                    waiting.answers.set_exception(LookAgain())
                else:
                    waiting.answers.set_result(mine)
        self._metrics.batch_bets.observe(_count(batch))
        self._metrics.append_seconds.observe(perf_counter() - started)

    async def _append(self, batch: Sequence[_Waiting]) -> list[list[Answer] | None]:
        """Return the answers of each request; None of one that rests on what was revoked."""
        at_once = await self._append_at_once(batch)
        if at_once is not None:
            return at_once
        for _ in range(TRIES_MAX):
            committing = False
            try:
                async with self._edge.log.transaction() as tx:
                    stand = await _which_stand(tx, batch)
                    slips = [slip for item in batch if id(item) in stand for slip in item.slips]
                    answers = iter(await self._decide(tx, slips) if slips else [])
                    committing = True
                return [
                    [next(answers) for _ in item.slips] if id(item) in stand else None
                    for item in batch
                ]
            except TransactionConflict as fault:
                _log.warning("appending again", why=str(fault))
            except DatabaseAway as fault:
                _log.warning("the database is away", committing=committing, why=str(fault))
                problem = problems.OUTCOME_UNKNOWN if committing else problems.DATABASE_AWAY
                raise ProblemFound(problem) from fault
        raise ProblemFound(problems.TOO_BUSY)

    async def _append_at_once(self, batch: Sequence[_Waiting]) -> list[list[Answer] | None] | None:
        """Append in one round trip; None if a bet has a problem, or the long way must look."""
        if not self._edge.shelf_watch.is_fresh():
            return None
        slips = [slip for waiting in batch for slip in waiting.slips]
        offers = self._shelf.at_hand(_wanted(slips))
        if offers is None or any(find_problem(slip.command, offers) for slip in slips):
            return None
        sent = False
        try:
            async with self._edge.log.at_once() as tx:
                sent = True
                seq = await messages.append_at_once(
                    tx,
                    [_entry(slip) for slip in slips],
                    now=self._edge.clock.now(),
                    watching=CATALOGUE_SHARD,
                    resting_on=_rests_on(batch),
                )
        except TransactionConflict:
            return None
        except DatabaseAway as fault:
            _log.warning("the database is away", committing=sent, why=str(fault))
            problem = problems.OUTCOME_UNKNOWN if sent else problems.DATABASE_AWAY
            raise ProblemFound(problem) from fault
        if seq is None:
            return None
        self._edge.shelf_watch.note(stands=seq == self._shelf.seq)
        return [[Acknowledged(slip.command.bet_id) for slip in item.slips] for item in batch]

    async def _decide(self, tx: Transaction, slips: Sequence[Slip]) -> list[Answer]:
        """Append what may be appended.  What is refused early was perhaps accepted before."""
        offers = await self._shelf.seen(tx, _wanted(slips))
        self._edge.shelf_watch.note(stands=True)
        found = [find_problem(slip.command, offers) for slip in slips]
        passed = [
            _entry(slip) for slip, problem in zip(slips, found, strict=True) if problem is None
        ]
        refused = [
            _entry(slip) for slip, problem in zip(slips, found, strict=True) if problem is not None
        ]
        appended: Sequence[AppendAnswer] = ()
        if passed:
            appended = await messages.append(tx, passed, now=self._edge.clock.now())
        earlier: Sequence[AppendAnswer | None] = ()
        if refused:
            earlier = await messages.find_answers(tx, refused)

        yes, again = iter(appended), iter(earlier)
        answers: list[Answer] = []
        for problem in found:
            answer = next(yes) if problem is None else next(again)
            if isinstance(answer, Appended):
                answers.append(Acknowledged(answer.command_id))
            elif answer is None and problem is not None:
                answers.append(problem)
            else:
                answers.append(problem_of("key_reused"))
        return answers


def find_problem(command: PlaceBet, offers: Mapping[SelectionId, Offer]) -> Problem | None:
    """Return why a bet would surely be refused, as far as the catalogue tells a moment before."""
    for place, leg in enumerate(command.legs):
        offer = offers.get(leg.selection_id)
        if offer is None:
            return Problem(
                status=422,
                slug="unknown_selection",
                detail="There is no such selection.",
                errors=(FieldError(f"legs[{place}].selection_id", "there is no such selection"),),
            )
        if not leg.takes(offer.price, offer.tick, command.price_policy):
            return Problem(
                status=409,
                slug="price_changed",
                detail="The price is not the one that was shown.",
                errors=(FieldError(f"legs[{place}].tick", f"the price is at tick {offer.tick}"),),
                more={
                    "selection_id": offer.selection_id,
                    "tick": offer.tick,
                    "price": offer.price_text,
                    "price_decimal": show_price(offer.price),
                },
            )
    return None


def _count(batch: Sequence[_Waiting]) -> int:
    return sum(len(waiting.slips) for waiting in batch)


def _rests_on(batch: Sequence[_Waiting]) -> dict[Shard, int]:
    """Return what all of a batch rests on; of two moments in one shard, the older."""
    rests: dict[Shard, int] = {}
    for waiting in batch:
        known = waiting.resting_on
        if known is not None:
            rests[known.shard] = min(known.revoked, rests.get(known.shard, known.revoked))
    return rests


async def _which_stand(tx: Transaction, batch: Sequence[_Waiting]) -> set[int]:
    """Return which requests rest on nothing that was revoked."""
    shards = {item.resting_on.shard for item in batch if item.resting_on is not None}
    revoked = await messages.read_revocations(tx, shards) if shards else {}
    return {
        id(item)
        for item in batch
        if item.resting_on is None or item.resting_on.revoked == revoked[item.resting_on.shard]
    }


def _wanted(slips: Sequence[Slip]) -> set[SelectionId]:
    return {leg.selection_id for slip in slips for leg in slip.command.legs}


def _entry(slip: Slip) -> Entry:
    return Entry(
        partition=slip.partition,
        command_id=slip.command.bet_id,
        key=slip.key,
        request_digest=slip.request_digest,
        body=_encode(slip.command),
    )


def _fail(batch: Sequence[_Waiting], found: ProblemFound) -> None:
    for waiting in batch:
        if not waiting.answers.done():
            # One exception for each: raising adds to its traceback.
            waiting.answers.set_exception(ProblemFound(found.problem))
