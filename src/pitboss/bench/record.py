"""`pitboss bench record`: what the provable record costs, and how far behind the facts it is.

Bets are decided by the real processors without the record, which is the baseline, then with a
sequencer that publishes beside them, then without again, because tables that grow slow everything
down and the record shall not pay for that.  Beside it they are decided as fast as they can, and at
a steady rate, which is when it counts how long a fact waits for its checkpoint.  Timed as well are
catching up, verifying from the tiles, and proving single facts.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import json

from pitboss import order
from pitboss.app.record import tile_store, verifiers
from pitboss.audit import record
from pitboss.audit.record.ports import CHECKPOINT_PATH
from pitboss.bench import books, log, processes, server, town, worker
from pitboss.bench.report import BenchReport, Figure, Latency
from pitboss.db import Database
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import FactId
from pitboss.kernel.shards import PARTITIONS_ALL
from pitboss.settings import Settings
from pitboss.sportsbook.betting.model import PlaceBet
from pitboss.tlog.checkpoints import parse_checkpoint
from pitboss.tlog.notes import parse_note
from pitboss.workers.bets import BATCH_MAX

Tell = Callable[[str], None]

GROUPS = [PARTITIONS_ALL[0::2], PARTITIONS_ALL[1::2]]
CATCH_UP_SECONDS_MAX = 600.0
PROOFS = 500
# Finer than half a second, and too rarely to weigh on what is measured.
_LOOK_SECONDS = 0.1
_COUNT_FACTS = "SELECT sum(seq)::bigint FROM shard_head"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """What to run: `bets` are decided without the record, and as many with it.

    `rate` bets a second are decided for `steady_seconds`.
    """

    bets: int = 200_000
    rate: float = 15_000.0
    steady_seconds: float = 10.0
    seconds: float = 60.0
    wallets: int = 10_000
    seed: int = 1
    folder: Path | None = None


@dataclass(slots=True, kw_only=True)
class _Run:
    """What a run has in hand."""

    options: RecordOptions
    settings: Settings
    database: Database
    bets: Iterator[PlaceBet]
    clock: Clock = field(default_factory=SystemClock)
    # The positions of the facts that were made at a steady rate.
    steadily: range = range(0)
    figures: dict[str, Figure] = field(default_factory=dict)

    def published(self) -> int:
        """Return the size of the newest checkpoint."""
        note = tile_store(self.settings).read(CHECKPOINT_PATH)
        return 0 if note is None else parse_checkpoint(parse_note(note).text).size

    async def facts(self) -> int:
        """Return how many facts are committed."""
        return await books.count(self.database, _COUNT_FACTS)


async def run(options: RecordOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure bets decided per second with the record beside them, and without it."""
    clock, entropy = SystemClock(), SystemEntropy()
    async with (
        server.temporary_server(folder=options.folder) as started,
        server.fresh_database(started) as database,
    ):
        with tempfile.TemporaryDirectory(prefix="pitboss-bench-", dir=options.folder) as home:
            people = await town.move_in(
                database, players=options.wallets, clock=clock, entropy=entropy
            )
            run = _Run(
                options=options,
                settings=Settings(home=Path(home), database_url=database.url),
                database=database,
                bets=town.bets(people, seed=options.seed, clock=clock, entropy=entropy),
            )
            machine = server.describe_machine(started.data)
            tell("deciding without the record")
            before = await _decide(run)
            async with worker.working("record", database.url, [()], folder=home) as workers:
                await _until_published(run)
                tell("deciding with the record")
                seen = processes.Processes(
                    {item.name: item.pid for item in workers}, server_pid=started.pid()
                )
                async with seen.watched(), _signing_timed(run, "signed_after_ms"):
                    beside = await _decide(run)
                await _until_published(run)
                tell("deciding at a steady rate")
                first = run.published()
                await _decide_steadily(run)
                await _until_published(run)
                run.steadily = range(first, run.published())
            tell("deciding without the record again")
            after = await _decide(run)
            run.figures |= {"alone_before": round(before, 1), "alone_after": round(after, 1)}
            tell("catching up")
            async with worker.working("record", database.url, [()], folder=home):
                await _catch_up(run)
            tell("verifying")
            await _verify(run)
            alone = (before + after) / 2
            return await _report(run, machine, alone=alone, beside=beside, rss_mb=seen.rss_mb)


async def _decide(run: _Run) -> float:
    """Fill the log and let the processors empty it; return bets decided per second."""
    await log.fill(run.database, run.bets, run.options.bets, clock=run.clock)
    await server.settle_down(run.database)
    full = await log.look(run.database)
    async with worker.working("bets", run.database.url, GROUPS):
        before = await log.first_move(run.database, full)
        drained = await log.watch(
            run.database, before, seconds=run.options.seconds, waiting_min=BATCH_MAX
        )
        await log.drained(run.database)
    return drained.decided / drained.seconds if drained.seconds else 0.0


