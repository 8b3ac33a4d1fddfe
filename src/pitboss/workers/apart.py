"""Runs a loop beside others that are to go on whatever it ends with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from pitboss.kernel.waiting import happened

# Somebody has to look into it, and it may be the world after all.
AGAIN_SECONDS = 10.0

_log = structlog.get_logger("process")


async def apart(
    name: str,
    run: Callable[[asyncio.Event], Awaitable[None]],
    stop: asyncio.Event,
    *,
    failed: Callable[[], None] = lambda: None,
    again_seconds: float = AGAIN_SECONDS,
) -> None:
    """Run a loop until told to stop; begin it anew, a while after it failed.

    A loop waits out what it knows of.  What it does not know of ends it, and in a group of tasks
    that would end all.
    """
    while not stop.is_set():
        try:
            await run(stop)
            return
        except Exception:
            _log.critical("failed, and is begun again", what=name, exc_info=True)
            failed()
            await happened(stop, again_seconds)
