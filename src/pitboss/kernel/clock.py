"""Time as an argument: the edge reads a clock once and hands the instant down."""

from __future__ import annotations

import mmap
import os
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

_MICROS = struct.Struct("<q")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """Return the current instant, in UTC."""
        ...


class SystemClock:
    """The machine's clock; what production uses."""

    def now(self) -> datetime:
        """Return the machine's time."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved; for tests and simulations."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the instant it was last set to."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move forward."""
        self._now += by


class SharedClock:
    """A simulated clock that all processes of one instance read from eight bytes of a file.

    Whoever runs the simulation moves it; everybody else sees the new time at once.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR)
        try:
            self._map = mmap.mmap(descriptor, _MICROS.size)
        finally:
            os.close(descriptor)

    @classmethod
    def create(cls, path: Path, start: datetime) -> SharedClock:
        """Make the file, set to this instant, and open it."""
        path.write_bytes(_MICROS.pack(_to_micros(start)))
        return cls(path)

    def now(self) -> datetime:
        """Return the simulated instant."""
        (micros,) = _MICROS.unpack(self._map[: _MICROS.size])
        return _EPOCH + timedelta(microseconds=micros)

    def set(self, now: datetime) -> None:
        """Move every reader to this instant."""
        self._map[: _MICROS.size] = _MICROS.pack(_to_micros(now))


def _to_micros(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)
