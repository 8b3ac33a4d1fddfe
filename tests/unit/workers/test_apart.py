"""A loop that ends with an error ends no other, and is begun again."""

from __future__ import annotations

import asyncio

from pitboss.workers.apart import apart


async def test_a_loop_that_fails_is_begun_again_and_its_neighbour_goes_on() -> None:
    stop, starts, failures = asyncio.Event(), list[int](), list[int]()
    steps = 0

    async def fails_twice(_: asyncio.Event) -> None:
        starts.append(steps)
        if len(starts) <= 2:
            raise ZeroDivisionError
        stop.set()

    async def neighbour() -> None:
        nonlocal steps
        while not stop.is_set():
            steps += 1
            await asyncio.sleep(0.001)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(neighbour())
        group.create_task(
            apart(
                "it", fails_twice, stop, failed=lambda: failures.append(steps), again_seconds=0.02
            )
        )

    assert len(starts) == 3
    assert len(failures) == 2
    assert starts[0] < starts[1] < starts[2]


async def test_who_is_told_to_stop_while_a_loop_is_down_stops_at_once() -> None:
    stop = asyncio.Event()

    async def fails(_: asyncio.Event) -> None:
        stop.set()
        raise ZeroDivisionError

    async with asyncio.timeout(20):
        await apart("it", fails, stop, again_seconds=3_600)


async def test_a_loop_that_is_cancelled_stays_so() -> None:
    async def waits(stop: asyncio.Event) -> None:
        await stop.wait()

    running = asyncio.create_task(apart("it", waits, asyncio.Event()))
    await asyncio.sleep(0)
    running.cancel()

    await asyncio.wait([running], timeout=20)
    assert running.cancelled()
