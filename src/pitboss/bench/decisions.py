"""When each command of a run was decided, as anybody could see it: by following the offsets."""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

from pitboss.db import Database
from pitboss.kernel.clock import SystemClock

# What a player who waits for the outcome would hardly notice, and the precision of what we say.
LOOK_SECONDS = 0.002
_OFFSETS = "SELECT partition, next_offset FROM log_consumer"
_PLACES = (
    'SELECT command_id::text AS command_id, partition, "offset" FROM command'
    " WHERE command_id = ANY($1::uuid[])"
)


@dataclass(slots=True)
class Trail:
    """The offsets of each partition with the moments at which they were first seen."""

    offsets: dict[int, list[int]] = field(default_factory=dict)
    seen_at: dict[int, list[float]] = field(default_factory=dict)

    def note(self, partition: int, next_offset: int, at: float) -> None:
        """Note how far a partition is."""
        offsets = self.offsets.setdefault(partition, [])
        if not offsets or next_offset > offsets[-1]:
            offsets.append(next_offset)
            self.seen_at.setdefault(partition, []).append(at)

    def decided_at(self, partition: int, offset: int) -> float | None:
        """Return when a command was first seen to be decided, if it was."""
        offsets = self.offsets.get(partition, [])
        place = bisect.bisect_right(offsets, offset)
        return self.seen_at[partition][place] if place < len(offsets) else None


@contextlib.asynccontextmanager
async def followed(database: Database) -> AsyncIterator[Trail]:
    """Follow the offsets while the body runs, and until all that is in the log is decided."""
    trail = Trail()
    watcher = asyncio.create_task(_follow(database, trail))
    try:
        yield trail
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher


async def decide_latencies(
    database: Database, trail: Trail, bets: Sequence[str], dues: Sequence[float]
) -> list[float | None]:
    """Return, for each bet, the seconds from when it was due to when it was seen decided."""
    places: dict[str, tuple[int, int]] = {}
    for start in range(0, len(bets), 50_000):
        async with database.reading() as tx:
            rows = await tx.fetch(_PLACES, list(bets[start : start + 50_000]))
        places |= {row["command_id"]: (row["partition"], row["offset"]) for row in rows}
    return [_latency(trail, places.get(bet), due) for bet, due in zip(bets, dues, strict=True)]


def known(latencies: Iterable[float | None]) -> list[float]:
    """Return the latencies of what was decided."""
    return [item for item in latencies if item is not None]


def _latency(trail: Trail, place: tuple[int, int] | None, due: float) -> float | None:
    decided_at = None if place is None else trail.decided_at(*place)
    return None if decided_at is None else decided_at - due


async def _follow(database: Database, trail: Trail) -> None:
    epoch = SystemClock().now().timestamp() - time.monotonic()
    while True:
        async with database.reading() as tx:
            rows = await tx.fetch(_OFFSETS)
        at = time.monotonic() + epoch
        for row in rows:
            trail.note(row["partition"], row["next_offset"], at)
        await asyncio.sleep(LOOK_SECONDS)
