"""An event loop whose time is the world's, and which notices when nothing moves by itself.

Nobody's timer fires because real time has passed: the director moves the time.  Only sockets are
real, so that PostgreSQL may answer.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
import time
from collections.abc import Callable
from contextvars import Context
from typing import Protocol, TypeAlias, TypeVarTuple

Values = TypeVarTuple("Values")
# Timers that are this near are due, as asyncio sees it.
_NEAR_SECONDS = time.get_clock_info("monotonic").resolution
# By how much a timer is later than one that was made before it for the same moment.  asyncio orders
# timers of one moment by how its heap happens to stand, and that by all that was ever in it; all
# of a world together stay nearer than `_NEAR_SECONDS`, so they still fire in one moment.
_TIE_SECONDS = 1e-13
_Arrived: TypeAlias = "list[tuple[selectors.SelectorKey, int]]"


class Watcher(Protocol):
    """Is told when all programs wait for somebody else."""

    def idle(self) -> float | None:
        """Say how many real seconds the sockets have to answer; None: as long as they like."""
        ...

    def impatient(self) -> None:
        """Hear that no socket has answered in that time."""
        ...


class WorldLoop(asyncio.SelectorEventLoop):
    """Runs the programs of a world."""

    def __init__(self) -> None:
        self.watcher: Watcher | None = None
        self._seconds = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._made = 0
        super().__init__(_PatientSelector(self))

    def time(self) -> float:
        """Return the world's time in seconds since it began."""
        return self._seconds

    def call_at(
        self,
        when: float,
        callback: Callable[[*Values], object],
        *args: *Values,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Do what every loop does, and remember when the director has to come by."""
        self._made += 1
        later = when + self._made * _TIE_SECONDS
        timer = super().call_at(later, callback, *args, context=context)
        heapq.heappush(self._timers, (when, self._made, timer))
        return timer

    def next_timer(self) -> float | None:
        """Return when the next timer that still counts is due."""
        while self._timers:
            when, _, timer = self._timers[0]
            if when >= self._seconds + _NEAR_SECONDS and not timer.cancelled():
                return when
            heapq.heappop(self._timers)
        return None

    def advance(self, to_seconds: float) -> None:
        """Move the time on; timers that are due by then fire."""
        self._seconds = max(self._seconds, to_seconds)

    def begin_again(self) -> None:
        """Set the time back to the beginning, for another world; no timer may be left."""
        if self.next_timer() is not None:
            raise RuntimeError(f"a program of the last world is still there: {self._timers[0][2]}")
        self._timers.clear()
        self._made = 0
        self._seconds = 0.0


class _PatientSelector(selectors.DefaultSelector):
    """Waits for sockets in real time, whatever the timers of the world say."""

    def __init__(self, loop: WorldLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> _Arrived:
        if timeout is not None and timeout <= 0:
            return []  # Programs come first: what has arrived is still there when they all wait.
        watcher = self._loop.watcher
        patience = None if watcher is None else watcher.idle()
        if patience == 0:
            return []
        arrived = super().select(patience)
        if not arrived and watcher is not None:
            watcher.impatient()
        return arrived
