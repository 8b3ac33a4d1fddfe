"""The bodies of requests: heard to their end before an answer begins, but never for ever."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from litestar.enums import ScopeType
from litestar.types import HTTPRequestEvent, Message, Receive, ReceiveMessage, Scope, Send

from pitboss.api import problems
from pitboss.api.problems import ProblemFound

# The largest batch over the slowest line that still makes sense.
WANTED_SECONDS_MAX = 30.0
# What nobody wants is read and dropped for so long and so far, so that the connection can go on.
UNWANTED_SECONDS_MAX = 5.0
UNWANTED_BYTES_MAX = 4 * 1024 * 1024
# How often it is seen who is late.
LOOK_SECONDS = 1.0

S = TypeVar("S", bound=Scope)
Serve = Callable[[S, Receive, Send], Awaitable[None]]


async def read_body(receive: Receive, *, bytes_max: int) -> bytes:
    """Return the body of a request that is `heard_out`.

    Raises:
        ProblemFound: it is longer than allowed, broke off, or did not come in time.
    """
    pieces: list[bytes] = []
    size = 0
    more = True
    while more:
        message = _request(await receive())
        piece = message.get("body", b"")
        size += len(piece)
        if size > bytes_max:
            raise ProblemFound(problems.too_large(bytes_max))
        pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)


def _request(message: ReceiveMessage) -> HTTPRequestEvent:
    if message["type"] != "http.request":
        raise ProblemFound(problems.BODY_BROKEN_OFF)
    return message


def heard_out(app: Serve[S]) -> Serve[S]:
    """Return the application with each body heard to its end before an answer begins.

    The server cuts off who is answered before their body was read: then the answer may be lost, and
    so may the next request that was already on its way.  So the application may refuse whenever it
    likes, and what it has not read by then is read here and dropped.  Reading raises `ProblemFound`
    if the body breaks off or does not come in time.
    """
    waiting = _Waiting()

    async def serve(scope: S, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        body = _Body(receive, send, waiting)
        await app(scope, body.hear, body.answer)

    return serve


class _Body:
    """A body as it comes, and the answer that waits for its end."""

    __slots__ = ("_late", "_over", "_receive", "_send", "_until", "_waiting")

    def __init__(self, receive: Receive, send: Send, waiting: _Waiting) -> None:
        self._receive = receive
        self._send = send
        self._waiting = waiting
        # By the loop's clock; 0 before anybody waits.
        self._until = 0.0
        self._late = False
        # Nothing more will be read of it.
        self._over = False

    async def hear(self) -> ReceiveMessage:
        """Return what comes next; after the end of the body that may take for ever.

        Raises:
            ProblemFound: it broke off, or did not come in time.
        """
        if self._over:
            return await self._receive()
        if not self._until:
            self._until = asyncio.get_running_loop().time() + WANTED_SECONDS_MAX
        task = self._waiting.enter(self)
        try:
            message = await self._receive()
        except asyncio.CancelledError:
            # Somebody else may have ended the task in the same moment, and is obeyed.
            if self._late and task.uncancel() == 0:
                raise ProblemFound(problems.BODY_LATE) from None
            raise
        finally:
            self._waiting.leave(task)
        self._over = message["type"] != "http.request" or not message.get("more_body", False)
        return _request(message)

    async def answer(self, message: Message) -> None:
        """Send a part of the answer, the first one once the body is over."""
        if not self._over and message["type"] == "http.response.start":
            self._until = asyncio.get_running_loop().time() + UNWANTED_SECONDS_MAX
            # Whoever has only stopped talking may still be listening.
            with contextlib.suppress(ProblemFound):
                await self._drop()
        await self._send(message)

    async def _drop(self) -> None:
        size = 0
        while not self._over and size <= UNWANTED_BYTES_MAX:
            size += len(_request(await self.hear()).get("body", b""))

    def is_late(self, now: float) -> bool:
        """Say whether it should have come by now."""
        return self._until <= now

    def give_up(self) -> None:
        """Say that nothing more will be read of it."""
        self._late = self._over = True


class _Waiting:
    """Who waits for bodies, looked at now and then: a timer for each costs more than all the rest.

    A task is here only while it waits for a piece, and who is late is cancelled right there.
    """

    def __init__(self) -> None:
        self._bodies: dict[asyncio.Task[Any], _Body] = {}
        # Where the next look is due, if it is.
        self._loop: asyncio.AbstractEventLoop | None = None

    def enter(self, body: _Body) -> asyncio.Task[Any]:
        """Note that this task waits for a piece of a body from here on."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - applications are served in tasks
        self._bodies[task] = body
        loop = task.get_loop()
        if self._loop is not loop:
            self._look_later(loop)
        return task

    def leave(self, task: asyncio.Task[Any]) -> None:
        """Note that it does so no more."""
        self._bodies.pop(task, None)

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.call_later(LOOK_SECONDS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        late = [(task, body) for task, body in self._bodies.items() if body.is_late(now)]
        for task, body in late:
            # Never twice.
            del self._bodies[task]
            body.give_up()
            task.cancel()
        self._loop = None
        if self._bodies:
            self._look_later(loop)
