"""Waiting ends when it should: with the event, after its time, or because it was cancelled."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from pitboss.kernel.waiting import happened


async def test_who_waits_hears_whether_it_happened() -> None:
    event = asyncio.Event()

    assert not await happened(event, 0.001)
    asyncio.get_running_loop().call_later(0.001, event.set)
    assert await happened(event, None)
    assert await happened(event, 0)


@pytest.mark.parametrize("turns", range(6))
@pytest.mark.parametrize("seconds", [None, 60])
async def test_a_cancellation_is_not_lost_however_close_it_follows_the_event(
    turns: int, seconds: float | None
) -> None:
    event = asyncio.Event()

    async def work() -> None:
        while True:
            await happened(event, seconds)
            event.clear()

    working = asyncio.create_task(work())
    for _ in range(3):
        await asyncio.sleep(0)
    event.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    working.cancel()

    done, _ = await asyncio.wait([working], timeout=1)
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    assert done
