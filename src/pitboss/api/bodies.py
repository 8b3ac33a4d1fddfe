"""The bodies of requests: read before anything is answered, so that the connection can go on."""

from __future__ import annotations

import contextlib

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

# What is longer than allowed is read on to here and dropped, so that the connection can go on.
_DROPPED_BYTES_MAX = 4 * 1024 * 1024


class ClientGone(Exception):
    """Whoever calls closed the connection before the body was whole."""


async def read_body(receive: Receive, *, length: int, bytes_max: int) -> bytes | None:
    """Return the body, or None if it is longer than allowed, which is read but not kept.

    The server cuts off who is answered before the body has been read: then the answer may be lost,
    and so may the next request that was already on its way.  Only a body that says that it is very
    long (`length`, in bytes) is cut off so, and one that turns out to be.

    Raises:
        ClientGone: it was not whole.
    """
    if length > _DROPPED_BYTES_MAX:
        return None
    content = b""
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        piece = message.get("body", b"")
        size += len(piece)
        if size <= bytes_max:
            content += piece
        elif size > _DROPPED_BYTES_MAX:
            return None
        if not message.get("more_body", False):
            return content if size <= bytes_max else None


async def drop_body(receive: Receive) -> None:
    """Read a body that nobody wants, before it is answered.

    Raises:
        ClientGone: it was not whole.
    """
    await read_body(receive, length=0, bytes_max=0)


def heard_out(app: ASGIApp) -> ASGIApp:
    """Return the application with each body read before its answer begins, wanted or not.

    The framework refuses before it reads; see `read_body` for what the server does then.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        whole = False

        async def hear() -> ReceiveMessage:
            nonlocal whole
            message = await receive()
            more = message["type"] == "http.request" and message.get("more_body", False)
            whole = whole or not more
            return message

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and not whole:
                with contextlib.suppress(ClientGone):
                    await drop_body(hear)
            await send(message)

        await app(scope, hear, answer)

    return serve
