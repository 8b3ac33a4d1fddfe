"""`pitboss bench spike`: a final's night: steady load, then a hundred times as much, then steady.

Afterwards everything that was acknowledged is decided, an event ends and its bets are settled, and
all of it is checked.  What was refused must have been refused before it was acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pitboss import messages
from pitboss.bench import books, decisions, e2e, load, server
from pitboss.bench.report import BenchReport, Figure, Latency
from pitboss.bench.venue import Venue, open_venue
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import settlement
from pitboss.sportsbook.settlement.model import Score, ScoreReport

Tell = Callable[[str], None]

SPIKE_FACTOR = 100
SETTLE_SECONDS_MAX = 300.0
_LOOK_SECONDS = 0.05
_COUNT_BETS = "SELECT count(*) FROM bet"
_UNSETTLED = "SELECT count(*) FROM bet WHERE state = 'accepted'"
# The home side has won every event, so what a bet returns follows from its leg and its price alone.
_WRONGLY_SETTLED = (
    "SELECT count(*) FROM bet, jsonb_array_elements(convert_from(legs, 'UTF8')::jsonb) AS leg"
    " JOIN catalog_selection AS selection"
    "   ON selection.selection_id = (leg->>'selection_id')::uuid"
    " WHERE bet.state = 'settled' AND bet.returns_micros <> CASE selection.code"
    "   WHEN 'home' THEN trunc(bet.stake_micros / 10000"
    "     * split_part(selection.price, '/', 1)::numeric"
    "     / split_part(selection.price, '/', 2)::numeric) * 10000"
    "   ELSE 0 END"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeOptions:
    """What to run: `steady` requests a second, then a hundred times that for `spike_seconds`."""

    steady: float = 40.0
    steady_seconds: float = 10.0
    spike_seconds: float = 30.0
    # Enough that clients never wait for each other: it is the platform that must say no.
    connections: int = 1_024
    players: int = 10_000
    baseline_seconds: float = 5.0
    seed: int = 1
    folder: Path | None = None


async def run(options: SpikeOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Play a spike and check that nothing was lost, doubled or settled wrongly."""
    tell(f"an instance with {options.players:,} players starts")
    async with open_venue(
        players=options.players, only=e2e.PROCESSES, folder=options.folder
    ) as venue:
        machine = server.describe_machine(venue.home)
        tell("the baseline: one transaction for each bet")
        baseline = await e2e.baseline_rate(venue, options.baseline_seconds, seed=options.seed)
        bets_before = await books.count(venue.database, _COUNT_BETS)
        tell(
            f"{options.steady:g} requests/s, then {options.steady * SPIKE_FACTOR:g}/s for"
            f" {options.spike_seconds:g} s, then {options.steady:g}/s"
        )
        played = await e2e.play(
            venue, _phases(options), connections=options.connections, seed=options.seed
        )
        tell("every event ends, every bet is settled")
        settle_seconds = await _settle(venue)
        tell("checking the books")
        return await _report(options, venue, played, machine, baseline, bets_before, settle_seconds)


def _phases(options: SpikeOptions) -> tuple[load.Phase, ...]:
    steady = options.steady_seconds
    return (
        load.Phase(name="before", seconds=steady, rate=options.steady),
        load.Phase(name="spike", seconds=options.spike_seconds, rate=options.steady * SPIKE_FACTOR),
        load.Phase(name="after", seconds=steady, rate=options.steady),
    )


async def _settle(venue: Venue) -> float:
    """End every event with a win of the home side; return how long settling took."""
    clock = SystemClock()
    reports = [
        ScoreReport(event_id=event.id, score=Score(home=1, away=0)) for event in venue.people.events
    ]
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with messages.turn(
        venue.database,
        [CATALOGUE_SHARD],
        now=clock.now(),
        actor="bench",
        entropy=SystemEntropy(),
    ) as turn:
        await settlement.record_scores(turn, reports)
    for _ in range(int(SETTLE_SECONDS_MAX / _LOOK_SECONDS)):
        if not await _lag(venue):
            break
        await asyncio.sleep(_LOOK_SECONDS)
    return loop.time() - started


async def _lag(venue: Venue) -> int:
    async with venue.database.reading() as tx:
        return sum((await settlement.find_lags(tx)).values())


async def _report(
    options: SpikeOptions,
    venue: Venue,
    played: e2e.Played,
    machine: dict[str, Figure],
    baseline: float,
    bets_before: int,
    settle_seconds: float,
) -> BenchReport:
    before, spike, _ = played.result.phases
    first = len(before.latencies)
    decided = decisions.known(played.latencies[first : first + len(spike.latencies)])
    async with venue.database.reading() as tx:
        durability = await server.read_durability(tx)
    return BenchReport(
        bench="spike",
        unit="requests/s acknowledged in the spike",
        rate=len(spike.latencies) / spike.seconds,
        baseline_rate=baseline,
        ack_ms=Latency.of_seconds(spike.latencies),
        decide_ms=Latency.of_seconds(decided),
        rss_mb=played.rss_mb,
        durability=durability,
        machine=machine,
        versions=server.describe_versions(),
        options={
            "steady": options.steady,
            "steady_seconds": options.steady_seconds,
            "spike_seconds": options.spike_seconds,
            "connections": options.connections,
            "players": options.players,
            "seed": options.seed,
        },
        invariants={
            **await e2e.invariants(venue, played, bets_before=bets_before),
            "every_accepted_bet_is_settled": await books.count(venue.database, _UNSETTLED) == 0,
            "every_settlement_is_right": await books.count(venue.database, _WRONGLY_SETTLED) == 0,
        },
        figures=_figures(played.result.phases, played.drain_seconds, settle_seconds),
    )


def _figures(
    phases: Sequence[load.PhaseResult], drain_seconds: float, settle_seconds: float
) -> dict[str, Figure]:
    before, spike, after = phases
    figures: dict[str, Figure] = {
        "spike_offered_rate": round(spike.sent / spike.seconds, 1),
        "spike_refused_before_acknowledgement": sum(
            count for status, count in spike.statuses.items() if not status.startswith("2")
        ),
        "drain_seconds": round(drain_seconds, 3),
        "settle_seconds": round(settle_seconds, 3),
    }
    for phase in (before, after):
        latency = Latency.of_seconds(phase.latencies)
        if latency is not None:
            figures[f"{phase.name}_ack_ms_p99"] = latency.p99
    return figures
