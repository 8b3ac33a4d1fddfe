"""National registers that behave like the real ones, as far as those are documented.

GAMSTOP under `/registers/gamstop/v2` and `/registers/gamstop/batch/v2`, Spelpaus under
`/registers/spelpaus/api/…`, ROFUS as SOAP under `/registers/rofus`, and all others in the plain
form under their names; Germany's central files are under
`/registers/lugas/…`.  What becomes of a question follows from the family name, or where only a
number is told, from its last three digits but one; `POST /registers/{name}/fates` changes it for
one person, and for the whole register without one.
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from pitboss.kernel.ids import derived_id
from pitboss.sandbox.central import CentralBook

BODY_BYTES_MAX = 4 * 1024 * 1024
BATCH_MAX = 1_000
MARKETING_MAX = 10_000
SLOW_SECONDS = 30.0
PREFIX = "/registers/"
PLAIN = ("cruks", "oasis", "nj_dge", "pa_pgcb", "on_cse", "rgiaj")
CENTRAL = "lugas"
NAMES = ("gamstop", "spelpaus", "rofus", *PLAIN, CENTRAL)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_CPR = re.compile(rb"<r:CprNumber>([^<]*)</r:CprNumber>")
_REQUEST = re.compile(rb"<r:RequestId>([^<]*)</r:RequestId>")
_SUBJECT_LENGTH = 12


class Fate(StrEnum):
    """What becomes of a question about somebody."""

    CLEAR = "clear"
    EXCLUDED = "excluded"
    LAPSED = "lapsed"
    DOWN = "down"
    BUSY = "busy"
    SLOW = "slow"
    MALFORMED = "malformed"
    WRONG = "wrong"


_BY_NUMBER = {
    "666": Fate.EXCLUDED,
    "667": Fate.LAPSED,
    "500": Fate.DOWN,
    "429": Fate.BUSY,
    "408": Fate.SLOW,
    "400": Fate.MALFORMED,
    "409": Fate.WRONG,
}
# From the worst to the best: the worst of a batch is the fate of it all.
_SPOILS = (Fate.DOWN, Fate.BUSY, Fate.SLOW, Fate.MALFORMED, Fate.WRONG)
_LETTERS = {Fate.EXCLUDED: "Y", Fate.LAPSED: "P"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class SandboxRegisters:
    """All registers as one ASGI application, which one key may ask."""

    def __init__(self, key: str, *, slow_seconds: float = SLOW_SECONDS) -> None:
        self._key = key
        self._slow_seconds = slow_seconds
        self._fates: dict[tuple[str, str], Fate] = {}
        self.central = CentralBook()
        self._request_ids: set[str] = set()
        # How many people each register was asked about; for tests and benches.
        self.asked: dict[str, int] = {}

    def set_fate(self, register: str, fate: Fate, *, who: str = "") -> None:
        """Say what becomes of questions about somebody, or without `who`, of all.

        `who` is an e-mail, a family name or a number, as the register is told it.
        """
        self._fates[register, who.lower()] = fate

    def clear_fates(self) -> None:
        """Forget all that was set."""
        self._fates.clear()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        reply = await self._answer(scope, receive)
        headers = {"content-type": "application/json", **reply.headers}
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: Message, receive: Receive) -> Reply:
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        name, _, rest = scope["path"].removeprefix(PREFIX).partition("/")
        if name not in NAMES:
            return _said(404, {"error": "there is nothing here"})
        if not self._knows(headers):
            return _said(401, {"error": "a valid key is needed"})
        if scope["method"] != "POST":
            return _said(405, {"error": "POST is needed"})
        body = await _read(receive)
        if body is None:
            return _said(413, {"error": "too large"})
        try:
            if rest == "fates":
                return self._change_fate(name, body)
            return await self._reply(name, rest, headers, body)
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
            return _said(400, {"error": "the request cannot be read"})

    async def _reply(self, name: str, rest: str, headers: Mapping[str, str], body: bytes) -> Reply:
        match (name, rest):
            case ("gamstop", "v2"):
                return await self._gamstop(body)
            case ("gamstop", "batch/v2"):
                return await self._gamstop_batch(body)
            case ("spelpaus", path) if path.startswith("api/blocking-info/"):
                return await self._spelpaus(msgspec.json.decode(body))
            case ("spelpaus", path) if path.startswith("api/marketing-subjectid/"):
                return await self._spelpaus_marketing(msgspec.json.decode(body))
            case ("rofus", ""):
                return await self._rofus(headers, body)
            case ("lugas", path):
                return await self._lugas(path, msgspec.json.decode(body))
            case (plain, "") if plain in PLAIN:
                return await self._plain(plain, msgspec.json.decode(body))
            case _:
                return _said(404, {"error": "there is nothing here"})

    def _knows(self, headers: Mapping[str, str]) -> bool:
        given = headers.get("x-api-key") or headers.get("authorization", "")
        given = given.removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), self._key.encode())

    def _change_fate(self, name: str, body: bytes) -> Reply:
        said = msgspec.json.decode(body, type=dict[str, str])
        self.set_fate(name, Fate(said["fate"]), who=said.get("who", ""))
        return _said(200, {"ok": True})

    def fate_of(self, register: str, *names: str) -> Fate:
        """Return what becomes of a question about who is called by one of these names."""
        # A register that is away is so for everybody.
        for who in ("", *names):
            fate = self._fates.get((register, who.lower()))
            if fate is not None and not (who == "" and fate is Fate.CLEAR):
                return fate
        for who in names:
            if who.lower() in list(Fate):
                return Fate(who.lower())
            if who.isdigit() and who[-4:-1] in _BY_NUMBER:
                return _BY_NUMBER[who[-4:-1]]
        return Fate.CLEAR

    async def _spoilt(self, name: str, fate: Fate, people: int = 1) -> Reply | None:
        """Return what a register answers that answers no question, after its time."""
        self.asked[name] = self.asked.get(name, 0) + people
        match fate:
            case Fate.DOWN:
                return _said(503, {"error": "come again later"})
            case Fate.BUSY:
                return _said(429, {"error": "too many requests"})
            case Fate.MALFORMED:
                return Reply(body=b'{"isBlocked": fal', headers={"x-exclusion": "?"})
            case Fate.SLOW:
                await asyncio.sleep(self._slow_seconds)
                return None
            case _:
                return None

    async def _gamstop(self, body: bytes) -> Reply:
        person = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if not _is_whole(person):
            return _said(400, {"error": "a parameter is missing"})
        fate = self.fate_of("gamstop", person["email"], person["lastName"])
        spoilt = await self._spoilt("gamstop", fate)
        if spoilt is not None:
            return spoilt
        headers = {
            "x-exclusion": "maybe" if fate is Fate.WRONG else _LETTERS.get(fate, "N"),
            "x-unique-id": derived_id("sandbox gamstop", *sorted(person.values())),
        }
        return Reply(headers=headers)

    async def _gamstop_batch(self, body: bytes) -> Reply:
        people = msgspec.json.decode(body, type=list[dict[str, str]])
        if not 0 < len(people) <= BATCH_MAX or not all(map(_is_whole, people)):
            return _said(400, {"error": "1 to 1000 whole people"})
        fates = [self.fate_of("gamstop", one["email"], one["lastName"]) for one in people]
        worst = next((fate for fate in _SPOILS if fate in fates), Fate.CLEAR)
        spoilt = await self._spoilt("gamstop", worst, len(people))
        if spoilt is not None:
            return spoilt
        answers = [
            {
                "correlationId": one["correlationId"],
                "exclusion": _LETTERS.get(fate, "N"),
                "msRequestId": derived_id("sandbox gamstop", one["correlationId"]),
            }
            for one, fate in zip(people, fates, strict=True)
        ]
        # A register may answer in any order, and a wrong one leaves somebody out.
        return _said(200, answers[::-1][worst is Fate.WRONG :])

    async def _spelpaus(self, said: dict[str, Any]) -> Reply:
        request_id, subject = str(said.get("requestId", "")), str(said["subjectId"])
        if not request_id or request_id in self._request_ids or len(subject) != _SUBJECT_LENGTH:
            return _said(400, {"error": "requestId is missing or was used, or a wrong length"})
        self._request_ids.add(request_id)
        fate = self.fate_of("spelpaus", subject)
        spoilt = await self._spoilt("spelpaus", fate)
        if spoilt is not None:
            return spoilt
        answer = {
            "isBlocked": fate is Fate.EXCLUDED,
            "requestId": "another" if fate is Fate.WRONG else request_id,
            "responseId": derived_id("sandbox spelpaus", request_id),
        }
        return _said(200, answer)

    async def _spelpaus_marketing(self, said: dict[str, Any]) -> Reply:
        request_id = str(said.get("requestId", ""))
        subjects = [str(item["subjectId"]) for item in said["subjects"]]
        wrong = [item for item in subjects if len(item) != _SUBJECT_LENGTH]
        if not request_id or wrong or not 0 < len(subjects) <= MARKETING_MAX:
            return _said(400, {"error": "requestId and 1 to 10000 ids of 12 characters"})
        fates = [self.fate_of("spelpaus", subject) for subject in subjects]
        worst = next((fate for fate in _SPOILS if fate in fates), Fate.CLEAR)
        spoilt = await self._spoilt("spelpaus", worst, len(subjects))
        if spoilt is not None:
            return spoilt
        answer = {
            "requestId": request_id,
            "responseId": derived_id("sandbox spelpaus", request_id),
            "subjects": [
                {"subjectId": subject, "isBlocked": fate is Fate.EXCLUDED}
                for subject, fate in zip(subjects, fates, strict=True)
            ][worst is Fate.WRONG :],
        }
        return _said(200, answer)

    async def _lugas(self, path: str, said: dict[str, Any]) -> Reply:
        names = [said["person"]["familyName"]] if "person" in said else []
        fate = self.fate_of(CENTRAL, *names)
        spoilt = await self._spoilt(CENTRAL, fate)
        if spoilt is not None:
            return spoilt
        told = self.central.answer(path, said)
        if told is None:
            return _said(404, {"error": "there is nothing here"})
        return _said(200, told | {"requestId": "another"} if fate is Fate.WRONG else told)

    async def _rofus(self, headers: Mapping[str, str], body: bytes) -> Reply:
        found, asked = _CPR.search(body), _REQUEST.search(body)
        if found is None or asked is None or "soapaction" not in headers:
            return _said(400, {"error": "no SOAP request"})
        request_id = asked.group(1).decode()
        fate = self.fate_of("rofus", found.group(1).decode())
        spoilt = await self._spoilt("rofus", fate)
        if spoilt is not None:
            return spoilt
        answer = (
            '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
            ' xmlns:r="urn:pitboss:rofus"><s:Body><r:IsPersonExcludedResponse>'
            f"<r:RequestId>{'another' if fate is Fate.WRONG else request_id}</r:RequestId>"
            f"<r:IsExcluded>{str(fate is Fate.EXCLUDED).lower()}</r:IsExcluded>"
            f"<r:ResponseId>{derived_id('sandbox rofus', request_id)}</r:ResponseId>"
            "</r:IsPersonExcludedResponse></s:Body></s:Envelope>"
        )
        return Reply(body=answer.encode(), headers={"content-type": "text/xml"})

    async def _plain(self, name: str, said: dict[str, Any]) -> Reply:
        person: dict[str, str] = said["person"]
        request_id = str(said["requestId"])
        names = [person[key] for key in ("bsn", "familyName") if key in person]
        if not names or not all(names):
            return _said(400, {"error": "nobody is named"})
        fate = self.fate_of(name, *names)
        spoilt = await self._spoilt(name, fate)
        if spoilt is not None:
            return spoilt
        answer = {
            "requestId": "another" if fate is Fate.WRONG else request_id,
            "excluded": fate is Fate.EXCLUDED,
            "responseId": derived_id("sandbox register", name, request_id),
        }
        return _said(200, answer)


@dataclass(slots=True)
class Beside:
    """An ASGI application with the registers at `/registers/`, and everything else as it was."""

    other: Application
    registers: SandboxRegisters

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, or the application's own life."""
        ours = scope["type"] == "http" and scope.get("path", "").startswith(PREFIX)
        await (self.registers if ours else self.other)(scope, receive, send)


def _is_whole(person: Mapping[str, str]) -> bool:
    wanted = ("firstName", "lastName", "dateOfBirth", "email", "postcode")
    return all(person.get(name) for name in wanted)


def _said(status: int, body: object) -> Reply:
    return Reply(status=status, body=msgspec.json.encode(body))


async def _read(receive: Receive) -> bytes | None:
    """Return the body, or None if it is too large."""
    body, more = bytearray(), True
    while more and len(body) <= BODY_BYTES_MAX:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return None if len(body) > BODY_BYTES_MAX else bytes(body)
