"""`pitboss bench http`: requests to durable acknowledgements, one API worker.

Three loads on the real API process (no processors run, so that acknowledging alone is measured):
as fast as 64 connections go; on a schedule below that, for latencies; the batch endpoint.  The
baseline is the least that could acknowledge durably, under the same server and the same clients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pitboss.app.parts import free_port
from pitboss.bench import books, load, plain_asgi, processes, server
from pitboss.bench.report import BenchReport, Figure, Latency
from pitboss.bench.venue import Venue, open_venue

Tell = Callable[[str], None]

PLACE_PATH = "/v1/bets"
BATCH_PATH = "/v1/bets/batch"
BATCH_CONNECTIONS = 4
# On a schedule near the limit a queue grows by chance alone; this far below it tells of the API.
SCHEDULE_SHARE = 0.7
WARM_UP_SECONDS = 1.0

_COUNT_ACKNOWLEDGED = (
    "SELECT count(*) FROM command JOIN unnest($1::uuid[]) AS id ON command_id = id"
)
_COUNT_ALL = "SELECT count(*) FROM command"
_COUNT_KEYS = "SELECT count(DISTINCT (partition, key)) FROM command"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpOptions:
    """What to run.  `rate` is the schedule's, in requests/s; 0 follows from what was reached."""

    seconds: float = 10.0
    connections: int = 64
    players: int = 10_000
    rate: float = 0.0
    batch_slips: int = 500
    seed: int = 1
    folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    fast: load.PhaseResult
    scheduled: load.PhaseResult
    batch: load.PhaseResult
    plain: load.PhaseResult
    bets: tuple[str, ...]
    lost: int
    # Processor time of a single request at full load, by kind of process.
    spent: dict[str, float]


async def run(options: HttpOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure acknowledgements per second, beside the baseline, on a server of their own."""
    tell(f"an instance with {options.players:,} players starts")
    async with open_venue(players=options.players, only=("api",), folder=options.folder) as venue:
        machine = server.describe_machine(venue.home)
        seen = processes.Processes(
            {"api": venue.instance.pids["api"]}, server_pid=venue.instance.pids["postgres"]
        )
        async with seen.watched():
            measured = await _measure(options, venue, seen, tell)
        tell("checking the log")
        async with venue.database.reading() as tx:
            durability = await server.read_durability(tx)
        return BenchReport(
            bench="http",
            unit="requests/s acknowledged",
            rate=_rate(measured.fast),
            baseline_rate=_rate(measured.plain),
            ack_ms=Latency.of_seconds(measured.scheduled.latencies),
            rss_mb=seen.rss_mb,
            durability=durability,
            machine=machine,
            versions=server.describe_versions(),
            options={
                "seconds": options.seconds,
                "connections": options.connections,
                "players": options.players,
                "batch_slips": options.batch_slips,
                "seed": options.seed,
            },
            invariants=await _invariants(venue, measured),
            figures=_figures(options, measured),
        )


async def _measure(
    options: HttpOptions, venue: Venue, seen: processes.Processes, tell: Tell
) -> _Measured:
    warm_up = load.Phase(name="warm up", seconds=WARM_UP_SECONDS, rate=0)
    fast = load.Phase(name="fast", seconds=options.seconds, rate=0)
    tell(f"as fast as {options.connections} connections go")
    used = seen.cpu_seconds()
    first = await _send(options, venue, (warm_up, fast), PLACE_PATH, seed=options.seed)
    spent = processes.micros_each(
        used, seen.cpu_seconds(), sum(phase.sent for phase in first.phases)
    )
    rate = options.rate or SCHEDULE_SHARE * _rate(first.phases[-1])

    tell(f"on a schedule of {rate:,.0f} requests/s")
    scheduled = load.Phase(name="scheduled", seconds=options.seconds, rate=rate)
    second = await _send(options, venue, (warm_up, scheduled), PLACE_PATH, seed=options.seed + 1)

    tell(f"batches of {options.batch_slips}")
    batches = replace(options, connections=BATCH_CONNECTIONS)
    third = await _send(
        batches, venue, (fast,), BATCH_PATH, seed=options.seed + 2, slips=options.batch_slips
    )
    tell("the baseline: plain ASGI and COPY")
    port = free_port(venue.instance.host)
    async with plain_asgi.serving(server.owner_of(venue.instance.database_url), port):
        plain = await _send(options, venue, (warm_up, fast), "/", seed=options.seed, port=port)
    return _Measured(
        fast=first.phases[-1],
        scheduled=second.phases[-1],
        batch=third.phases[-1],
        plain=plain.phases[-1],
        bets=(*first.bets, *second.bets, *third.bets),
        spent=spent,
        lost=first.lost + second.lost + third.lost,
    )


async def _send(
    options: HttpOptions,
    venue: Venue,
    phases: tuple[load.Phase, ...],
    path: str,
    *,
    seed: int,
    slips: int = 0,
    port: int | None = None,
) -> load.Result:
    task = venue.task(
        path=path, connections=options.connections, phases=phases, slips=slips, seed=seed
    )
    if port is not None:
        await load.until_open(task.host, port)
        task = load.at_port(task, port)
    return await load.send(task, venue.home)


async def _invariants(venue: Venue, measured: _Measured) -> dict[str, bool]:
    database = venue.database
    logged = await books.count(database, _COUNT_ALL)
    acknowledged = await books.count(database, _COUNT_ACKNOWLEDGED, list(measured.bets))
    return {
        "every_acknowledged_bet_is_in_the_log": acknowledged == len(measured.bets),
        "no_bet_is_acknowledged_twice": len(set(measured.bets)) == len(measured.bets),
        "nothing_else_is_in_the_log": logged == len(measured.bets),
        "keys_are_used_once": await books.count(database, _COUNT_KEYS) == logged,
        "every_request_was_answered": measured.lost == 0,
        "nothing_was_refused": not _refused(measured),
    }


def _refused(measured: _Measured) -> int:
    phases = (measured.fast, measured.scheduled, measured.batch, measured.plain)
    return sum(
        count
        for phase in phases
        for status, count in phase.statuses.items()
        if not status.startswith("2")
    )


def _figures(options: HttpOptions, measured: _Measured) -> dict[str, Figure]:
    scheduled = measured.scheduled
    figures: dict[str, Figure] = {
        "scheduled_rate": round(scheduled.sent / scheduled.seconds, 1),
        "batch_bets_per_second": round(_rate(measured.batch) * options.batch_slips, 1),
        **measured.spent,
    }
    full = Latency.of_seconds(measured.fast.latencies)
    if full is not None:
        figures |= {"full_load_p50_ms": full.p50, "full_load_p99_ms": full.p99}
    return figures


def _rate(phase: load.PhaseResult) -> float:
    """Return what was answered with a yes, per second."""
    return len(phase.latencies) / phase.seconds
