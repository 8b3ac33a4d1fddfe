"""A wallet may answer anything: the kit tells that in its report, and runs on."""

from __future__ import annotations

import json
from decimal import Decimal

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from pitboss.conformance.model import Account, Move, Protocols, Speaker, Verdict
from pitboss.conformance.running import refuse_run, run, unknown_in
from pitboss.conformance.speakers import make
from unit.protocols.keys import LOCKED_PEM, PAIR

A, B, C = Protocols.SOFTSWISS, Protocols.HUB88, Protocols.VALKYRIE
SECRET = b"a secret"
PEM = PAIR.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
)
ACCOUNT = Account(player="p", currency="EUR", token="t")


def speaker_of(protocol: Protocols, status: int, body: bytes) -> Speaker:
    """Return a speaker to a wallet that always answers this."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, content=body)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return make(protocol, client, "http://wallet.test", PEM if protocol is B else SECRET, "book")


@pytest.mark.parametrize("protocol", [A, B, C])
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b"null", b"1", b'"yes"', b"", b"{", b"{}"),
        *(b'{"balance": null}', b'{"balance": []}', b'{"meta": []}', b'{"error": "no"}'),
        b'{"status": "OK", "balance": 1, "transactionResult": [], "transactions": [1]}',
    ],
)
async def test_what_cannot_be_read_fails_the_cases_and_not_the_run(
    protocol: Protocols, status: int, body: bytes
) -> None:
    report = await run(
        speaker_of(protocol, status, body), ACCOUNT, game="book", only=["1", "12", "28"]
    )

    assert {item.verdict for item in report.results} == {Verdict.FAILED}
    assert all(item.detail for item in report.results)


async def test_a_member_that_is_null_is_none() -> None:
    body = b'{"status": "OK", "error": null, "balance": {"cashAmount": 3.25}}'

    said = await speaker_of(C, 200, body).balance(ACCOUNT)

    assert (said.ok, said.balance) == (True, Decimal("3.25"))


def test_a_key_that_a_password_keeps_is_none() -> None:
    with pytest.raises(ValueError, match="Password"):
        make(B, httpx.AsyncClient(), "http://wallet.test", LOCKED_PEM, "book")


@pytest.mark.parametrize("base", ["http://[::bad", "http://wallet.test:port", "wallet.test"])
async def test_an_address_that_is_none_fails_the_cases_and_not_the_run(base: str) -> None:
    speaker = make(A, httpx.AsyncClient(), base, SECRET, "book")

    report = await run(speaker, ACCOUNT, game="book", only=["1", "12"])

    assert {item.verdict for item in report.results} == {Verdict.FAILED}


def test_numbers_that_no_case_has_are_named() -> None:
    assert unknown_in(["1", "77", "32a", "32b"], C) == ["77", "32b"]


def test_a_case_of_another_protocol_is_none_of_this() -> None:
    # A run of it would tell of nothing, and fail.
    assert [unknown_in(["22"], protocol) for protocol in (A, B, C)] == [["22"], [], []]


@pytest.mark.parametrize(
    ("protocol", "status", "body", "why"),
    [
        (A, 400, b'{"meta": {"api_code": "403"}}', "signature"),
        (A, 400, b'{"meta": {"api_code": "101"}}', "player"),
        (A, 400, b'{"meta": {"api_code": "154"}}', "currency"),
        (B, 200, b'{"status": "RS_ERROR_INVALID_SIGNATURE"}', "signature"),
        (B, 200, b'{"status": "RS_ERROR_INVALID_TOKEN"}', "token"),
        (C, 401, b'{"status": "ERROR", "error": {"code": "PAM_ERR_API_TOKEN"}}', "signature"),
        (A, 404, b"<html>nothing here</html>", "404"),
        (A, 200, b'{"balance": "9.99"}', "9.99"),
        (A, 200, b"[]", "cannot be read"),
    ],
)
async def test_who_cannot_be_tested_is_told_so_before_any_case(
    protocol: Protocols, status: int, body: bytes, why: str
) -> None:
    refusal = await refuse_run(speaker_of(protocol, status, body), ACCOUNT, unit=Decimal(1))

    assert refusal is not None
    assert why in refusal


@pytest.mark.parametrize("base", ["http://[::bad", "wallet.test", "http://127.0.0.1:1"])
async def test_a_wallet_that_is_not_there_is_told_so_before_any_case(base: str) -> None:
    speaker = make(A, httpx.AsyncClient(trust_env=False), base, SECRET, "book")

    refusal = await refuse_run(speaker, ACCOUNT, unit=Decimal(1))

    assert refusal is not None
    assert refusal.startswith("it does not answer")


async def test_a_wallet_that_tells_a_balance_is_tested() -> None:
    told = await refuse_run(speaker_of(A, 200, b'{"balance": "300.00"}'), ACCOUNT, unit=Decimal(1))

    assert told is None


async def test_the_vendor_behind_valkyrie_is_the_studios_own() -> None:
    heard: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return httpx.Response(200, content=b"{}")

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    speaker = make(C, client, "http://wallet.test", SECRET, "book", vendor="Red Tiger")

    await speaker.play(ACCOUNT, "r1", Move(kind="bet", id="b1", amount=Decimal(1)))

    assert [one.url.params["provider"] for one in heard] == ["Red Tiger"]
    assert json.loads(heard[0].content)["provider"] == "Red Tiger"
