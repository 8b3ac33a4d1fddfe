"""What a feed's bench sends and sees over HTTP: pushes of prices, and displays that follow them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import msgspec

from pitboss.kernel.ids import EventId, SelectionId
from pitboss.kernel.waiting import happened

_LINE_BYTES_MAX = 4 * 1024 * 1024
_CLOSED_SECONDS = 0.1


class _Priced(msgspec.Struct):
    selection_id: str
    tick: int


class _Event(msgspec.Struct):
    selections: tuple[_Priced, ...] = ()


class _Told(msgspec.Struct):
    seq: int
    after: int = -1
    events: tuple[_Event, ...] = ()


class _Answer(msgspec.Struct):
    changed: bool | None = None


class _Answers(msgspec.Struct):
    answers: tuple[_Answer, ...]


_read_told = msgspec.json.Decoder(_Told).decode
_read_answers = msgspec.json.Decoder(_Answers).decode


class Lost(Exception):
    """The other side did not do what it must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A price that is pushed, and the tick that it will have."""

    selection_id: SelectionId
    tick: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A request, written before the clock starts, and what it changes."""

    body: bytes
    changes: tuple[Change, ...]


@dataclass(slots=True)
class Pushed:
    """When each push was due, and how long it took to be answered, in seconds."""

    dues: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    changed: int = 0
    ended_at: float = 0.0


@dataclass(slots=True)
class Expected:
    """Which changes have yet to be seen, and since when; how long the others took, in seconds."""

    waiting: dict[SelectionId, deque[tuple[int, float]]] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    left: int = 0

    def expect(self, push: Push, since: float) -> None:
        """Await what a push changes."""
        for change in push.changes:
            self.waiting.setdefault(change.selection_id, deque()).append((change.tick, since))
        self.left += len(push.changes)

    def see(self, told: _Told, now: float) -> None:
        """Take note of prices; one that is newer than another stands for that one too."""
        for event in told.events:
            for item in event.selections:
                ticks = self.waiting.get(SelectionId(item.selection_id))
                while ticks and ticks[0][0] <= item.tick:
                    self.took.append(now - ticks.popleft()[1])
                    self.left -= 1


async def push_all(
    host: str, port: int, token: str, pushes: Sequence[Push], *, every: float, expected: Expected
) -> Pushed:
    """Push at an even pace, whatever the answers do; one after the other, as a source must.

    Raises:
        Lost: a push was not answered with what it changed.
    """
    done = Pushed()
    reader, writer = await asyncio.open_connection(host, port)
    head = f"POST /v1/staff/prices HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n"
    started = time.perf_counter()
    with contextlib.closing(writer):
        for number, push in enumerate(pushes):
            due = started + number * every
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            expected.expect(push, due)
            length = f"content-type: application/json\r\ncontent-length: {len(push.body)}\r\n\r\n"
            writer.write((head + length).encode() + push.body)
            answers = _read_answers(await _answer(reader)).answers
            done.dues.append(due)
            done.ended_at = time.perf_counter()
            done.took.append(done.ended_at - due)
            done.changed += sum(answer.changed is True for answer in answers)
    return done


@contextlib.asynccontextmanager
async def displaying(
    host: str, port: int, groups: Sequence[Sequence[EventId]], expected: Expected
) -> AsyncIterator[list[int]]:
    """Open a display for each group of events; the first one takes note of what it sees.

    Yields how many messages each has had.  Whoever misses one fails.
    """
    counts = [0 for _ in groups]
    ready = [asyncio.Event() for _ in groups]
    tasks = [
        asyncio.create_task(
            _follow(host, port, group, ready[at], counts, at, expected if at == 0 else None)
        )
        for at, group in enumerate(groups)
    ]
    try:
        for event in ready:
            while not await happened(event, _CLOSED_SECONDS):
                for task in tasks:
                    if task.done():
                        task.result()
        yield counts
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _follow(
    host: str,
    port: int,
    events: Sequence[EventId],
    ready: asyncio.Event,
    counts: list[int],
    at: int,
    expected: Expected | None,
) -> None:
    reader, writer = await asyncio.open_connection(host, port, limit=_LINE_BYTES_MAX)
    named = ",".join(events)
    writer.write(f"GET /v1/prices/stream?events={named} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
    with contextlib.closing(writer):
        await _check_head(reader)
        seq, told = -1, b""
        while True:
            size = int(await reader.readline(), 16)
            told += await reader.readexactly(size)
            await reader.readexactly(2)
            if not size:
                raise Lost("a display was hung up on")
            now = time.perf_counter()
            *whole, told = told.split(b"\n\n")
            for text in whole:
                seq = _take(text, seq, now, expected)
                counts[at] += 1
            if seq >= 0:
                ready.set()


def _take(text: bytes, seq: int, now: float, expected: Expected | None) -> int:
    """Read one event of the stream; return up to which seq we are told now."""
    _, found, data = text.partition(b"\ndata: ")
    if not found:
        return seq
    told = _read_told(data)
    if told.after >= 0 and told.after != seq:
        raise Lost(f"a display was told what comes after {told.after}, and had {seq}")
    if expected is not None and told.after >= 0:
        expected.see(told, now)
    return told.seq


async def _check_head(reader: asyncio.StreamReader) -> int:
    """Read the head of an answer; return the length of its body, or 0 if it is sent in chunks."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise Lost(head.decode(errors="replace").partition("\r\n")[0])
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0] or 0)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(await _check_head(reader))
