"""Messages from files: a recording played back, or a supplier's samples.

A file holds one message, or many, one a line.  Files are read in the order of their names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from pitboss.adapters.feeds.bounded_xml import BYTES_MAX
from pitboss.sportsbook.feeds.errors import FeedAway

MESSAGE_SUFFIX = ".xml"
LINES_SUFFIX = ".xmls"


class FileSource:
    """Plays the messages of files, as fast as they are taken."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(sorted(paths))
        self._messages: Iterator[bytes] | None = None
        self.ended = False

    async def connect(self) -> None:
        """Begin, if it has not begun.

        Raises:
            FeedAway: there is no file, or one of them is not there.
        """
        if not self._paths:
            raise FeedAway("there is no file to play")
        missing = [str(path) for path in self._paths if not path.is_file()]
        if missing:
            raise FeedAway(f"there is no file {missing[0]}")
        if self._messages is None:
            self._messages = self._play()

    async def take(self, limit: int, *, seconds_max: float) -> Sequence[bytes]:
        """Return the next messages, at most `limit`; none at the end, after so long."""
        bodies: list[bytes] = []
        while self._messages is not None and len(bodies) < limit:
            body = next(self._messages, None)
            if body is None:
                break
            bodies.append(body)
        if not bodies:
            self.ended = True
            await asyncio.sleep(seconds_max)
        return bodies

    async def done(self) -> None:
        """Take note of nothing: a message that comes twice is recognised."""

    async def close(self) -> None:
        """Begin anew the next time."""
        self._messages = None

    def _play(self) -> Iterator[bytes]:
        for path in self._paths:
            with path.open("rb") as file:
                if path.suffix == LINES_SUFFIX:
                    lines = iter(partial(file.readline, BYTES_MAX + 1), b"")
                    yield from (line.strip() for line in lines if line.strip())
                else:
                    yield file.read(BYTES_MAX + 1)
