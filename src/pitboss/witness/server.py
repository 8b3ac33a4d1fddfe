"""The witness over HTTP: `POST /add-checkpoint`, and `GET /<name of the log>/checkpoint`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from granian.constants import Interfaces
from granian.server.embed import Server

from pitboss.kernel.clock import Clock, SystemClock
from pitboss.tlog.checkpoints import parse_checkpoint
from pitboss.tlog.cosignatures import cosign, verifier_of
from pitboss.tlog.errors import Unreadable
from pitboss.tlog.keys import SigningKey, VerifierKey
from pitboss.tlog.notes import Note, Verifier, add_signatures
from pitboss.witness.judgement import PLAIN, REQUEST_BYTES_MAX, Admitted, Refused, admit, judge
from pitboss.witness.record import Record

ADD_PATH = "/add-checkpoint"
CHECKPOINT_SUFFIX = "/checkpoint"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Answer = tuple[int, str, str]

_log = structlog.get_logger("witness")


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessConfig:
    """Which logs are watched, with which key it cosigns, and where it remembers."""

    folder: Path
    key: SigningKey
    logs: Sequence[VerifierKey]
    host: str = "127.0.0.1"
    port: int = 8020


class Witness:
    """The witness as an ASGI application."""

    def __init__(self, config: WitnessConfig, *, clock: Clock) -> None:
        self._key = config.key
        self._clock = clock
        self._record = Record(config.folder)
        self._logs: dict[str, list[Verifier]] = {}
        for log in config.logs:
            self._logs.setdefault(log.name, []).append(verifier_of(log))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        status, body, content_type = await self._answer(scope, receive)
        headers = [(b"content-type", content_type.encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

    async def _answer(self, scope: Message, receive: Receive) -> Answer:
        method, path = scope["method"], scope["path"]
        try:
            if path == ADD_PATH:
                return await self._add(receive) if method == "POST" else _plain(405, "POST it")
            if method not in {"GET", "HEAD"}:
                return _plain(405, "GET it")
            if path == "/healthz":
                return _plain(200, "ok")
            if path.endswith(CHECKPOINT_SUFFIX):
                name = path.removesuffix(CHECKPOINT_SUFFIX).removeprefix("/")
                return self._show(await asyncio.to_thread(self._record.find, name))
        except (OSError, Unreadable) as error:
            # What was seen last is unknown, and so nothing can be said to follow it.
            _log.error("the record cannot be used", error=str(error))
            return _plain(503, "the record of this witness cannot be used")
        return _plain(404, "there is nothing here")

    async def _add(self, receive: Receive) -> Answer:
        body = await _read(receive)
        if body is None:
            return _plain(413, f"over {REQUEST_BYTES_MAX} bytes")
        request = admit(body, self._logs)
        if isinstance(request, Admitted):
            decided = await asyncio.to_thread(self._advance, request)
            if isinstance(decided, Note):
                _log.info("cosigned", origin=request.checkpoint.origin, old=request.old)
                return 200, decided.signatures[-1].line, PLAIN
            _log.warning("refused", origin=request.checkpoint.origin, why=decided.body.strip())
            request = decided
        return request.status, request.body, request.content_type

    def _advance(self, request: Admitted) -> Note | Refused:
        def decide(seen: Note | None) -> Note | Refused:
            refused = judge(request, None if seen is None else parse_checkpoint(seen.text))
            if refused is not None:
                return refused
            cosignature = cosign(request.note.text, self._key, at=self._clock.now())
            return add_signatures(request.note, [cosignature])

        return self._record.advance(request.checkpoint.origin, decide)

    def _show(self, seen: Note | None) -> Answer:
        return _plain(404, "no checkpoint of this log") if seen is None else (200, str(seen), PLAIN)


async def serve(config: WitnessConfig, stop: asyncio.Event, *, clock: Clock | None = None) -> None:
    """Serve the witness over HTTP until told to stop."""
    server = Server(
        Witness(config, clock=clock or SystemClock()),
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        end_serving: Callable[[], None] = server.stop
        end_serving()
    await serving


def _plain(status: int, body: str) -> Answer:
    return status, f"{body}\n", PLAIN


async def _read(receive: Receive) -> bytes | None:
    """Return the body, or None if it is too large or the sender has gone."""
    body, more = b"", True
    while more and len(body) <= REQUEST_BYTES_MAX:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return None if len(body) > REQUEST_BYTES_MAX else body
