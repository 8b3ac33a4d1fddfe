"""A feed over a real RabbitMQ: the published samples end to end, order, disconnections, giants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import aio_pika
import pytest

from broker import running_broker
from integration.feeds.world import LIVE, TERMS, World
from pitboss.adapters.feeds.amqp import AmqpSource, Binding
from pitboss.adapters.feeds.bounded_xml import BYTES_MAX
from pitboss.db import Database
from pitboss.kernel.entropy import SystemEntropy
from pitboss.sandbox import feed as sandbox
from pitboss.sportsbook.feeds.errors import FeedAway
from pitboss.sportsbook.feeds.model import Reason
from pitboss.workers.feed import Loop
from unit.feeds.said import (
    DATA,
    alive,
    bet_stop,
    needs_samples,
    odds_change,
    one_x_two,
    reader,
    snapshot_complete,
)

SECONDS_MAX = 60.0


@pytest.fixture(scope="module")
def broker_url() -> Iterator[str]:
    """Give the URL of a broker."""
    with running_broker() as url:
        yield url


@pytest.fixture
async def source(broker_url: str) -> AsyncIterator[AmqpSource]:
    """Give a source that reads everything, connected."""
    async with await aio_pika.connect(broker_url) as connection:
        await sandbox.declare(await connection.channel())
    found = AmqpSource(broker_url, Binding(exchange=sandbox.EXCHANGE))
    await found.connect()
    yield found
    await found.close()


async def take_all(source: AmqpSource, count: int) -> list[bytes]:
    """Return so many messages, or fail."""
    bodies: list[bytes] = []
    async with asyncio.timeout(SECONDS_MAX):
        while len(bodies) < count:
            bodies += await source.take(100, seconds_max=0.5)
            await source.done()
    return bodies


async def test_messages_come_in_the_order_in_which_they_were_sent(
    broker_url: str, source: AmqpSource
) -> None:
    sent = [f'<alive n="{number}"/>'.encode() for number in range(1_200)]

    await sandbox.publish(broker_url, sent)

    assert await take_all(source, len(sent)) == sent


async def test_what_was_not_done_comes_again_from_a_queue_that_lasts(broker_url: str) -> None:
    binding = Binding(exchange=sandbox.EXCHANGE, queue="lasting")
    first = AmqpSource(broker_url, binding)
    await first.connect()
    await sandbox.publish(broker_url, [b"<a/>", b"<b/>", b"<c/>"])
    async with asyncio.timeout(SECONDS_MAX):
        taken = list(await first.take(1, seconds_max=5.0))
        await first.done()
        while len(taken) < 3:
            taken += await first.take(2, seconds_max=1.0)
    await first.close()

    second = AmqpSource(broker_url, binding)
    await second.connect()

    assert await take_all(second, 2) == [b"<b/>", b"<c/>"]
    await second.close()


async def test_a_giant_is_cut_to_what_shows_that_it_is_one(
    broker_url: str, source: AmqpSource
) -> None:
    await sandbox.publish(broker_url, [b"<a " + b"x" * (50 * 1024 * 1024), b"<b/>"])

    giant, small = await take_all(source, 2)

    assert (len(giant), small) == (BYTES_MAX + 1, b"<b/>")


async def test_a_connection_that_goes_is_noticed(broker_url: str, source: AmqpSource) -> None:
    connection = source._connection
    assert connection is not None
    await connection.close()

    with pytest.raises(FeedAway):
        await source.take(1, seconds_max=0.1)

    await source.connect()
    assert await source.take(1, seconds_max=0.1) == []


async def test_nobody_there_is_a_fault_that_names_no_password() -> None:
    away = AmqpSource("amqp://me:secret@127.0.0.1:1/x", Binding(exchange="x"))

    with pytest.raises(FeedAway) as caught:
        await away.connect()

    assert "secret" not in str(caught.value)


@needs_samples
async def test_the_published_samples_run_end_to_end(
    broker_url: str, source: AmqpSource, database: Database
) -> None:
    world = World(database=database)
    world.loop = Loop(
        reader=reader(),
        source=source,
        supplier=world.supplier,
        terms=TERMS,
        owner="reader",
        database=database,
        clock=world.clock,
        entropy=SystemEntropy(),
        wait_seconds=0.2,
    )

    async def work(*bodies: bytes) -> None:
        """Send messages, and work until the last of them has had its effect."""
        await sandbox.publish(broker_url, bodies)
        done = 0
        async with asyncio.timeout(SECONDS_MAX):
            while done < len(bodies):
                await world.loop.round()
                done += heard.pop("count", 0)

    heard: dict[str, int] = {}
    take = source.take

    async def counted(limit: int, *, seconds_max: float) -> list[bytes]:
        bodies = list(await take(limit, seconds_max=seconds_max))
        heard["count"] = heard.get("count", 0) + len(bodies)
        return bodies

    source.take = counted  # type: ignore[method-assign]
    await work(alive(at=world.ms))
    ((_, number, _),) = world.supplier.asked
    samples = sandbox.restamp(sandbox.read_folder(DATA / "uof"), now_ms=world.ms)

    await work(
        odds_change(one_x_two(), at=world.ms),
        *samples,
        bet_stop(at=world.ms + 1, product=3),
        snapshot_complete(number, at=world.ms),
    )

    assert (await world.standing(LIVE)).up
    assert (await world.offer()).market_open
    reasons = await world.reasons()
    # Fixtures, descriptions and players come over the API, and are no messages.
    assert reasons[Reason.UNKNOWN_MESSAGE] == 9
    # The sample of a rollback says no product; its event could be anybody's.
    assert reasons[Reason.MALFORMED] == 1
    # Results and prices of events that nobody has told us of, and of a producer that is not read.
    assert reasons[Reason.UNKNOWN_EVENT] >= 1
    assert reasons[Reason.UNKNOWN_PRODUCER] == 1
    assert Reason.BROKE_THE_READER not in reasons
