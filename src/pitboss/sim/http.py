"""A small, fast HTTP/1.1 client that keeps its connections open.

Why our own: fifty thousand requests through a general client cost more processor time than the
platform under test, on the same two cores.  This one sends a request in one write and reads the
answer with a few `find`s.  It knows just what our own API says: `Content-Length`, chunked bodies
and `Connection: close`, over plain TCP; no redirects, no compression, no pipelining.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec

# Long enough for a password's hash behind a queue of others; a hang is a fault to be told.
ANSWER_SECONDS_MAX = 60.0
HEAD_BYTES_MAX = 64 * 1024
_CHUNK_LINE_BYTES_MAX = 1024
_NO_BODY = frozenset((204, 304))


class ConnectionLost(Exception):
    """The peer went away before its answer was whole; whether it did the work is unknown."""


class UnreadableAnswer(Exception):
    """The peer's answer is not HTTP/1.1 as this client knows it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return msgspec.json.decode(self.body)


class AnswerReader:
    """Puts one answer together from the pieces in which it arrives."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._status = 0
        self._headers: dict[str, str] = {}
        self._chunked = False
        # What is still to come of the body, or of the chunk; None while a head is being read.
        self._length: int | None = None
        self._body = bytearray()

    @property
    def started(self) -> bool:
        """Whether anything has arrived."""
        return bool(self._buffer or self._status)

    def feed(self, data: bytes) -> Answer | None:
        """Take the next piece; return the answer once it is whole.

        Raises:
            UnreadableAnswer: this is not an answer, or something follows it unasked.
        """
        self._buffer += data
        if not self._status and not self._read_head():
            return None
        whole = self._read_chunks() if self._chunked else self._read_plain()
        if not whole:
            return None
        if self._buffer:
            raise UnreadableAnswer("more than one answer to one request")
        return Answer(self._status, self._headers, bytes(self._body))

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_BYTES_MAX:
                raise UnreadableAnswer("the head of an answer is too long")
            return False
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        if not first.startswith("HTTP/1.1 ") or not first[9:12].isdigit():
            raise UnreadableAnswer(f"{first[:40]!r} does not begin an answer")
        for line in lines:
            name, _, value = line.partition(":")
            self._headers[name.lower()] = value.strip()
        self._chunked = self._headers.get("transfer-encoding", "").lower() == "chunked"
        length = self._headers.get("content-length", "0")
        if not length.isdigit():
            raise UnreadableAnswer(f"{length[:40]!r} is not a length")
        status = int(first[9:12])
        if status in _NO_BODY:
            self._chunked, length = False, "0"
        self._status = status
        self._length = None if self._chunked else int(length)
        return True

    def _read_plain(self) -> bool:
        if self._length is None or len(self._buffer) < self._length:
            return False
        self._body += self._buffer[: self._length]
        del self._buffer[: self._length]
        return True

    def _read_chunks(self) -> bool:
        while True:
            if self._length is None:
                end = self._buffer.find(b"\r\n")
                if end < 0:
                    if len(self._buffer) > _CHUNK_LINE_BYTES_MAX:
                        raise UnreadableAnswer("the head of a chunk is too long")
                    return False
                size = bytes(self._buffer[:end]).partition(b";")[0].strip()
                try:
                    self._length = int(size, 16)
                except ValueError:
                    raise UnreadableAnswer(f"{size[:40]!r} is not a chunk's size") from None
                del self._buffer[: end + 2]
            # The line end behind a chunk belongs to it; nobody sends us trailers.
            if len(self._buffer) < self._length + 2:
                return False
            last = self._length == 0
            self._body += self._buffer[: self._length]
            del self._buffer[: self._length + 2]
            self._length = None
            if last:
                return True


class _Link(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_open = False
        self._reader = AnswerReader()
        self._waiting: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asked for its class: uvloop's transports are nobody's subclass.
        self.transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        waiting = self._waiting
        if waiting is None or waiting.done():
            self.close()
            return
        try:
            answer = self._reader.feed(data)
        except UnreadableAnswer as error:
            waiting.set_exception(error)
            self.close()
            return
        if answer is not None:
            waiting.set_result(answer)
            if answer.headers.get("connection", "").lower() == "close":
                self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionLost(str(exc or "the peer closed")))

    @property
    def answered_nothing(self) -> bool:
        """Whether not a byte of an answer has come to the request in hand."""
        return not self._reader.started

    async def ask(self, request: bytes) -> Answer:
        """Send a request and wait for its answer."""
        if self.transport is None or not self.is_open:
            raise ConnectionLost("closed before the request")
        self._reader = AnswerReader()
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                return await self._waiting
        except (TimeoutError, asyncio.CancelledError):
            # An answer that comes later would be taken for the next request's.
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; a peer that closes first is fine too."""
        self.is_open = False
        if self.transport is not None:
            self.transport.close()


class Client:
    """A fixed number of connections to one peer, lent to whoever asks."""

    def __init__(self, host: str, port: int, *, connections: int = 64) -> None:
        self._host = host
        self._port = port
        self._idle: asyncio.LifoQueue[_Link] = asyncio.LifoQueue()
        for _ in range(connections):
            self._idle.put_nowait(_Link())
        self._links: set[_Link] = set()
        self._tail = f" HTTP/1.1\r\nHost: {host}:{port}\r\n"
        self.requests = 0

    async def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Send one request and return its answer, whatever its status.

        A connection that the peer closed while it was idle is opened again and the request sent
        once more, if not a byte of an answer had come: mutations carry a key, so that is harmless.

        Raises:
            ConnectionLost: the peer is away, or went away with the answer half told.
            UnreadableAnswer: what came is not an answer.
            TimeoutError: no answer came.
        """
        request = self._write(method, path, headers, body)
        self.requests += 1
        link = await self._idle.get()
        try:
            fresh = not link.is_open
            if fresh:
                link = await self._open()
            try:
                return await link.ask(request)
            except ConnectionLost:
                if fresh or not link.answered_nothing:
                    raise
            link = await self._open()
            return await link.ask(request)
        finally:
            self._idle.put_nowait(link)

    async def close(self) -> None:
        """Close every connection."""
        for link in self._links:
            link.close()
        self._links.clear()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _open(self) -> _Link:
        loop = asyncio.get_running_loop()
        try:
            _, link = await loop.create_connection(_Link, self._host, self._port)
        except OSError as error:
            raise ConnectionLost(str(error)) from error
        self._links = {known for known in self._links if known.is_open} | {link}
        return link

    def _write(
        self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes | None
    ) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        if body is None:
            return f"{method} {path}{self._tail}{lines}\r\n".encode("latin-1")
        head = (
            f"{method} {path}{self._tail}{lines}Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("latin-1") + body
