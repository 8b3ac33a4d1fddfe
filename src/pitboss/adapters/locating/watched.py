"""A file that an operator may replace while we run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from pitboss.kernel.errors import PlatformError

T = TypeVar("T")

_log = structlog.get_logger("locating")


class WatchedFile(Generic[T]):
    """What a file says, read again as soon as another file is in its place.

    Replace it in one step, by renaming another one; it is looked at five times a second at most.
    One that cannot be read is told in the log and changes nothing; at the start it is an error.
    """

    LOOK_SECONDS = 0.2

    def __init__(self, path: Path, read: Callable[[Path], T]) -> None:
        self._path = path
        self._read = read
        self._stamp = self._look()
        self._value = read(path)
        self._looked_at = time.monotonic()

    @property
    def value(self) -> T:
        """What the file says now."""
        at = time.monotonic()
        if at - self._looked_at < self.LOOK_SECONDS:
            return self._value
        self._looked_at = at
        stamp = self._look()
        if stamp is not None and stamp != self._stamp:
            # Noted first, so that a bad file is told once and not with every look.
            self._stamp = stamp
            try:
                self._value = self._read(self._path)
                _log.info("read again", file=str(self._path))
            except PlatformError as error:
                _log.error("a new file is not used", file=str(self._path), why=str(error))
        return self._value

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
