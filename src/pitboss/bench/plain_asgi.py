"""The least that could acknowledge a bet durably: the baseline of `pitboss bench http`.

An ASGI application that reads a JSON body, gives it an id, and writes what waits with one COPY a
commit.  No players, no keys, no catalogue, no back-pressure: what these cost is the ratio.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import asyncpg
import msgspec
import uvloop
from granian.constants import Interfaces, TaskImpl
from granian.server.embed import Server

BATCH_MAX = 1_000
LISTEN_BACKLOG = 2_048
_TABLE = (
    "CREATE TABLE IF NOT EXISTS bench_command (command_id uuid PRIMARY KEY, body bytea NOT NULL)"
)

Message = MutableMapping[str, Any]


class PlainApp:
    """Acknowledges whatever JSON it is sent."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection
        self._queue: list[tuple[uuid.UUID, bytes, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        msgspec.json.decode(body)
        command_id = uuid.uuid4()  # noqa: TID251 - a baseline has no entropy to be given
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((command_id, body, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await done
        answer = b'{"bet_id":"%b","state":"pending"}' % str(command_id).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(answer)),
        ]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _write(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:BATCH_MAX], self._queue[BATCH_MAX:]
            await self._connection.copy_records_to_table(
                "bench_command",
                columns=("command_id", "body"),
                records=[(command_id, body) for command_id, body, _ in batch],
            )
            for _, _, done in batch:
                if not done.done():
                    done.set_result(None)
        self._writer = None


async def _serve(url: str, port: int) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(_TABLE)
    server = Server(
        PlainApp(connection),
        port=port,
        interface=Interfaces.ASGI,
        task_impl=TaskImpl.asyncio,
        backlog=LISTEN_BACKLOG,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), over.set)
    await over.wait()
    end_serving: Callable[[], None] = server.stop
    end_serving()
    await serving
    await connection.close()


@contextlib.asynccontextmanager
async def serving(url: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Serve the baseline in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pitboss.bench.plain_asgi", url, str(port)),
        stdin=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def main() -> None:
    """Serve until standard input ends."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    main()
