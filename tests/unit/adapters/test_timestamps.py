"""Timestamps agree with the published vectors: what is good is believed, and nothing else is."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from answering import answering
from pitboss.adapters.timestamps import (
    ANSWER_BYTES_MAX,
    AuthorityFailed,
    CertificatesUnusable,
    HttpAuthority,
    TokenVerifier,
)
from pitboss.tlog.errors import Untrusted
from unit.tlog.vectors import DATA, needs_vectors

VECTORS = DATA / "rfc3161-tsa"
URL = "http://time.example/tsr"


def check(path: str, data: bytes = b"hello") -> datetime:
    """Return what a published token says of these bytes, by the chain beside it."""
    token = VECTORS / path
    chain = token.with_name("ts_chain.pem").read_bytes()
    return TokenVerifier(chain).check(token.read_bytes(), data)


@needs_vectors
@pytest.mark.parametrize(
    ("path", "time"),
    [
        ("test_tsa/response.tsr", datetime(2024, 10, 8, 15, 40, 32, tzinfo=UTC)),
        ("test_tsa/response-injected-certs.tsr", datetime(2024, 10, 8, 15, 40, 32, tzinfo=UTC)),
        ("sigstage/response-sha256.tsr", datetime(2025, 5, 9, 11, 58, 55, tzinfo=UTC)),
        ("sigstage/response-sha384.tsr", datetime(2025, 5, 9, 11, 58, 55, tzinfo=UTC)),
        ("sigstage/response-sha512.tsr", datetime(2025, 5, 9, 11, 58, 56, tzinfo=UTC)),
        ("identrust/issue-104.tsr", datetime(2025, 3, 11, 8, 52, 8, tzinfo=UTC)),
    ],
)
def test_a_good_token_says_its_time(path: str, time: datetime) -> None:
    assert check(path) == time


@needs_vectors
def test_a_token_without_its_certificate_is_good_by_the_chain_that_is_given() -> None:
    assert check("sigstage/response-no-embedded-cert.tsr").tzinfo is not None


@needs_vectors
def test_a_token_stays_good_when_its_signer_has_expired() -> None:
    payload = (VECTORS / "sigstore.mock" / "payload").read_bytes()

    assert check("sigstore.mock/response-expired.tsr", payload) < datetime(2026, 1, 1, tzinfo=UTC)


@needs_vectors
@pytest.mark.parametrize(
    ("path", "data", "why"),
    [
        ("sigstage/response-invalid-signature.tsr", b"hello", "signature"),
        ("test_tsa/other_response.tsr", b"hello", "Unable to verify"),
        ("test_tsa/response.tsr", b"hello!", "Mismatch between messages"),
        ("test_tsa/request.der", b"hello", "cannot be read"),
    ],
)
def test_a_bad_token_is_not_believed(path: str, data: bytes, why: str) -> None:
    with pytest.raises(Untrusted, match=why) as caught:
        check(path, data)
    assert "crypto/" not in str(caught.value)


@needs_vectors
@pytest.mark.parametrize("left_out", [0, 1], ids=["the whole chain", "without the signer's own"])
def test_a_token_with_a_flipped_byte_is_refused_wherever_a_signature_covers_it(
    left_out: int,
) -> None:
    folder = VECTORS / "test_tsa"
    token = bytearray((folder / "response.tsr").read_bytes())
    begin = b"-----BEGIN"
    certificates = (folder / "ts_chain.pem").read_bytes().split(begin)[1 + left_out :]
    chain = TokenVerifier(b"".join(begin + certificate for certificate in certificates))
    time = chain.check(bytes(token), b"hello")

    believed = []
    for place in range(len(token)):
        token[place] ^= 0x41
        with contextlib.suppress(Untrusted):
            assert chain.check(bytes(token), b"hello") == time
            believed.append(place)
        token[place] ^= 0x41

    # Names of algorithms and a version that stand outside of all that is signed (RFC 5652).
    assert len(believed) <= 10


@pytest.mark.parametrize("token", [b"", b"x", b"0" * 300, b"\x30\x05\x30\x03\x02\x01\x02"])
def test_what_is_no_token_is_named(token: bytes) -> None:
    with pytest.raises(AuthorityFailed, match=rf"{URL} gave no token: a timestamp"):
        asyncio.run(ask(httpx.Response(200, content=token)))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(503), "answered 503"),
        (httpx.Response(200, content=bytes(ANSWER_BYTES_MAX + 1)), "over 65536 bytes"),
        (httpx.ConnectError("nobody there"), "nobody there"),
        (httpx.ReadTimeout(""), "ReadTimeout"),
    ],
)
def test_an_authority_that_is_away_is_a_fault(
    answer: httpx.Response | httpx.HTTPError, why: str
) -> None:
    with pytest.raises(AuthorityFailed, match=why) as caught:
        asyncio.run(ask(answer))
    assert caught.value.retryable


@needs_vectors
def test_a_token_over_something_else_is_no_answer() -> None:
    token = (VECTORS / "test_tsa" / "response.tsr").read_bytes()

    # Even over the same bytes: it does not name our question.
    with pytest.raises(AuthorityFailed, match="answered another question"):
        asyncio.run(ask(httpx.Response(200, content=token)))


@pytest.mark.parametrize(
    "text", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\n", Path(__file__).read_bytes()]
)
def test_a_file_without_certificates_is_refused(text: bytes) -> None:
    with pytest.raises(CertificatesUnusable, match="no certificates"):
        TokenVerifier(text)


async def ask(answer: httpx.Response | httpx.HTTPError) -> bytes:
    """Ask an authority that answers this."""

    def respond(request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/timestamp-query"
        if isinstance(answer, httpx.Response):
            return answer
        raise answer

    async with answering(respond) as client:
        return await HttpAuthority(client, URL).stamp(b"hello")
