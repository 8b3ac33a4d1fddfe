"""A verification provider that behaves like a real one: slow, repeating, not always of one mind.

`POST /checks` takes a check on, `GET /checks/{id}` says how it stands, and at
`/checks/{id}/documents` a player brings what was wanted.  Signed callbacks tell how it goes.  What
becomes of a check follows from the family name.  It remembers nothing over a restart, and says then
that it does not know a check.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

import httpx
import msgspec
import structlog

from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import derived_id, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.sandbox.couriers import ANSWER_SECONDS_MAX, SIGNATURE_HEADER, Address, sign

BODY_BYTES_MAX = 64 * 1024
CHECKS_MAX = 100_000
VALID_DAYS = 5 * 365
WANTED = ("identity_card", "utility_bill")
TRIES_MAX = 12

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
Answer = tuple[int, object]

_log = structlog.get_logger("sandbox.verification")


class Fate(StrEnum):
    """What becomes of a check; the family name says it, and anybody else is verified later."""

    INSTANT = "instant"
    LATER = "later"
    DOCUMENTS = "documents"
    REFUSED = "refused"
    FAILS = "fails"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckerConfig:
    """Who may ask, where callbacks go, and how long it takes to find out, in milliseconds."""

    api_key: str
    address: Address
    delay_ms: int = 1_000
    # How often each callback is sent although it arrived: at least once means more than once.
    repeats: int = 1


class _Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    check_id: str
    given_name: str
    family_name: str
    date_of_birth: str
    address: str | None
    postcode: str | None


@dataclass(slots=True, kw_only=True)
class _Taken:
    wanted: _Wanted
    fate: Fate
    valid_until: str
    status: str = "pending"


class SandboxChecker:
    """The provider as an ASGI application; callbacks go out while it is entered."""

    def __init__(self, config: CheckerConfig, *, wall: Clock | None = None) -> None:
        self._config = config
        self._wall = wall or SystemClock()
        self._checks: dict[str, _Taken] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        status, body = await self._answer(scope, receive)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": msgspec.json.encode(body)})

    async def close(self) -> None:
        """Send nothing more."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _answer(self, scope: Message, receive: Receive) -> Answer:
        given = dict(scope["headers"]).get(b"authorization", b"")
        if not hmac.compare_digest(given, f"Bearer {self._config.api_key}".encode()):
            return 401, {"error": "a valid key is needed"}
        method, parts = scope["method"], scope["path"].strip("/").split("/")
        match (method, parts):
            case ("POST", ["checks"]):
                return self._take(await _read(receive))
            case ("GET", ["checks", check_id]):
                taken = self._checks.get(check_id)
                return (404, {"error": "no such check"}) if taken is None else (200, _view(taken))
            case ("POST", ["checks", check_id, "documents"]):
                return self._bring(self._checks.get(check_id))
            case _:
                return 404, {"error": "there is nothing here"}

    def _take(self, body: bytes | None) -> Answer:
        if body is None:
            return 413, {"error": "too large"}
        try:
            wanted = msgspec.json.decode(body, type=_Wanted)
            check_id = parse_id(wanted.check_id, field="check_id")
        except (Malformed, msgspec.DecodeError, UnicodeDecodeError) as error:
            return 422, {"error": str(error)}
        taken = self._checks.get(check_id)
        if taken is not None:
            same = taken.wanted == wanted
            return (200, _view(taken)) if same else (409, {"error": "another check has this id"})
        fate = fate_of(wanted.family_name)
        if fate is Fate.FAILS or len(self._checks) >= CHECKS_MAX:
            return 503, {"error": "come again later"}
        taken = self._checks[check_id] = _Taken(
            wanted=wanted,
            fate=fate,
            valid_until=write_instant(self._wall.now() + timedelta(days=VALID_DAYS)),
        )
        match fate:
            case Fate.INSTANT:
                taken.status = "verified"
            case Fate.LATER:
                self._later(taken, "verified")
            case Fate.REFUSED:
                self._later(taken, "refused")
            case Fate.DOCUMENTS:
                self._later(taken, "documents_wanted")
        return 202, _view(taken)

    def _bring(self, taken: _Taken | None) -> Answer:
        if taken is None or taken.status != "documents_wanted":
            return 409, {"error": "nothing is wanted"}
        self._later(taken, "verified")
        return 202, _view(taken)

    def _later(self, taken: _Taken, status: str) -> None:
        task = asyncio.create_task(self._find_out(taken, status))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _find_out(self, taken: _Taken, status: str) -> None:
        await asyncio.sleep(self._config.delay_ms / 1000)
        taken.status = status
        event_id = derived_id("sandbox check", taken.wanted.check_id, status)
        body = msgspec.json.encode({**_view(taken), "event_id": event_id})
        timeout = httpx.Timeout(ANSWER_SECONDS_MAX)
        async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
            for _ in range(1 + self._config.repeats):
                await self._deliver(client, body)

    async def _deliver(self, client: httpx.AsyncClient, body: bytes) -> None:
        address = self._config.address
        for tries in range(TRIES_MAX):
            headers = {
                "content-type": "application/json",
                SIGNATURE_HEADER: sign(address.secret, body, at=self._wall.now()),
            }
            with contextlib.suppress(httpx.TransportError):
                answer = await client.post(address.url, content=body, headers=headers)
                if answer.is_success:
                    return
                _log.info("a callback was not accepted", status=answer.status_code)
            wait_ms = min(address.retry_ms_min * 2**tries, address.retry_ms_max)
            await asyncio.sleep(wait_ms / 1000)


@dataclass(slots=True)
class Beside:
    """An ASGI application with the checks at `/checks`, and everything else as it was."""

    other: Application
    checker: SandboxChecker
    _prefix: str = field(default="/checks")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's own life."""
        path = scope.get("path", "")
        ours = scope["type"] == "http" and (path == self._prefix or path.startswith("/checks/"))
        await (self.checker if ours else self.other)(scope, receive, send)


def fate_of(family_name: str) -> Fate:
    """Return what becomes of a check of somebody of this name; nothing else decides it."""
    try:
        return Fate(family_name.lower())
    except ValueError:
        return Fate.LATER


def reference_of(check_id: str) -> str:
    """Return the sandbox's own name for a check."""
    return "chk_" + derived_id("sandbox check", check_id).replace("-", "")[:20]


def _view(taken: _Taken) -> dict[str, Any]:
    return {
        "check_id": taken.wanted.check_id,
        "reference": reference_of(taken.wanted.check_id),
        "status": taken.status,
        "reason": "no_such_person" if taken.status == "refused" else None,
        "documents": list(WANTED) if taken.status == "documents_wanted" else [],
        "valid_until": taken.valid_until if taken.status == "verified" else None,
    }


async def _read(receive: Receive) -> bytes | None:
    """Return the body, or None if it is too large."""
    body, more = b"", True
    while more and len(body) <= BODY_BYTES_MAX:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return None if len(body) > BODY_BYTES_MAX else body
