"""The command log of a run: filled before the clock starts, watched while it is emptied."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pitboss import messages
from pitboss.bench import town
from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.messages.model import Entry
from pitboss.sportsbook.betting.model import PlaceBet

APPEND_AT_ONCE = 2_000
# Often enough to see a second exactly, rarely enough to cost nothing.
LOOK_SECONDS = 0.05
# A processor that does nothing for this long is not slow, it is broken.
STALL_SECONDS_MAX = 60.0


class Stalled(Exception):
    """The processors have stopped deciding while commands wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How many commands are decided, and how many wait in the emptiest partition."""

    at: float
    decided: int
    waiting: int
    waiting_least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """How many commands were decided in the measured window."""

    decided: int
    seconds: float


async def fill(database: Database, bets: Iterator[PlaceBet], count: int, *, clock: Clock) -> None:
    """Append this many bets to the log, as the API does."""
    left = count
    while left:
        entries = [town.entry(next(bets)) for _ in range(min(left, APPEND_AT_ONCE))]
        async with database.transaction() as tx:
            await messages.append(tx, entries, now=clock.now())
        left -= len(entries)


async def pour(database: Database, entries: Sequence[Entry], *, rate: float, clock: Clock) -> float:
    """Append commands at an even pace, so many a second; return how many a second it were.

    What is late is appended at once, so the pace holds over all of them as long as it can be held.
    """
    started, done = time.perf_counter(), 0
    while done < len(entries):
        await asyncio.sleep(LOOK_SECONDS)
        due = min(len(entries), int((time.perf_counter() - started) * rate))
        for start in range(done, due, APPEND_AT_ONCE):
            async with database.transaction() as tx:
                await messages.append(
                    tx, entries[start : min(due, start + APPEND_AT_ONCE)], now=clock.now()
                )
        done = due
    return done / (time.perf_counter() - started)


async def look(database: Database) -> Look:
    """Ask how far the processors are."""
    async with database.reading() as tx:
        rows = await tx.fetch(
            "SELECT consumer.next_offset AS decided,"
            " head.next_offset - consumer.next_offset AS waiting"
            " FROM log_consumer AS consumer JOIN log_head AS head USING (partition)"
        )
    return Look(
        at=time.perf_counter(),
        decided=sum(row["decided"] for row in rows),
        waiting=sum(row["waiting"] for row in rows),
        waiting_least=min(row["waiting"] for row in rows),
    )


async def append_one(database: Database, entry: Entry, *, clock: Clock) -> None:
    """Append one command; it is durable on return."""
    async with database.transaction() as tx:
        await messages.append(tx, [entry], now=clock.now())


async def first_move(database: Database, before: Look) -> Look:
    """Wait until the first batch after that look is decided.

    Raises:
        Stalled: nothing was decided for a minute.
    """
    return await _next_move(database, before)


async def watch(database: Database, first: Look, *, seconds: float, waiting_min: int) -> Drained:
    """Count what is decided from this look on, for so long or until a partition runs low.

    A log that is low from the beginning is watched until it is empty.

    Raises:
        Stalled: nothing was decided for a minute.
    """
    now = first
    while now.waiting and now.at - first.at < seconds:
        later = await _next_move(database, now)
        if later.waiting_least < waiting_min <= now.waiting_least:
            break
        now = later
    return Drained(decided=now.decided - first.decided, seconds=now.at - first.at)


async def drained(database: Database) -> Look:
    """Wait until nothing waits.

    Raises:
        Stalled: nothing was decided for a minute.
    """
    now = await look(database)
    while now.waiting:
        now = await _next_move(database, now)
    return now


async def _next_move(database: Database, before: Look) -> Look:
    while True:
        now = await look(database)
        if now.decided != before.decided:
            return now
        if now.at - before.at > STALL_SECONDS_MAX:
            raise Stalled(f"{now.waiting} commands wait and none is decided")
        await asyncio.sleep(LOOK_SECONDS)
