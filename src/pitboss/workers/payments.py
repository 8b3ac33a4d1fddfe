"""The payments loop: submits what was requested, and asks about what stays silent.

Whether a deposit may still be sent is asked of the gate right before, one turn for a batch.

The provider is asked between transactions, never inside one.  A crash after it heard us and
before we noted it leads to asking again with the same payment id, which it answers as before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from pitboss import cashier, messages
from pitboss.cashier.model import (
    Admission,
    Instruction,
    Instruments,
    Payment,
    PaymentKind,
    PaymentNews,
    PaymentState,
    Postponement,
    Submission,
)
from pitboss.cashier.ports import PaymentProvider
from pitboss.db import Database
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import Partition, Shard, shards_of
from pitboss.kernel.waiting import happened

# As many as are asked at once, twice over: one slow answer holds up few others.
BATCH_MAX = 64
ASKED_AT_ONCE_MAX = 32
IDLE_SECONDS = 0.1
RETRY_SECONDS = 0.5
# After a fault, twice as long each time; a provider that is away for a day is not stormed.
BACKOFF_SECONDS_MIN = 1.0
BACKOFF_SECONDS_MAX = 300.0
# News comes by itself within seconds.  Whoever waits this long has probably missed it.
SILENCE_SECONDS_MIN = 60.0
SILENCE_SECONDS_MAX = 3_600.0
# Until the central limit file has answered: its loop asks within a second, or gives up soon.
CENTRAL_SECONDS = 0.3
_DOUBLINGS_MAX = 16

_log = structlog.get_logger("payments")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What came of looking at one payment."""

    postponement: Postponement
    submission: Submission | None = None
    news: PaymentNews | None = None
    unknown: Admission | None = None


