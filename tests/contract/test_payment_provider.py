"""What the cashier may expect of every payment provider: our fake and the sandbox over HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec
import pytest

from contract.fake_payments import SIGNED, FakePayments
from integration.cashier.world import until
from integration.sandbox.town import API_KEY, FAITHFUL, SECRET, Receiver, receiving, sandbox
from pitboss.adapters.payments.sandbox import SandboxProvider, SandboxReader
from pitboss.cashier.errors import ProviderAway, ProviderConfused, SignatureRefused
from pitboss.cashier.model import (
    Declined,
    Instruction,
    NewsStatus,
    PaymentKind,
    PaymentNews,
    Submitted,
)
from pitboss.cashier.ports import NewsReader, PaymentProvider
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PaymentId, derived_id

DECLINED_MICROS = 10_170_000
FOREIGN_MICROS = 10_190_000
KINDS = list(PaymentKind)


class Bench(Protocol):
    """A provider to be tried, and what the outside world does with it."""

    @property
    def provider(self) -> PaymentProvider:
        """The provider to be tried."""
        ...

    @property
    def reader(self) -> NewsReader:
        """Who reads its webhooks."""
        ...

    def now(self) -> datetime:
        """Return the time by which webhooks are signed."""
        ...

    async def webhook(self, payment_id: PaymentId) -> tuple[Mapping[str, str], bytes]:
        """Return the headers and the body of a webhook about this payment."""
        ...

    def nowhere(self) -> PaymentProvider:
        """Return a provider of the same make that cannot be reached."""
        ...


@dataclass(slots=True, kw_only=True)
class FakeBench:
    """The fake of the port."""

    provider: FakePayments = field(default_factory=lambda: FakePayments(declines=_declines))

    @property
    def reader(self) -> NewsReader:
        """The fake reads its own news."""
        return self.provider

    def now(self) -> datetime:
        """Return any time: the fake does not look at it."""
        return datetime(2026, 1, 1, tzinfo=UTC)

    async def webhook(self, payment_id: PaymentId) -> tuple[Mapping[str, str], bytes]:
        """Return news with the fake's mark."""
        news = self.provider.news(payment_id, NewsStatus.SUCCEEDED)
        return {SIGNED: "fake"}, msgspec.json.encode(news)

    def nowhere(self) -> PaymentProvider:
        """Return a fake that is away."""
        return FakePayments(away=True)


@dataclass(slots=True, kw_only=True)
class SandboxBench:
    """The sandbox, served over HTTP, and its adapter."""

    provider: SandboxProvider
    receiver: Receiver
    reader: NewsReader = field(default_factory=lambda: SandboxReader([b"next", SECRET]))

    def now(self) -> datetime:
        """Return the machine's time."""
        return SystemClock().now()

    async def webhook(self, payment_id: PaymentId) -> tuple[Mapping[str, str], bytes]:
        """Wait for a webhook about the payment."""
        await until(lambda: bool(self._about(payment_id)))
        return self._about(payment_id)[0]

    def nowhere(self) -> PaymentProvider:
        """Return an adapter that asks where nobody listens."""
        return SandboxProvider("http://127.0.0.1:1", API_KEY)

    def _about(self, payment_id: PaymentId) -> list[tuple[Mapping[str, str], bytes]]:
        return [
            (webhook.headers, webhook.body)
            for webhook in self.receiver.heard
            if webhook.told["payment_id"] == payment_id
        ]


@contextlib.asynccontextmanager
async def sandbox_bench(folder: Path) -> AsyncIterator[SandboxBench]:
    async with (
        receiving() as (receiver, url),
        sandbox(folder, url, temper=FAITHFUL) as address,
        SandboxProvider(address, API_KEY) as provider,
    ):
        yield SandboxBench(provider=provider, receiver=receiver)


