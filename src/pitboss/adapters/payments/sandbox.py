"""The sandbox payment provider: asks it over HTTP, reads its webhooks, speaks its dialect."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, TypeVar

import httpx
import msgspec

from pitboss.adapters.payments.signing import check_signature
from pitboss.cashier.errors import ProviderAway, ProviderConfused
from pitboss.cashier.model import (
    SANDBOX,
    Declined,
    Instruction,
    NewsStatus,
    PaymentKind,
    PaymentNews,
    SubmissionAnswer,
    Submitted,
)
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PaymentId, parse_id
from pitboss.kernel.money import currency, format_micros, parse_micros

SIGNATURE_HEADER = "pitboss-sandbox-signature"
# A provider that has not answered by then is asked again later; it knows the payment's id.
ANSWER_SECONDS_MAX = 10.0
CONNECTIONS_MAX = 32

# What ends up in facts is plain text of a length that we chose.
_NAME = re.compile(r"[!-~]{1,100}")
_REASON = re.compile(r"[a-z0-9_]{1,40}")
_AT = re.compile(r" - at `\$\.([^`]+)`$")
_MISSING = re.compile(r"missing required field `([^`]+)`$")
OTHER_REASON = "other"

T = TypeVar("T")


class _Taken(msgspec.Struct, frozen=True, kw_only=True):
    reference: str


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    reason: str


class _Standing(msgspec.Struct, frozen=True, kw_only=True):
    payment_id: str
    reference: str
    kind: PaymentKind
    status: NewsStatus
    amount: str
    currency: str
    reason: str | None = None


class _Webhook(_Standing, frozen=True, kw_only=True):
    event_id: str


class SandboxReader:
    """Reads the sandbox's webhooks, which one of these secrets must have signed."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = tuple(secrets)

    def read_news(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> PaymentNews:
        """Check who signed these bytes, then translate them.

        Raises:
            SignatureRefused: the sandbox did not sign this, or too long ago.
            Malformed: it did, but it cannot be read.
        """
        check_signature(headers.get(SIGNATURE_HEADER), body, self._secrets, now=now)
        try:
            told = msgspec.json.decode(body, type=_Webhook)
        except msgspec.ValidationError as error:
            raise _malformed(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Malformed("body", str(error)) from None
        return _translate(told, event_id=_name(told.event_id, field="event_id"))


class SandboxProvider:
    """Asks the sandbox for payments, and how they stand."""

    def __init__(
        self, url: str, api_key: str, *, answer_seconds_max: float = ANSWER_SECONDS_MAX
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {api_key}"},
            timeout=answer_seconds_max,
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
            # The provider's address is configured; a proxy that somebody set is not meant.
            trust_env=False,
        )

    async def __aenter__(self) -> SandboxProvider:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def name(self) -> str:
        """What payments call this provider."""
        return SANDBOX

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def submit(self, instruction: Instruction) -> SubmissionAnswer:
        """Ask for a payment.  Asking again with the same payment id gives the first answer.

        Raises:
            ProviderAway: no answer; whether the sandbox heard us is unknown.
            ProviderConfused: it knows another payment of this id, or does not know us.
        """
        unit = currency(instruction.currency)
        body = {
            "payment_id": instruction.payment_id,
            "kind": instruction.kind.value,
            "amount": format_micros(instruction.micros, unit),
            "currency": instruction.currency,
            "own_only": instruction.own_only,
            "back_first": instruction.back_first,
            "customer": instruction.customer,
        }
        answer = await self._ask("POST", "/payments", body)
        if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
            return Declined(reason=_reason(_read(answer, _Refusal).reason))
        _expect(answer, httpx.codes.OK, httpx.codes.ACCEPTED)
        return Submitted(reference=_understood(_read(answer, _Taken).reference))

    async def ask(self, payment_id: PaymentId) -> PaymentNews | None:
        """Ask how a payment stands; None if the sandbox does not know it.

        Raises:
            ProviderAway: no answer.
            ProviderConfused: the sandbox does not know us, or speaks of something else.
        """
        answer = await self._ask("GET", f"/payments/{payment_id}", None)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        _expect(answer, httpx.codes.OK)
        told = _read(answer, _Standing)
        try:
            # Asked twice, it is the same news.
            news = _translate(told, event_id=f"asked.{told.status}.{payment_id}")
        except Malformed as error:
            raise ProviderConfused(f"the sandbox answered what cannot be read: {error}") from error
        if news.payment_id != payment_id:
            raise ProviderConfused("the sandbox answered for another payment")
        return news

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        try:
            return await self._client.request(method, path, json=body)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise ProviderAway(f"the sandbox: {str(error) or type(error).__name__}") from error


def _expect(answer: httpx.Response, *statuses: int) -> None:
    """Raise what an answer other than these means."""
    if answer.status_code in statuses:
        return
    told = f"the sandbox answered {answer.status_code}"
    if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise ProviderAway(told)
    raise ProviderConfused(told)


def _read(answer: httpx.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderConfused(f"the sandbox answered what cannot be read: {error}") from error


def _malformed(message: str) -> Malformed:
    """Name the part of a webhook that msgspec says is wrong."""
    found = _AT.search(message) or _MISSING.search(message)
    if found is None:
        return Malformed("body", message)
    return Malformed(found.group(1), message[: found.start()] or message)


def _translate(told: _Standing, *, event_id: str) -> PaymentNews:
    return PaymentNews(
        provider=SANDBOX,
        event_id=event_id,
        payment_id=PaymentId(parse_id(told.payment_id, field="payment_id")),
        kind=told.kind,
        status=told.status,
        micros=parse_micros(told.amount, currency(told.currency), field="amount"),
        currency=told.currency,
        reference=_name(told.reference, field="reference"),
        reason=None if told.reason is None else _reason(told.reason),
    )


def _name(text: str, *, field: str) -> str:
    if not _NAME.fullmatch(text):
        raise Malformed(field, "1 to 100 printable characters without spaces")
    return text


def _understood(reference: str) -> str:
    try:
        return _name(reference, field="reference")
    except Malformed as error:
        raise ProviderConfused(f"the sandbox answered what cannot be read: {error}") from error


def _reason(text: str) -> str:
    """Return the provider's reason if it is one word, so that nothing personal slips through."""
    return text if _REASON.fullmatch(text) else OTHER_REASON
