"""`pitboss bench bets`: commands in the log, decided and booked by the real processors.

The log is filled before the clock starts, so that making the load costs the processors nothing.
The baseline decides and books the same bets with one transaction for each.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pitboss.bench import (
    books,
    history,
    log,
    processes,
    row_at_a_time,
    server,
    slow_bets,
    town,
    worker,
)
from pitboss.bench.report import BenchReport, Figure, Latency
from pitboss.db import Database
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy, SystemEntropy
from pitboss.kernel.shards import PARTITIONS_ALL, shard_of
from pitboss.sportsbook.betting.model import PlaceBet
from pitboss.workers.bets import BATCH_MAX

Tell = Callable[[str], None]

WARM_UP_BETS = 20_000
# More than the warm-up foretells, because a warm database is faster than a cold one.
RESERVE = 1.4
IDLE_GAP_SECONDS = 0.02
IDLE_LOOK_SECONDS = 0.001

_IS_DECIDED = "SELECT 1 FROM bet WHERE shard = $1 AND bet_id = $2"
_COUNT = {
    "bets": "SELECT count(*) FROM bet",
    "accepted": "SELECT count(*) FROM bet WHERE state = 'accepted'",
    "holds": "SELECT count(*) FROM wallet_hold WHERE posted + voided = 0 AND refusal IS NULL",
    "waiting": "SELECT count(DISTINCT bet_id) FROM bet_leg",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BetsOptions:
    """What to run.

    `wallets` players bet at random, on `legs` events each: with more than one the bets are
    accumulators, but for those of the baseline.  `history` bets are there before.  `flush_ms` is
    added to each of the server's flushes.  `idle_bets` are sent one by one afterwards, to an idle
    system.  `folder` is where the server's home is made.
    """

    seconds: float = 20.0
    baseline_seconds: float = 5.0
    wallets: int = 10_000
    history: int = 0
    legs: int = 1
    flush_ms: float = 0.0
    workers: int = 2
    clients: int = row_at_a_time.CLIENTS
    warm_up: int = WARM_UP_BETS
    idle_bets: int = 200
    seed: int = 1
    folder: Path | None = None


@dataclass(slots=True, kw_only=True)
class _Run:
    """What a run has in hand."""

    options: BetsOptions
    server: EmbeddedPostgres
    database: Database
    singles: Iterator[PlaceBet]
    bets: Iterator[PlaceBet]
    clock: Clock = field(default_factory=SystemClock)
    entropy: Entropy = field(default_factory=SystemEntropy)
    slow: int = 0
    slow_rate: float = 0.0
    drained: log.Drained | None = None
    idle: list[float] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)
    rss_mb: dict[str, float] = field(default_factory=dict)


async def run(options: BetsOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure bets decided per second, batched and row at a time, on a server of their own."""
    clock, entropy = SystemClock(), SystemEntropy()
    async with (
        server.temporary_server(folder=options.folder, flush_ms=options.flush_ms) as started,
        server.fresh_database(started) as database,
    ):
        tell(f"moving {options.wallets:,} players in")
        people = await town.move_in(database, players=options.wallets, clock=clock, entropy=entropy)
        if options.history:
            tell(f"writing {options.history:,} earlier bets")
            await history.write(database, people, bets=options.history)
        await server.settle_down(database)
        singles = town.bets(people, seed=options.seed, clock=clock, entropy=entropy)
        bets = singles
        if options.legs > 1:
            bets = town.bets(
                people, seed=options.seed, clock=clock, entropy=entropy, legs=options.legs
            )
        run = _Run(options=options, server=started, database=database, singles=singles, bets=bets)
        machine = server.describe_machine(started.data)
        tell(f"one transaction for each bet, {options.clients} clients")
        await _row_at_a_time(run)
        await _batched(run, tell)
        tell("checking the books")
        return await _report(run, machine)


async def _row_at_a_time(run: _Run) -> None:
    async def act(connection: server.Connection, bet: PlaceBet) -> None:
        await slow_bets.place(connection, bet, clock=run.clock, entropy=run.entropy)

    run.slow, seconds = await row_at_a_time.rate(
        run.database.url,
        run.singles,
        act,
        clients=run.options.clients,
        seconds=run.options.baseline_seconds,
    )
    run.slow_rate = run.slow / seconds


