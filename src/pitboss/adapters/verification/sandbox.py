"""The sandbox verification provider: asks it over HTTP, reads its signed callbacks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Annotated, Any, TypeVar

import httpx
import msgspec

from pitboss.adapters.payments import signing
from pitboss.cashier import errors as cashier_errors
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import parse_id
from pitboss.kernel.instants import parse_instant
from pitboss.players.verification.errors import (
    ProviderAway,
    ProviderConfused,
    SignatureRefused,
)
from pitboss.players.verification.model import (
    DOCUMENTS_MAX,
    SANDBOX,
    CheckId,
    CheckNews,
    NewsStatus,
    Person,
)

SIGNATURE_HEADER = "pitboss-sandbox-signature"
# A provider that has not answered by then is asked again later; it knows the check's id.
ANSWER_SECONDS_MAX = 10.0
CONNECTIONS_MAX = 16
PENDING = "pending"
OTHER = "other"

# What ends up in facts is plain text of a length that we chose.
_NAME = re.compile(r"[!-~]{1,100}")
_WORD = re.compile(r"[a-z0-9_]{1,40}")

T = TypeVar("T")


class _Standing(msgspec.Struct, frozen=True, kw_only=True):
    check_id: str
    reference: str
    status: str
    reason: str | None = None
    documents: Annotated[tuple[str, ...], msgspec.Meta(max_length=DOCUMENTS_MAX)] = ()
    valid_until: str | None = None


class _Callback(_Standing, frozen=True, kw_only=True):
    event_id: str


class SandboxCheckReader:
    """Reads the sandbox's callbacks, which one of these secrets must have signed."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = tuple(secrets)

    def read_news(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> CheckNews:
        """Check who signed these bytes, then translate them.

        Raises:
            SignatureRefused: the sandbox did not sign this, or too long ago.
            Malformed: it did, but it cannot be read.
        """
        try:
            signing.check_signature(headers.get(SIGNATURE_HEADER), body, self._secrets, now=now)
        except cashier_errors.SignatureRefused as refused:
            raise SignatureRefused(str(refused)) from None
        try:
            told = msgspec.json.decode(body, type=_Callback)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Malformed("body", str(error).replace("`", "")) from None
        return _translate(told, event_id=_name(told.event_id, field="event_id"))


class SandboxVerifier:
    """Asks the sandbox for checks, and how they stand."""

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

    async def __aenter__(self) -> SandboxVerifier:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def name(self) -> str:
        """What checks call this provider."""
        return SANDBOX

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def submit(self, person: Person) -> tuple[str, CheckNews | None]:
        """Ask for a check; return the reference, and the outcome if it is known at once.

        Asking again with the same check id gives the same check.

        Raises:
            ProviderAway: no answer; whether the sandbox heard us is unknown.
            ProviderConfused: it does not know us, or another check has this id.
        """
        body = {
            "check_id": person.check_id,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "date_of_birth": person.born_on,
            "address": person.address,
            "postcode": person.postcode,
        }
        told = _read(await self._ask("POST", "/checks", body), _Standing)
        return _understood_name(told.reference), _outcome(told, person.check_id)

    async def ask(self, check_id: CheckId) -> CheckNews | None:
        """Ask how a check stands; None while nothing has come of it, or if it is not known.

        Raises:
            ProviderAway: no answer.
            ProviderConfused: the sandbox does not know us, or speaks of something else.
        """
        answer = await self._ask("GET", f"/checks/{check_id}", None)
        return None if answer is None else _outcome(_read(answer, _Standing), check_id)

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None
    ) -> httpx.Response | None:
        try:
            answer = await self._client.request(method, path, json=body)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise ProviderAway(f"the sandbox: {str(error) or type(error).__name__}") from error
        if method == "GET" and answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.status_code in (httpx.codes.OK, httpx.codes.ACCEPTED):
            return answer
        told = f"the sandbox answered {answer.status_code}"
        if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise ProviderAway(told)
        raise ProviderConfused(told)


def _read(answer: httpx.Response | None, kind: type[T]) -> T:
    content = b"" if answer is None else answer.content
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProviderConfused(f"the sandbox answered what cannot be read: {error}") from error


def _outcome(told: _Standing, check_id: CheckId) -> CheckNews | None:
    """Return what the sandbox answered of a check, if anything has come of it."""
    if told.check_id != check_id:
        raise ProviderConfused("the sandbox answered for another check")
    if told.status == PENDING:
        return None
    try:
        # Asked twice, it is the same news.
        return _translate(told, event_id=f"asked.{told.status[:40]}.{check_id}")
    except Malformed as error:
        raise ProviderConfused(f"the sandbox answered what cannot be read: {error}") from error


def _translate(told: _Standing, *, event_id: str) -> CheckNews:
    try:
        status = NewsStatus(told.status)
    except ValueError:
        raise Malformed("status", "none of ours") from None
    until = told.valid_until
    return CheckNews(
        provider=SANDBOX,
        event_id=event_id,
        check_id=CheckId(parse_id(told.check_id, field="check_id")),
        reference=_name(told.reference, field="reference"),
        status=status,
        reason=None if told.reason is None else _word(told.reason),
        documents=tuple(_word(item) for item in told.documents),
        valid_until=None if until is None else parse_instant(until, field="valid_until"),
    )


def _name(text: str, *, field: str) -> str:
    if not _NAME.fullmatch(text):
        raise Malformed(field, "1 to 100 printable characters without spaces")
    return text


def _understood_name(reference: str) -> str:
    try:
        return _name(reference, field="reference")
    except Malformed as error:
        raise ProviderConfused(f"the sandbox answered what cannot be read: {error}") from error


def _word(text: str) -> str:
    """Return the provider's word if it is one, so that nothing personal slips through."""
    return text if _WORD.fullmatch(text) else OTHER
