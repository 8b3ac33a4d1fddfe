"""Prices on display: a snapshot, and a stream of what changes after it (server-sent events).

What is shown may be late and decides nothing: a bet names the tick that its player saw, and the
processor compares that with the price row itself.  Source of the stream's form: WHATWG HTML,
section 9.2.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs

import msgspec
import structlog
from litestar import Response, Router, get
from litestar.params import FromQuery
from litestar.types import HTTPScope, Receive, Send

from pitboss.api import problems
from pitboss.api.board import Board, EventChange, Watcher
from pitboss.api.bodies import Serve, heard_out
from pitboss.api.catalogue import EventView
from pitboss.api.metrics import Metrics
from pitboss.api.problems import Problem, ProblemFound
from pitboss.kernel.errors import Fault, InvariantBroken, Malformed
from pitboss.kernel.ids import EventId, parse_id

STREAM_PATH = "/v1/prices/stream"

EVENTS_MAX = 100
# Each may have a quarter of a megabyte waiting, but only those who do not keep up have.
STREAMS_MAX = 5_000
# A display that has heard nothing for three of these shows no prices.
HEARTBEAT_SECONDS = 5.0
# Who has not taken what was sent in this time does not read.
SEND_SECONDS_MAX = 10.0
# Without having looked at the facts for so long we do not say that nothing has changed.
SILENT_SECONDS_MAX = 2.0
RETRY_MS = 1_000
_SEQ_DIGITS_MAX = 18

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # A proxy that gathers before it passes on would make everybody late.
    (b"x-accel-buffering", b"no"),
]
_log = structlog.get_logger("api.prices")


class SnapshotView(msgspec.Struct, frozen=True, kw_only=True):
    """Events as they are at `seq` of the catalogue, or a little after it."""

    seq: int
    events: tuple[EventView, ...]


class ChangesView(msgspec.Struct, frozen=True, kw_only=True):
    """What has changed after the seq `after`, up to `seq`."""

    after: int
    seq: int
    events: tuple[EventChange, ...]


def make_router(board: Board) -> Router:
    """Return the routes of prices on display."""

    @get("/snapshot", summary="Some events at their current prices")
    async def show_snapshot(events: FromQuery[str]) -> Response[SnapshotView]:
        """Show up to 100 events, named with commas between; those that do not exist are left out.

        From what this process has heard, which may be late; `seq` says up to where that is.
        """
        snapshot = await board.snapshot(read_events(events))
        return Response(
            snapshot.body(),  # type: ignore[arg-type]
            headers={"content-type": "application/json", "cache-control": "no-store"},
        )

    return Router("/v1/prices", route_handlers=[show_snapshot, follow_prices], tags=["catalogue"])


@get("/stream", summary="What changes of some events, as it changes")
async def follow_prices(events: FromQuery[str]) -> Response[ChangesView]:
    """Send server-sent events: first `snapshot`, then `change` and `heartbeat`, without an end.

    Each has the seq of the catalogue as its id and names in `after` the seq of the one before: who
    finds another one there has missed something and asks for a snapshot.  With `Last-Event-ID`
    the snapshot holds only what has changed since.
    """
    raise InvariantBroken("plain ASGI answers this route")


def read_events(text: str) -> tuple[EventId, ...]:
    """Read ids of events with commas between.

    Raises:
        Malformed: there are none, or more than 100, or one is no id.
    """
    names = text.split(",")
    if not text or len(names) > EVENTS_MAX:
        raise Malformed("events", f"1 to {EVENTS_MAX} ids with commas between are needed")
    return tuple(dict.fromkeys(EventId(parse_id(name, field="events")) for name in names))


class PriceStreams:
    """The streams that this process serves, as plain ASGI."""

    def __init__(self, board: Board, metrics: Metrics) -> None:
        self._board = board
        self._metrics = metrics
        self._open = 0

    async def serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Send changes until the display is gone, or does not keep up."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                event_ids, told = _asked(scope)
                stack.enter_context(self._counted())
                watcher, snapshot = await stack.enter_async_context(
                    self._board.watch(event_ids, told=told)
                )
            except Exception as error:
                # Here alone: a stream that goes on hears whether its display is still there.
                await heard_out(self._refusal(_problem_of(error)))(scope, receive, send)
                return
            self._metrics.requests.labels(STREAM_PATH, "GET", "200").inc()
            gone = await stack.enter_async_context(_told_when_gone(receive, watcher))
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            try:
                await _send_body(send, b"retry: %d\n\n" % RETRY_MS)
                await _send_event(send, b"snapshot", snapshot.seq, snapshot.body())
                await self._follow(send, watcher)
                await _send_body(send, b"", more=False)
            except TimeoutError:
                watcher.lose()
            if not gone.is_set():
                self._metrics.price_streams_dropped.inc()

    async def _follow(self, send: Send, watcher: Watcher) -> None:
        while not watcher.is_lost:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await watcher.wait()
            except TimeoutError:
                await self._beat(send, watcher)
                continue
            news = watcher.take()
            if news is not None:
                after, seq, changes = news
                told = b'{"after":%d,"seq":%d,"events":[%b]}' % (after, seq, changes)
                await _send_event(send, b"change", seq, told)

    async def _beat(self, send: Send, watcher: Watcher) -> None:
        """Say that nothing has changed, if we know."""
        if self._board.silent_seconds > SILENT_SECONDS_MAX:
            return
        after = watcher.pass_by(self._board.seq)
        if after is not None:
            told = b'{"after":%d,"seq":%d}' % (after, watcher.told)
            await _send_event(send, b"heartbeat", watcher.told, told)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Count a stream for as long as it is open.

        Raises:
            ProblemFound: there are as many as there may be.
        """
        if self._open >= STREAMS_MAX:
            raise ProblemFound(problems.TOO_BUSY)
        self._open += 1
        self._metrics.price_streams.set(self._open)
        try:
            yield
        finally:
            self._open -= 1
            self._metrics.price_streams.set(self._open)

    def _refusal(self, problem: Problem) -> Serve[HTTPScope]:
        """Return what answers with a problem."""

        async def refuse(scope: HTTPScope, receive: Receive, send: Send) -> None:
            status = problem.status
            self._metrics.requests.labels(STREAM_PATH, "GET", str(status)).inc()
            body = problem.body()
            headers = [(name.encode(), value.encode()) for name, value in problem.headers().items()]
            headers.append((b"content-length", b"%d" % len(body)))
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body, "more_body": False})

        return refuse