@dataclass(slots=True, kw_only=True)
class Loop:
    """Looks after the open payments of one partition with one provider.

    `clock` is the platform's; `wall` is the machine's, by which the provider lives.
    """

    partition: Partition
    database: Database
    provider: PaymentProvider
    clock: Clock
    entropy: Entropy
    wall: Clock = field(default_factory=SystemClock)
    batch_max: int = BATCH_MAX
    _asked_at_once: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(ASKED_AT_ONCE_MAX)
    )

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop; faults of the world are waited out."""
        while not stop.is_set():
            try:
                wait = 0.0 if await self.step() else IDLE_SECONDS
            except Fault as fault:
                _log.warning("trying again", partition=self.partition, why=str(fault))
                wait = RETRY_SECONDS
            if wait:
                await happened(stop, wait)

    async def step(self) -> int:
        """Look at one batch of payments whose time has come; return how many that was."""
        async with self.database.reading() as tx:
            payments = await cashier.find_due(
                tx,
                shards_of(self.partition),
                self.provider.name,
                at=self.wall.now(),
                limit=self.batch_max,
            )
            uses = await cashier.find_instruments(tx, payments) if payments else {}
        admissions = await self._admit(payments)
        outcomes = await asyncio.gather(
            *(self._look_after(item, uses[item.payment.id]) for item in admissions)
        )
        try:
            await self._note(outcomes)
        except Fault:
            raise
        except Exception:
            _log.exception("a batch broke", partition=self.partition, payments=len(outcomes))
            await self._note_one_by_one(outcomes)
        return len(payments)

    async def _admit(self, payments: Sequence[Payment]) -> list[Admission]:
        """Return what is to be looked after: all but the deposits that may not be sent any more."""
        asked = [payment for payment in payments if _wants_permit(payment)]
        others = [Admission(payment=item) for item in payments if not _wants_permit(item)]
        try:
            return others + await self._ask_gate(asked)
        except Fault:
            raise
        except Exception:
            _log.exception("a batch broke", partition=self.partition, payments=len(asked))
            return others + await self._ask_gate_one_by_one(asked)

    async def _ask_gate(self, payments: Sequence[Payment]) -> list[Admission]:
        """Ask about these deposits in one turn; what ended in it, or before it, is left out."""
        if not payments:
            return []
        async with self._turn({payment.shard for payment in payments}) as turn:
            answers = await cashier.admit_deposits(turn, payments)
        return [
            # Whoever is looked after knows how often it was tried before this time.
            replace(answer, payment=payment)
            for payment, answer in zip(payments, answers, strict=True)
            if answer.payment.state is PaymentState.REQUESTED
        ]

    async def _ask_gate_one_by_one(self, payments: Sequence[Payment]) -> list[Admission]:
        """Ask about each deposit alone, and put off the one that breaks the batch."""
        admissions: list[Admission] = []
        for payment in payments:
            try:
                admissions += await self._ask_gate([payment])
            except Fault:
                raise
            except Exception:
                _log.exception("put off", payment=payment.id)
                await self._note([self._backed_off(payment, BACKOFF_SECONDS_MAX)])
        return admissions

    async def _look_after(self, admission: Admission, use: Instruments) -> _Outcome:
        """Ask the provider; whatever goes wrong concerns this payment alone."""
        payment = admission.payment
        if admission.waits:
            later = self._postponed(payment, attempts=payment.attempts, seconds=CENTRAL_SECONDS)
            return _Outcome(postponement=later)
        async with self._asked_at_once:
            try:
                if admission.refusal is not None:
                    return await self._ask_refused(admission)
                if payment.state is PaymentState.REQUESTED:
                    return await self._submit(payment, use)
                return await self._ask(payment)
            except Fault as fault:
                _log.warning("the provider failed us", payment=payment.id, why=str(fault))
                first = BACKOFF_SECONDS_MIN if fault.retryable else BACKOFF_SECONDS_MAX
                return self._backed_off(payment, first)
            except Exception:
                _log.exception("a payment broke", payment=payment.id)
                return self._backed_off(payment, BACKOFF_SECONDS_MAX)

    async def _submit(self, payment: Payment, use: Instruments) -> _Outcome:
        instruction = Instruction(
            payment_id=payment.id,
            kind=payment.kind,
            micros=payment.micros,
            currency=payment.currency,
            own_only=use.own_only,
            back_first=use.back_first,
            customer=payment.player_id,
        )
        answer = await self.provider.submit(instruction)
        return _Outcome(
            postponement=self._postponed(payment, attempts=0, seconds=SILENCE_SECONDS_MIN),
            submission=Submission(payment=payment, answer=answer),
        )

    async def _ask(self, payment: Payment) -> _Outcome:
        news = await self.provider.ask(payment.id)
        if news is None:
            # Submitting it again could pay twice: a person must look.
            _log.error("the provider forgot a payment", payment=payment.id)
        seconds = _doubled(SILENCE_SECONDS_MIN, payment.attempts, SILENCE_SECONDS_MAX)
        return _Outcome(
            postponement=self._postponed(payment, attempts=payment.attempts + 1, seconds=seconds),
            news=news,
        )

    async def _ask_refused(self, admission: Admission) -> _Outcome:
        """Ask about a deposit that may have been sent before it was refused, and is not again."""
        payment = admission.payment
        news = await self.provider.ask(payment.id)
        return _Outcome(
            postponement=self._postponed(payment, attempts=1, seconds=SILENCE_SECONDS_MIN),
            news=news,
            unknown=admission if news is None else None,
        )

    async def _note(self, outcomes: Sequence[_Outcome]) -> None:
        """Write all that came of a batch, in one turn."""
        if not outcomes:
            return
        async with self._turn({outcome.postponement.shard for outcome in outcomes}) as turn:
            await cashier.record_submissions(
                turn, [item.submission for item in outcomes if item.submission is not None]
            )
            await cashier.record_news(
                turn, [item.news for item in outcomes if item.news is not None]
            )
            await cashier.fail_deposits(
                turn, [item.unknown for item in outcomes if item.unknown is not None]
            )
            await cashier.postpone(turn, [item.postponement for item in outcomes])

    async def _note_one_by_one(self, outcomes: Sequence[_Outcome]) -> None:
        """Write what can be written, and put off the payment that breaks the batch."""
        for outcome in outcomes:
            try:
                await self._note([outcome])
            except Fault:
                raise
            except Exception:
                _log.exception("put off", payment=outcome.postponement.payment_id)
                # It was sent, perhaps: what says so is not taken back.
                put_off = outcome.postponement
                put_off = replace(put_off, attempts=max(put_off.attempts, 1))
                await self._note([_Outcome(postponement=put_off)])

    def _turn(self, shards: set[Shard]) -> messages.TurnContext:
        return messages.turn(
            self.database, shards, now=self.clock.now(), actor="payments", entropy=self.entropy
        )

    def _backed_off(self, payment: Payment, seconds_min: float) -> _Outcome:
        seconds = _doubled(seconds_min, payment.attempts, BACKOFF_SECONDS_MAX)
        return _Outcome(
            postponement=self._postponed(payment, attempts=payment.attempts + 1, seconds=seconds)
        )

    def _postponed(self, payment: Payment, *, attempts: int, seconds: float) -> Postponement:
        return Postponement(
            shard=payment.shard,
            payment_id=payment.id,
            attempts=attempts,
            try_at=self.wall.now() + timedelta(seconds=seconds),
        )


async def run(
    database: Database,
    provider: PaymentProvider,
    *,
    clock: Clock,
    entropy: Entropy,
    partitions: Sequence[Partition],
    stop: asyncio.Event,
) -> None:
    """Look after these partitions' open payments with one provider until told to stop."""
    async with asyncio.TaskGroup() as group:
        for partition in partitions:
            loop = Loop(
                partition=partition,
                database=database,
                provider=provider,
                clock=clock,
                entropy=entropy,
            )
            group.create_task(loop.run(stop))


def _wants_permit(payment: Payment) -> bool:
    """Say whether the gate is asked before this goes out: only of money on its way in."""
    return payment.kind is PaymentKind.DEPOSIT and payment.state is PaymentState.REQUESTED


def _doubled(seconds: float, times: int, seconds_max: float) -> float:
    return float(min(seconds * 2 ** min(times, _DOUBLINGS_MAX), seconds_max))
