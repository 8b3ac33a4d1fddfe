"""A display that follows a stream of prices over ASGI, as slowly as a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from pitboss.api.asgi import Api

WAIT_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One server-sent event."""

    seq: int
    name: str
    data: Any


@dataclass(slots=True)
class Display:
    """What was sent so far.  While `reads` is not set, nothing more is taken."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    _told: asyncio.Queue[Told] = field(default_factory=asyncio.Queue)
    _body: bytes = b""

    async def next(self, name: str | None = None) -> Told:
        """Return the next event, or the next of this name."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while True:
                told = await self._told.get()
                if name in (None, told.name):
                    return told

    async def end(self) -> None:
        """Wait until the application has ended the stream."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await self.over.wait()

    @property
    def problem(self) -> Any:
        """What it was refused with."""
        return json.loads(self._body)

    async def send(self, message: Any) -> None:
        """Take what the application sends."""
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        self._body += message.get("body", b"")
        if self.status != 200:
            return
        *whole, self._body = self._body.split(b"\n\n")
        for text in whole:
            fields = dict(line.split(b": ", 1) for line in text.split(b"\n"))
            if b"event" in fields:
                self._told.put_nowait(
                    Told(
                        seq=int(fields[b"id"]),
                        name=fields[b"event"].decode(),
                        data=json.loads(fields[b"data"]),
                    )
                )


@contextlib.asynccontextmanager
async def following(
    app: Api, *events: str, last: int | str | None = None, query: str | None = None
) -> AsyncIterator[Display]:
    """Follow the prices of some events until the body is left."""
    display = Display()
    display.reads.set()
    headers = [] if last is None else [(b"last-event-id", str(last).encode())]
    asked = f"events={','.join(events)}" if query is None else query
    scope: Any = {
        "type": "http",
        "method": "GET",
        "path": "/v1/prices/stream",
        "query_string": asked.encode(),
        "headers": headers,
    }
    parts = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        with contextlib.suppress(StopIteration):
            return next(parts)
        await display.hung_up.wait()
        return {"type": "http.disconnect"}

    async def serve() -> None:
        await app(scope, receive, display.send)
        display.over.set()

    serving = asyncio.create_task(serve())
    try:
        yield display
    finally:
        display.hung_up.set()
        display.reads.set()
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await serving