async def _decide_steadily(run: _Run) -> None:
    """Decide bets as they come, at the rate that was asked for."""
    count = int(run.options.rate * run.options.steady_seconds)
    entries = [town.entry(next(run.bets)) for _ in range(count)]
    await server.settle_down(run.database)
    async with worker.working("bets", run.database.url, GROUPS):
        async with _signing_timed(run, "steadily_signed_after_ms"):
            rate = await log.pour(run.database, entries, rate=run.options.rate, clock=run.clock)
        await log.drained(run.database)
    run.figures["steady_bets_per_second"] = round(rate, 1)


async def _catch_up(run: _Run) -> None:
    """Time how fast facts that are there already get into signed checkpoints."""
    facts, begun = await run.facts(), run.published()
    first = begun
    async with asyncio.timeout(CATCH_UP_SECONDS_MAX):
        # What it takes a process to start is not what is timed.
        while first == begun:
            await asyncio.sleep(_LOOK_SECONDS)
            first = run.published()
    started = time.perf_counter()
    await _until_published(run)
    run.figures["caught_up_facts_per_second"] = round(
        (facts - first) / max(time.perf_counter() - started, _LOOK_SECONDS), 1
    )


async def _until_published(run: _Run) -> None:
    async with asyncio.timeout(CATCH_UP_SECONDS_MAX):
        behind = True
        while behind:
            await asyncio.sleep(_LOOK_SECONDS)
            behind = run.published() < await run.facts()


@contextlib.asynccontextmanager
async def _signing_timed(run: _Run, figure: str) -> AsyncIterator[None]:
    """Note how long facts take from their commit to a checkpoint that covers them."""
    signed_after: list[float] = []

    async def look() -> None:
        waiting: list[tuple[int, float]] = []
        seen = await run.facts()
        while True:
            now, before = time.perf_counter(), seen
            seen = await run.facts()
            if seen > before:
                waiting.append((seen, now))
            size = run.published()
            now = time.perf_counter()
            signed_after.extend(now - since for facts, since in waiting if facts <= size)
            waiting = [item for item in waiting if item[0] > size]
            await asyncio.sleep(_LOOK_SECONDS)

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()
        signed = Latency.of_seconds(signed_after)
        if signed is not None:
            run.figures |= {f"{figure}_p50": signed.p50, f"{figure}_p99": signed.p99}


async def _verify(run: _Run) -> None:
    store, keys = tile_store(run.settings), verifiers(run.settings)
    started = time.perf_counter()
    found = await record.verify(store, keys)
    run.figures["verified_facts_per_second"] = round(found.facts / _since(started), 1)
    started = time.perf_counter()
    await record.verify(store, keys, moment=run.database.moment)
    run.figures["verified_against_database_per_second"] = round(found.facts / _since(started), 1)

    await _prove(run, run.steadily, "prove_ms")
    # Those that waited for a sequencer are far from where their ids say that they are.
    await _prove(run, range(found.size), "prove_any_ms")


async def _prove(run: _Run, among: range, figure: str) -> None:
    """Time how long proofs of facts here and there take, asked for by their ids."""
    store, keys = tile_store(run.settings), verifiers(run.settings)
    times: list[float] = []
    for wanted in await _some_ids(run, among):
        started = time.perf_counter()
        async with run.database.moment() as tx:
            await record.prove(tx, store, wanted, keys)
        times.append(_since(started))
    proofs = Latency.of_seconds(times)
    if proofs is not None:
        run.figures |= {f"{figure}_p50": proofs.p50, f"{figure}_p99": proofs.p99}


async def _some_ids(run: _Run, among: range) -> list[FactId]:
    """Return the ids of some facts, which is all that whoever asks for a proof has."""
    chance = random.Random(run.options.seed)  # noqa: S311 - load, not secrets
    ids = list[FactId]()
    async with run.database.moment() as tx:
        for _ in range(PROOFS):
            (fact,) = await order.read(tx, from_position=chance.choice(among), limit=1)
            ids.append(FactId(json.decode(fact.body)["id"]))
    return ids


def _since(started: float) -> float:
    return max(time.perf_counter() - started, 1e-9)


async def _report(
    run: _Run, machine: dict[str, Figure], *, alone: float, beside: float, rss_mb: dict[str, float]
) -> BenchReport:
    found = await books.check(run.database)
    async with run.database.reading() as tx:
        durability = await server.read_durability(tx)
        end = await order.read_end(tx)
    return BenchReport(
        bench="record",
        unit="bets/s decided with the record beside",
        rate=beside,
        baseline_rate=alone,
        rss_mb=rss_mb,
        durability=durability,
        machine=machine,
        versions=server.describe_versions(),
        options={
            "bets": run.options.bets,
            "rate": run.options.rate,
            "wallets": run.options.wallets,
            "seed": run.options.seed,
        },
        invariants={
            **found.invariants,
            "every_fact_is_in_the_order": end == await run.facts(),
            "every_fact_is_in_a_checkpoint": run.published() == end,
            "the_record_is_verified": True,
        },
        figures={"facts": end, **run.figures},
    )
