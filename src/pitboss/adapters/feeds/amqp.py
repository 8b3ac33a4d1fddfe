"""Messages from an AMQP 0-9-1 broker, such as RabbitMQ, acknowledged when they have had effect.

What was delivered and not acknowledged comes again if the queue outlives the connection; if it does
not (the supplier's queues are ours alone and end with us), a recovery brings what was missed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aiormq.abc import AbstractChannel
from yarl import URL

from pitboss.adapters.feeds.bounded_xml import BYTES_MAX
from pitboss.sportsbook.feeds.errors import FeedAway

CONNECT_SECONDS_MAX = 10.0
# A connection that is dead without a word is noticed within three of these.
HEARTBEAT_SECONDS = 5
# Delivered and not acknowledged; what a large batch takes, and a bound on memory.
PREFETCH = 500

_log = structlog.get_logger("feed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Which messages are read: of this exchange, those whose routing keys match.

    Without a `queue` there is one of our own, which the broker forgets when we are gone.
    """

    exchange: str
    keys: tuple[str, ...] = ("#",)
    queue: str | None = None


class AmqpSource:
    """Reads one queue of a broker at `amqp(s)://user:password@host:port/vhost`."""

    def __init__(self, url: str, binding: Binding, *, prefetch: int = PREFETCH) -> None:
        self._url = URL(url).update_query(heartbeat=str(HEARTBEAT_SECONDS))
        self._binding = binding
        self._prefetch = prefetch
        self._connection: AbstractConnection | None = None
        self._closed = asyncio.Event()
        self._arrived = asyncio.Event()
        # Tags and bodies alone, because a message that is kept keeps all its bytes.
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._taken: int | None = None
        self._channel: AbstractChannel | None = None

    async def connect(self) -> None:
        """Be connected, if it is not.

        Raises:
            FeedAway: there is nobody to connect to.
        """
        if self._connection is not None and not self._closed.is_set():
            return
        await self.close()
        try:
            async with asyncio.timeout(CONNECT_SECONDS_MAX):
                await self._open()
        except (OSError, TimeoutError, aio_pika.exceptions.AMQPError, ValueError) as error:
            await self.close()
            # The reason may be a wrong password, and never holds it.
            raise FeedAway(f"{self._place()}: {type(error).__name__}: {error}") from error

    async def take(self, limit: int, *, seconds_max: float) -> Sequence[bytes]:
        """Return the messages that wait, at most `limit`; wait so long for a first one.

        Raises:
            FeedAway: the connection is gone, and with it what had been sent.
        """
        if not self._waiting:
            self._arrived.clear()
            if not self._closed.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds_max):
                        await self._arrived.wait()
        if self._closed.is_set() or self._connection is None:
            raise FeedAway(f"{self._place()}: the connection is gone")
        bodies: list[bytes] = []
        while self._waiting and len(bodies) < limit:
            self._taken, body = self._waiting.popleft()
            bodies.append(body)
        return bodies

    async def done(self) -> None:
        """Say that everything taken so far has had its effect, durably.

        Raises:
            FeedAway: the connection is gone.
        """
        taken, channel, self._taken = self._taken, self._channel, None
        if taken is None or channel is None:
            return
        try:
            await channel.basic_ack(taken, multiple=True)
        except (OSError, aio_pika.exceptions.AMQPError) as error:
            raise FeedAway(f"{self._place()}: {type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Be disconnected."""
        connection, self._connection = self._connection, None
        self._waiting.clear()
        self._taken = None
        if connection is not None:
            with contextlib.suppress(OSError, TimeoutError, aio_pika.exceptions.AMQPError):
                async with asyncio.timeout(CONNECT_SECONDS_MAX):
                    await connection.close()

    async def _open(self) -> None:
        self._closed = closed = asyncio.Event()
        connection = await aio_pika.connect(self._url)
        self._connection = connection

        def gone(*_: object) -> None:
            closed.set()
            self._arrived.set()

        connection.close_callbacks.add(gone)
        channel = await connection.channel(publisher_confirms=False)
        channel.close_callbacks.add(gone)
        await channel.set_qos(prefetch_count=self._prefetch)
        own = self._binding.queue is None
        queue = await channel.declare_queue(
            self._binding.queue, exclusive=own, auto_delete=own, durable=not own
        )
        for key in self._binding.keys:
            await queue.bind(self._binding.exchange, routing_key=key)
        waiting = self._waiting

        async def heard(message: AbstractIncomingMessage) -> None:
            # Of one that is too large nobody reads more than that it is: the rest is let go.
            if message.delivery_tag is not None:
                self._channel = message.channel
                waiting.append((message.delivery_tag, message.body[: BYTES_MAX + 1]))
                self._arrived.set()

        await queue.consume(heard)
        _log.info("reads", broker=self._place(), exchange=self._binding.exchange)

    def _place(self) -> str:
        """Return where the broker is, without who enters it with which password."""
        return f"{self._url.host}:{self._url.port}{self._url.path}"