@contextlib.asynccontextmanager
async def _told_when_gone(receive: Receive, watcher: Watcher) -> AsyncIterator[asyncio.Event]:
    """Give up on a watcher whose client hangs up; set an event then."""
    gone = asyncio.Event()

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()
        watcher.lose()

    listening = asyncio.create_task(listen())
    try:
        yield gone
    finally:
        listening.cancel()


async def _send_event(send: Send, name: bytes, seq: int, data: bytes) -> None:
    await _send_body(send, b"id: %d\nevent: %b\ndata: %b\n\n" % (seq, name, data))


async def _send_body(send: Send, body: bytes, *, more: bool = True) -> None:
    """Send bytes.

    Raises:
        TimeoutError: nobody takes them.
    """
    async with asyncio.timeout(SEND_SECONDS_MAX):
        await send({"type": "http.response.body", "body": body, "more_body": more})


def _asked(scope: HTTPScope) -> tuple[tuple[EventId, ...], int | None]:
    """Return which events are asked for, and up to which seq they were told before."""
    query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=EVENTS_MAX)
    named = ",".join(query.get("events", ()))
    last = next((value for name, value in scope["headers"] if name == b"last-event-id"), b"")
    if last and not (last.isdigit() and len(last) <= _SEQ_DIGITS_MAX):
        raise ProblemFound(problems.malformed_header("Last-Event-ID", "this is not a seq"))
    return read_events(named), int(last) if last else None


def _problem_of(error: Exception) -> Problem:
    match error:
        case ProblemFound():
            return error.problem
        case Malformed():
            return problems.of_malformed(error)
        case Fault():
            return problems.of_fault(error)
        case ValueError():
            return problems.malformed("events", "this is asked for too often")
    _log.error("a stream of prices failed", exc_info=error)
    return problems.INTERNAL
