"""A peer on a real socket that answers what each test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable


class Peer:
    """Where it is, and what it heard."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.heard: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self.writers:
            writer.close()


@contextlib.asynccontextmanager
async def serving(
    answer: Callable[[bytes], bytes], *, hang_up: bool = False
) -> AsyncIterator[Peer]:
    """Answer every request with these bytes, if asked to hang up then with nothing more."""
    peer = Peer()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.connections += 1
        peer.writers.append(writer)
        while request := await reader.read(65_536):
            peer.heard.append(request)
            writer.write(answer(request))
            if hang_up:
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        peer.hang_up()
