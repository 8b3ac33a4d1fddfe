"""The feeds that an instance is configured with."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aio_pika

from pitboss.adapters.feeds.amqp import AmqpSource, Binding
from pitboss.adapters.feeds.files import LINES_SUFFIX, MESSAGE_SUFFIX, FileSource
from pitboss.adapters.feeds.uof import UofReader
from pitboss.adapters.feeds.uof_api import UofApi
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.errors import PlatformError
from pitboss.sandbox import feed as sandbox
from pitboss.settings import FeedSettings, Settings
from pitboss.sportsbook.feeds.errors import FeedAway
from pitboss.sportsbook.feeds.model import (
    FeedName,
    Phase,
    ProducerId,
    ProducerTerms,
    Tolerance,
    millis,
)
from pitboss.sportsbook.feeds.ports import Reader, Source, Supplier


class FeedUnknown(PlatformError):
    """The settings name no such feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFeed:
    """All that reading a feed takes."""

    reader: Reader
    source: Source
    supplier: Supplier
    terms: tuple[ProducerTerms, ...]


def check_feed(settings: Settings, name: str) -> FeedSettings:
    """Return how a feed is configured.

    Raises:
        FeedUnknown: the settings have no feed of this name.
    """
    configured = settings.feeds.get(name)
    if configured is None:
        named = ", ".join(settings.feeds) or "none"
        raise FeedUnknown(f"there is no feed {name!r} in PITBOSS_FEEDS; there are: {named}")
    return configured


async def replay_folder(settings: Settings, name: str, folder: Path) -> int:
    """Send a folder's messages to a feed's broker, moved to now; return how many they were.

    Raises:
        FeedUnknown: the settings have no feed of this name.
        FeedAway: there is no broker, or it does not take them.
    """
    configured = check_feed(settings, name)
    bodies = sandbox.restamp(sandbox.read_folder(folder), now_ms=millis(SystemClock().now()))
    try:
        await sandbox.publish(configured.url, bodies, exchange=configured.exchange)
    except (OSError, aio_pika.exceptions.AMQPError) as error:
        raise FeedAway(f"the broker of {name}: {type(error).__name__}") from error
    return len(bodies)


@contextlib.asynccontextmanager
async def open_feed(settings: Settings, name: str) -> AsyncIterator[OpenFeed]:
    """Lend what reading this feed takes; whoever reads closes the source.

    Raises:
        FeedUnknown: the settings have no feed of this name.
    """
    configured = check_feed(settings, name)
    ids = {number: ProducerId(f"{name}:{number}") for number in configured.producers}
    supplier = UofApi(
        configured.api_url,
        configured.token,
        {ids[number]: item.name for number, item in configured.producers.items()},
    )
    try:
        yield OpenFeed(
            reader=UofReader(FeedName(name)),
            source=_source_of(configured),
            supplier=supplier,
            terms=tuple(
                ProducerTerms(
                    id=ids[number],
                    phase=Phase(item.phase),
                    tolerance=Tolerance(
                        silence_seconds=item.silence_seconds,
                        lag_seconds=item.lag_seconds,
                        ahead_seconds=item.lag_seconds,
                    ),
                )
                for number, item in configured.producers.items()
            ),
        )
    finally:
        await supplier.close()


def _source_of(configured: FeedSettings) -> Source:
    url = urlsplit(configured.url)
    if url.scheme == "file":
        # Its files are those that are there now: a recording does not grow.
        return FileSource(
            sorted(path for path in Path(unquote(url.path)).glob("*") if _plays(path))
        )
    binding = Binding(exchange=configured.exchange, keys=configured.keys, queue=configured.queue)
    return AmqpSource(configured.url, binding)


def _plays(path: Path) -> bool:
    return path.is_file() and path.suffix in (MESSAGE_SUFFIX, LINES_SUFFIX)
