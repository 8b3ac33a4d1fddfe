"""`pitboss bench e2e`: requests over HTTP to decided bets, on a whole instance.

On a schedule that does not wait for answers; acknowledgement and decision are both timed from the
moment a request was due.  The baseline decides the same kind of bets with a transaction for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pitboss.bench import books, decisions, load, log, processes, row_at_a_time, server, slow_bets
from pitboss.bench import town as towns
from pitboss.bench.report import BenchReport, Figure, Latency
from pitboss.bench.venue import Venue, open_venue
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.sportsbook.betting.model import PlaceBet

Tell = Callable[[str], None]

PLACE_PATH = "/v1/bets"
PROCESSES = ("api", "bets-0", "bets-1", "settlement", "sequencer")
WARM_UP_SECONDS = 2.0
DRAIN_SECONDS_MAX = 300.0
_ONE_OUTCOME = (
    "SELECT count(*) FROM command JOIN bet ON bet.bet_id = command.command_id"
    " WHERE command.command_id = ANY($1::uuid[])"
)
_COUNT_BETS = "SELECT count(*) FROM bet"
_COUNT_COMMANDS = "SELECT count(*) FROM command"


@dataclass(frozen=True, slots=True, kw_only=True)
class E2eOptions:
    """What to run: `rate` requests a second on `connections` connections."""

    seconds: float = 10.0
    rate: float = 2_000.0
    connections: int = 64
    players: int = 10_000
    baseline_seconds: float = 5.0
    seed: int = 1
    folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a load on a whole instance."""

    result: load.Result
    latencies: list[float | None]
    drain_seconds: float
    rss_mb: Mapping[str, float]


async def run(options: E2eOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure requests decided per second at a rate, with both latencies."""
    tell(f"an instance with {options.players:,} players starts")
    async with open_venue(players=options.players, only=PROCESSES, folder=options.folder) as venue:
        machine = server.describe_machine(venue.home)
        tell("the baseline: one transaction for each bet")
        baseline = await baseline_rate(venue, options.baseline_seconds, seed=options.seed)
        bets_before = await books.count(venue.database, _COUNT_BETS)
        tell(f"{options.rate:,.0f} requests/s for {options.seconds:g} s")
        phases = (
            load.Phase(name="warm up", seconds=WARM_UP_SECONDS, rate=options.rate / 4),
            load.Phase(name="measured", seconds=options.seconds, rate=options.rate),
        )
        played = await play(venue, phases, connections=options.connections, seed=options.seed)
        tell("checking the books")
        measured = played.result.phases[-1]
        seconds = measured.seconds + played.drain_seconds
        async with venue.database.reading() as tx:
            durability = await server.read_durability(tx)
        return BenchReport(
            bench="e2e",
            unit="bets/s decided",
            rate=len(measured.latencies) / seconds,
            baseline_rate=baseline,
            ack_ms=Latency.of_seconds(measured.latencies),
            decide_ms=Latency.of_seconds(
                decisions.known(played.latencies[-len(measured.latencies) :])
            ),
            rss_mb=played.rss_mb,
            durability=durability,
            machine=machine,
            versions=server.describe_versions(),
            options={
                "seconds": options.seconds,
                "rate": options.rate,
                "connections": options.connections,
                "players": options.players,
                "seed": options.seed,
            },
            invariants=await invariants(venue, played, bets_before=bets_before),
            figures=_figures(measured, played),
        )


async def play(
    venue: Venue, phases: tuple[load.Phase, ...], *, connections: int, seed: int
) -> Played:
    """Send a load at a whole instance, and wait until everything acknowledged is decided."""
    pids = {name: pid for name, pid in venue.instance.pids.items() if name != "postgres"}
    seen = processes.Processes(pids, server_pid=venue.instance.pids["postgres"])
    task = venue.task(path=PLACE_PATH, connections=connections, phases=phases, slips=0, seed=seed)
    loop = asyncio.get_running_loop()
    async with seen.watched(), decisions.followed(venue.database) as trail:
        result = await load.send(task, venue.home)
        sent_at = loop.time()
        async with asyncio.timeout(DRAIN_SECONDS_MAX):
            await log.drained(venue.database)
        drain_seconds = loop.time() - sent_at
        # One more look of whoever follows, so that the last batch is seen.
        await asyncio.sleep(10 * decisions.LOOK_SECONDS)
    return Played(
        result=result,
        latencies=await decisions.decide_latencies(venue.database, trail, result.bets, result.dues),
        drain_seconds=drain_seconds,
        rss_mb=seen.rss_mb,
    )


async def baseline_rate(venue: Venue, seconds: float, *, seed: int) -> float:
    """Return how many bets a second one transaction for each decides, with 8 clients."""
    clock, entropy = SystemClock(), SystemEntropy()

    async def act(connection: server.Connection, bet: PlaceBet) -> None:
        await slow_bets.place(connection, bet, clock=clock, entropy=entropy)

    done, took = await row_at_a_time.rate(
        venue.database.url,
        towns.bets(venue.people, seed=seed, clock=clock, entropy=entropy),
        act,
        clients=row_at_a_time.CLIENTS,
        seconds=seconds,
    )
    return done / took


async def invariants(venue: Venue, played: Played, *, bets_before: int) -> dict[str, bool]:
    """Return what must be true after any load, by name."""
    database, bets = venue.database, list(played.result.bets)
    commands = await books.count(database, _COUNT_COMMANDS)
    decided = await books.count(database, _COUNT_BETS) - bets_before
    return {
        "every_request_was_answered": played.result.lost == 0,
        "no_bet_is_acknowledged_twice": len(set(bets)) == len(bets),
        "every_acknowledged_bet_has_one_outcome": await books.count(database, _ONE_OUTCOME, bets)
        == len(bets),
        "nothing_was_decided_that_was_not_acknowledged": decided == len(bets) == commands,
        "every_decision_was_seen": None not in played.latencies,
        **(await books.check(database)).invariants,
    }


def _figures(measured: load.PhaseResult, played: Played) -> dict[str, Figure]:
    return {
        "offered_rate": round(measured.sent / measured.seconds, 1),
        "drain_seconds": round(played.drain_seconds, 3),
        "refused_before_acknowledgement": sum(
            count for status, count in measured.statuses.items() if not status.startswith("2")
        ),
    }