@pytest.fixture(params=["fake", "sandbox"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    if request.param == "fake":
        yield FakeBench()
        return
    async with sandbox_bench(tmp_path) as made:
        yield made


def an_instruction(
    name: str = "one",
    *,
    micros: int = 12_500_000,
    kind: PaymentKind = PaymentKind.DEPOSIT,
    own_only: bool = False,
) -> Instruction:
    return Instruction(
        payment_id=PaymentId(derived_id("payment", name)),
        kind=kind,
        micros=micros,
        currency="GBP",
        own_only=own_only,
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_what_somebody_else_holds_is_declined_if_it_must_be_the_players_own(
    bench: Bench, kind: PaymentKind
) -> None:
    own = an_instruction("own", kind=kind, own_only=True)
    theirs = an_instruction("theirs", kind=kind, micros=FOREIGN_MICROS, own_only=True)
    anybodys = an_instruction("anybodys", kind=kind, micros=FOREIGN_MICROS)

    answers = [await bench.provider.submit(item) for item in (own, theirs, theirs, anybodys)]

    assert isinstance(answers[0], Submitted)
    assert answers[1:3] == [Declined(reason="instrument_not_own")] * 2
    assert isinstance(answers[3], Submitted)
    assert await bench.provider.ask(theirs.payment_id) is None


@pytest.mark.parametrize("kind", KINDS)
async def test_a_payment_is_taken_on_under_one_reference_however_often_asked(
    bench: Bench, kind: PaymentKind
) -> None:
    answers = [await bench.provider.submit(an_instruction(kind=kind)) for _ in range(3)]

    assert isinstance(answers[0], Submitted)
    assert answers[0].reference
    assert answers == answers[:1] * 3


async def test_payments_have_references_of_their_own(bench: Bench) -> None:
    answers = [await bench.provider.submit(an_instruction(name)) for name in ("one", "two")]

    assert answers[0] != answers[1]


@pytest.mark.parametrize(
    "other",
    [an_instruction(micros=12_510_000), an_instruction(kind=PaymentKind.WITHDRAWAL)],
)
async def test_another_payment_under_the_same_id_is_a_fault_that_does_not_pass(
    bench: Bench, other: Instruction
) -> None:
    await bench.provider.submit(an_instruction())

    with pytest.raises(ProviderConfused) as fault:
        await bench.provider.submit(other)

    assert not fault.value.retryable


async def test_what_is_declined_says_why_each_time_and_is_not_known_afterwards(
    bench: Bench,
) -> None:
    instruction = an_instruction(micros=DECLINED_MICROS)

    answers = [await bench.provider.submit(instruction) for _ in range(2)]

    assert answers == [Declined(reason="card_declined")] * 2
    assert await bench.provider.ask(instruction.payment_id) is None


@pytest.mark.parametrize("kind", KINDS)
async def test_who_asks_is_told_of_the_payment_that_was_submitted(
    bench: Bench, kind: PaymentKind
) -> None:
    instruction = an_instruction(kind=kind)
    answer = await bench.provider.submit(instruction)

    news = await bench.provider.ask(instruction.payment_id)

    assert isinstance(answer, Submitted)
    assert news is not None
    assert told(news) == (
        bench.provider.name,
        instruction.payment_id,
        kind,
        12_500_000,
        "GBP",
        answer.reference,
    )


async def test_a_payment_that_was_never_submitted_is_not_known(bench: Bench) -> None:
    assert await bench.provider.ask(an_instruction().payment_id) is None


async def test_a_provider_that_is_away_is_a_fault_that_passes(bench: Bench) -> None:
    provider = bench.nowhere()

    with pytest.raises(ProviderAway) as fault:
        await provider.submit(an_instruction())
    with pytest.raises(ProviderAway):
        await provider.ask(an_instruction().payment_id)

    assert fault.value.retryable


@pytest.mark.parametrize("kind", KINDS)
async def test_a_webhook_tells_of_the_payment_that_was_submitted(
    bench: Bench, kind: PaymentKind
) -> None:
    instruction = an_instruction(kind=kind)
    answer = await bench.provider.submit(instruction)
    headers, body = await bench.webhook(instruction.payment_id)

    news = bench.reader.read_news(headers, body, now=bench.now())

    assert isinstance(answer, Submitted)
    assert told(news) == (
        bench.provider.name,
        instruction.payment_id,
        kind,
        12_500_000,
        "GBP",
        answer.reference,
    )


async def test_a_webhook_that_nobody_signed_is_refused_unread(bench: Bench) -> None:
    with pytest.raises(SignatureRefused):
        bench.reader.read_news({}, b"{", now=bench.now())


async def test_news_has_a_name_that_repeats_with_it(bench: Bench) -> None:
    instruction = an_instruction()
    await bench.provider.submit(instruction)
    headers, body = await bench.webhook(instruction.payment_id)

    names = {bench.reader.read_news(headers, body, now=bench.now()).event_id for _ in range(3)}

    assert len(names) == 1


async def test_the_sandboxs_webhooks_are_of_no_use_later_or_altered(tmp_path: Path) -> None:
    async with sandbox_bench(tmp_path) as bench:
        await bench.provider.submit(an_instruction())
        headers, body = await bench.webhook(an_instruction().payment_id)

        for changed, now in (
            (body, bench.now() + timedelta(minutes=6)),
            (body.replace(b"12.50", b"99.50"), bench.now()),
        ):
            with pytest.raises(SignatureRefused):
                bench.reader.read_news(headers, changed, now=now)


async def test_the_fake_says_when_its_own_news_cannot_be_read() -> None:
    with pytest.raises(Malformed):
        FakePayments().read_news({SIGNED: "fake"}, b"{", now=datetime(2026, 1, 1, tzinfo=UTC))


def told(news: PaymentNews) -> tuple[object, ...]:
    """Return what news says of its payment, whatever became of it."""
    return (
        news.provider,
        news.payment_id,
        news.kind,
        news.micros,
        news.currency,
        news.reference,
    )


def _declines(instruction: Instruction) -> str | None:
    if instruction.own_only and instruction.micros == FOREIGN_MICROS:
        return "instrument_not_own"
    return "card_declined" if instruction.micros == DECLINED_MICROS else None
