"""A wire to PostgreSQL that can be cut in the middle of a word."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SOCKET = ".s.PGSQL.5432"
# As a simple query, with the zero that ends it: a transaction begins with `READ COMMITTED`.
COMMIT = b"COMMIT\0"


@dataclass(slots=True)
class Tap:
    """Passes bytes on, until it is told to cut the next commit: before it arrives, or after."""

    url: str
    cut_before: bool = False
    cut_after: bool = False
    cuts: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, real: str
    ) -> None:
        """Join one client to the server until either hangs up."""
        far_reader, far_writer = await asyncio.open_unix_connection(real)
        self.writers |= {writer, far_writer}
        committing = asyncio.Event()
        tasks = [
            asyncio.create_task(self._ask(reader, far_writer, committing)),
            asyncio.create_task(self._answer(far_reader, writer, committing)),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for side in (writer, far_writer):
            side.close()

    async def _ask(
        self, reader: asyncio.StreamReader, to: asyncio.StreamWriter, committing: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            if COMMIT in data:
                if self.cut_before:
                    self.cut_before = False
                    self.cuts += 1
                    return
                committing.set()
            to.write(data)
            await to.drain()

    async def _answer(
        self, reader: asyncio.StreamReader, to: asyncio.StreamWriter, committing: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            if committing.is_set() and self.cut_after:
                self.cut_after = False
                self.cuts += 1
                return
            committing.clear()
            to.write(data)
            await to.drain()


@contextlib.asynccontextmanager
async def tapped(url: str, folder: Path) -> AsyncIterator[Tap]:
    """Lay a wire to this server whose socket lies in the folder."""
    (real,) = parse_qs(urlsplit(url).query)["host"]
    tap = Tap(urlsplit(url)._replace(query=f"host={folder}&port=5432").geturl())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await tap.pass_on(reader, writer, f"{real}/{SOCKET}")

    server = await asyncio.start_unix_server(serve, folder / SOCKET)
    try:
        yield tap
    finally:
        server.close()
        for writer in tap.writers:
            writer.close()