async def _batched(run: _Run, tell: Tell) -> None:
    options = run.options
    groups = [PARTITIONS_ALL[number :: options.workers] for number in range(options.workers)]
    expected = await _warm_up(run, tell)
    tell(f"filling the log with {expected:,} bets")
    await log.fill(run.database, run.bets, expected, clock=run.clock)
    await server.settle_down(run.database)

    tell("deciding")
    full = await log.look(run.database)
    async with worker.working("bets", run.database.url, groups) as workers:
        seen = processes.Processes(
            {item.name: item.pid for item in workers}, server_pid=run.server.pid()
        )
        async with seen.watched():
            first = await log.first_move(run.database, full)
            # A log that is gone at the first look is timed with the processors' start.
            before = first if first.waiting else full
            used = seen.cpu_seconds()
            run.drained = await log.watch(
                run.database, before, seconds=options.seconds, waiting_min=BATCH_MAX
            )
            run.figures |= processes.micros_each(used, seen.cpu_seconds(), run.drained.decided)
            await log.drained(run.database)
            tell("one bet at a time")
            await _one_by_one(run)
    run.rss_mb = seen.rss_mb


async def _warm_up(run: _Run, tell: Tell) -> int:
    """Decide a few bets, and foretell how many the run will take."""
    options = run.options
    tell("warming up")
    await log.fill(run.database, run.bets, options.warm_up, clock=run.clock)
    groups = [PARTITIONS_ALL[number :: options.workers] for number in range(options.workers)]
    full = await log.look(run.database)
    async with worker.working("bets", run.database.url, groups):
        before = await log.first_move(run.database, full)
        after = await log.drained(run.database)
    rate = (after.decided - before.decided) / max(after.at - before.at, log.LOOK_SECONDS)
    return int(max(rate, options.warm_up) * options.seconds * RESERVE)


async def _one_by_one(run: _Run) -> None:
    """Send single bets to the idle processors, and note how long each takes to be decided."""
    async with server.connected(run.database.url) as connection:
        for _ in range(run.options.idle_bets):
            bet = next(run.bets)
            entry = town.entry(bet)
            await asyncio.sleep(IDLE_GAP_SECONDS)
            started = time.perf_counter()
            await log.append_one(run.database, entry, clock=run.clock)
            place = (shard_of(bet.player_id), bet.bet_id)
            while True:
                if await connection.fetchval(_IS_DECIDED, *place):
                    break
                await asyncio.sleep(IDLE_LOOK_SECONDS)
            run.idle.append(time.perf_counter() - started)


async def _report(run: _Run, machine: dict[str, Figure]) -> BenchReport:
    options, drained = run.options, run.drained
    assert drained is not None  # noqa: S101 - _batched() came before
    found = await books.check(run.database)
    counts = {name: await books.count(run.database, query) for name, query in _COUNT.items()}
    decided = (await log.look(run.database)).decided
    async with run.database.reading() as tx:
        durability = await server.read_durability(tx)
    told = found.told["bet.accepted"] + found.told["bet.refused"]
    return BenchReport(
        bench="bets",
        unit="bets/s",
        rate=drained.decided / drained.seconds if drained.seconds else 0.0,
        baseline_rate=run.slow_rate,
        decide_ms=Latency.of_seconds(run.idle),
        rss_mb=run.rss_mb,
        durability=durability,
        machine=machine,
        versions=server.describe_versions(),
        options={
            "seconds": options.seconds,
            "wallets": options.wallets,
            "history": options.history,
            "legs": options.legs,
            "flush_ms": options.flush_ms,
            "workers": options.workers,
            "clients": options.clients,
            "seed": options.seed,
        },
        invariants={
            **found.invariants,
            "every_command_has_one_outcome": counts["bets"] - options.history == decided + run.slow,
            "every_outcome_is_told_once": told == decided + run.slow,
            "every_accepted_bet_has_its_hold": counts["accepted"] == counts["holds"],
            "every_accepted_bet_waits_for_its_market": counts["accepted"] == counts["waiting"],
        },
        figures={
            "bets": drained.decided,
            "measured_seconds": round(drained.seconds, 2),
            "row_at_a_time_bets": run.slow,
            "accepted": found.told["bet.accepted"],
            "refused": found.told["bet.refused"],
            **run.figures,
        },
    )
