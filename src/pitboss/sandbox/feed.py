"""A supplier in small: sends recorded messages to a broker, as if they were said now.

What it sends is what the files say, moved in time: the newest message is from now, the others as
long before it as they were.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import aio_pika

EXCHANGE = "unifiedfeed"
# Suppliers write more into it; who reads everything needs none of that.
ROUTING_KEY = "hi.-.live.message"

_STAMP = re.compile(rb'(\btimestamp=")([0-9]{1,18})(")')


def restamp(bodies: Sequence[bytes], *, now_ms: int) -> list[bytes]:
    """Return the messages moved in time, so that the newest one was generated now.

    What has no timestamp, or none that is a number, stays as it is.
    """
    stamps = [int(found[2]) for body in bodies if (found := _STAMP.search(body)) is not None]
    shift = now_ms - max(stamps, default=now_ms)

    def moved(found: re.Match[bytes]) -> bytes:
        # Whatever it was before that, no supplier is sixty hours behind himself.
        stamp = max(int(found[2]) + shift, now_ms - 216_000_000)
        return found[1] + str(stamp).encode() + found[3]

    return [_STAMP.sub(moved, body, count=1) for body in bodies]


def read_folder(folder: Path) -> list[bytes]:
    """Return the messages of a folder, a file each, by the names of the files."""
    return [path.read_bytes() for path in sorted(folder.glob("*.xml"))]


async def publish(url: str, bodies: Sequence[bytes], *, exchange: str = EXCHANGE) -> None:
    """Send messages to an exchange of this broker, in their order; each is taken or it fails."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        target = await declare(channel, exchange)
        for body in bodies:
            await target.publish(aio_pika.Message(body), routing_key=ROUTING_KEY)


async def declare(
    channel: aio_pika.abc.AbstractChannel, exchange: str = EXCHANGE
) -> aio_pika.abc.AbstractExchange:
    """Make the exchange that suppliers have, if it is not there."""
    return await channel.declare_exchange(exchange, aio_pika.ExchangeType.TOPIC, durable=True)
