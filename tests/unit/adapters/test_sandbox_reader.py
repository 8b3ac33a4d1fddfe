"""What the sandbox sends becomes our noun, or is refused with the name of what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from pitboss.adapters.payments.sandbox import SandboxReader
from pitboss.cashier.errors import SignatureRefused
from pitboss.cashier.model import NewsStatus, PaymentKind, PaymentNews
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PaymentId, derived_id
from pitboss.sandbox.couriers import sign

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = b"secret"
PAYMENT = PaymentId(derived_id("payment", "one"))
TOLD = {
    "event_id": "evt-1",
    "payment_id": PAYMENT,
    "reference": "sbx_1",
    "kind": "deposit",
    "status": "failed",
    "amount": "12.50",
    "currency": "GBP",
    "created_at": "2026-01-02T03:04:05Z",
    "sequence": 2,
    "reason": "rejected_by_bank",
}


def read(body: bytes, *, secret: bytes = SECRET) -> PaymentNews:
    headers = {"pitboss-sandbox-signature": sign(secret, body, at=NOW)}
    return SandboxReader([SECRET]).read_news(headers, body, now=NOW)


def test_a_signed_webhook_becomes_news() -> None:
    news = read(msgspec.json.encode(TOLD))

    assert news == PaymentNews(
        provider="sandbox",
        event_id="evt-1",
        payment_id=PAYMENT,
        kind=PaymentKind.DEPOSIT,
        status=NewsStatus.FAILED,
        micros=12_500_000,
        currency="GBP",
        reference="sbx_1",
        reason="rejected_by_bank",
    )


@pytest.mark.parametrize("told", ["Call Mrs. Smith", "", "x" * 41])
def test_a_reason_that_is_no_single_word_is_not_repeated(told: str) -> None:
    assert read(msgspec.json.encode({**TOLD, "reason": told})).reason == "other"


def test_the_signature_is_looked_at_before_the_body() -> None:
    with pytest.raises(SignatureRefused):
        read(b"not json", secret=b"another")
    with pytest.raises(SignatureRefused):
        SandboxReader([SECRET]).read_news({}, msgspec.json.encode(TOLD), now=NOW)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_id", "a b"),
        ("event_id", ""),
        ("event_id", 7),
        ("payment_id", "not-an-id"),
        ("reference", "é"),
        ("reference", None),
        ("kind", "refund"),
        ("status", "done"),
        ("amount", "-1.00"),
        ("amount", "1.001"),
        ("amount", 12.5),
        ("currency", "XXX"),
    ],
)
def test_what_cannot_be_read_is_named(field: str, value: object) -> None:
    with pytest.raises(Malformed, match=field):
        read(msgspec.json.encode({**TOLD, field: value}))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'"text"'])
def test_what_is_no_document_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(body)
