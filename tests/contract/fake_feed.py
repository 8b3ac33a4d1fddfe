"""The one fake of a supplier: messages that a test sends, and what it is asked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from pitboss.sportsbook.feeds.errors import FeedAway
from pitboss.sportsbook.feeds.model import Fixture, ForeignEvent, ProducerId


class FakeSource:
    """Gives what was sent, in order; what was not done comes again after the connection went."""

    def __init__(self) -> None:
        self.waiting: deque[bytes] = deque()
        self.taken: list[bytes] = []
        self.connected = False
        self.away = False

    def send(self, *bodies: bytes) -> None:
        """Have messages wait."""
        self.waiting += bodies

    def cut(self) -> None:
        """Cut the connection."""
        self.connected = False
        self.waiting.extendleft(reversed(self.taken))
        self.taken.clear()

    async def connect(self) -> None:
        """Be connected."""
        if self.away:
            raise FeedAway("the broker is away")
        self.connected = True

    async def take(self, limit: int, *, seconds_max: float) -> Sequence[bytes]:
        """Return what waits."""
        if not self.connected:
            raise FeedAway("the connection is gone")
        if not self.waiting:
            await asyncio.sleep(seconds_max)
        bodies = [self.waiting.popleft() for _ in range(min(limit, len(self.waiting)))]
        self.taken += bodies
        return bodies

    async def done(self) -> None:
        """Forget what was taken."""
        self.taken.clear()

    async def close(self) -> None:
        """Be disconnected."""
        self.connected = False


class FakeSupplier:
    """Knows the fixtures that a test gives it, and remembers which recoveries it was asked for."""

    def __init__(self) -> None:
        self.fixtures: dict[ForeignEvent, Fixture] = {}
        self.asked: list[tuple[ProducerId, int, int | None]] = []
        self.looked_up: list[ForeignEvent] = []
        self.away = False

    async def ask_recovery(
        self, producer: ProducerId, *, request_no: int, after_ms: int | None
    ) -> None:
        """Take note of the request."""
        self.asked.append((producer, request_no, after_ms))
        if self.away:
            raise FeedAway("the supplier is away")

    async def find_fixture(self, event: ForeignEvent) -> Fixture | None:
        """Return what is known of an event."""
        self.looked_up.append(event)
        if self.away:
            raise FeedAway("the supplier is away")
        return self.fixtures.get(event)
