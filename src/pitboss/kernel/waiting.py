"""Waiting with a bound that loses no cancellation."""

from __future__ import annotations

import asyncio


async def happened(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait for the event, at most this long (None: for ever); say whether it came.

    Not `asyncio.wait_for`: before Python 3.12 that swallows a cancellation which comes in the
    same moment as the event, and who was told to end goes on for ever.
    """
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
