"""Only the provider's own words, freshly signed, pass."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from pitboss.adapters.payments.signing import check_signature
from pitboss.cashier.errors import SignatureRefused
from pitboss.sandbox.couriers import sign

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
BODY = b'{"amount": "10.00"}'
OLD, NEW, FOREIGN = b"old-secret", b"new-secret", b"foreign-secret"


def digest(secret: bytes, seconds: int = SECONDS, body: bytes = BODY) -> str:
    return hmac.new(secret, f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "header",
    [
        sign(NEW, BODY, at=NOW),
        sign(OLD, BODY, at=NOW),
        f"t={SECONDS},v1={digest(NEW)}",
        f"t={SECONDS}, v1={digest(NEW)}",
        f"v1={digest(NEW)},t={SECONDS}",
        f"t={SECONDS},v1={digest(FOREIGN)},v1={digest(NEW)}",
        f"t={SECONDS},v1={digest(NEW)},v1=never-hex",
        f"t={SECONDS},v2=later,v1={digest(NEW)}",
    ],
)
def test_what_a_secret_of_ours_signed_just_now_passes(header: str) -> None:
    check_signature(header, BODY, [NEW, OLD], now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "garbage",
        f"t={SECONDS}",
        f"v1={digest(NEW)}",
        f"t={SECONDS},v1=",
        f"t={SECONDS},v1=not-hex",
        f"t={SECONDS},v1={digest(NEW)[:-1]}",
        f"t={SECONDS},v1={digest(NEW).upper()}",
        f"t={SECONDS},v1={'é' * 64}",
        f"t={SECONDS},v1={digest(FOREIGN)}",
        f"t={SECONDS},v2={digest(NEW)}",
        f"t={SECONDS + 1},v1={digest(NEW)}",
        f"t={SECONDS},t={SECONDS},v1={digest(NEW)}",
        f"t=-{SECONDS},v1={digest(NEW)}",
        f"t=soon,v1={digest(NEW)}",
        f"t=٣,v1={digest(NEW)}",
        f"t={'9' * 400},v1={digest(NEW)}",
        f"t={SECONDS}" + f",v1={digest(FOREIGN)}" * 4 + f",v1={digest(NEW)}",
        f"t={SECONDS},v1={digest(NEW)}" + " " * 1_000,
    ],
)
def test_anything_else_is_refused(header: str | None) -> None:
    with pytest.raises(SignatureRefused):
        check_signature(header, BODY, [NEW, OLD], now=NOW)


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY.replace(b"10", b"99")])
def test_an_altered_body_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        check_signature(sign(NEW, BODY, at=NOW), body, [NEW], now=NOW)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_clocks_may_differ_a_little(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)

    check_signature(sign(NEW, BODY, at=NOW), BODY, [NEW], now=now)


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_what_was_overheard_is_of_no_use_later(seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)

    with pytest.raises(SignatureRefused):
        check_signature(sign(NEW, BODY, at=NOW), BODY, [NEW], now=now)


def test_a_secret_that_was_retired_signs_no_more() -> None:
    with pytest.raises(SignatureRefused):
        check_signature(sign(OLD, BODY, at=NOW), BODY, [NEW], now=NOW)
