"""`pitboss bench gate`: what asking the gate, and counting for it, adds to the cost of a bet.

First bets are acknowledged by a real API, which tells what one costs until it is in the log.  Then
bets are decided by the real processors in turns: by some that ask nobody and count nothing, which
is the baseline; by those of production; and by the first again, and so on.  Tables that grow slow
everything down, and a machine that is shared is slow for seconds, which is not the gate's cost: of
each kind the best part is told.  Players have limits, which are read and measured for every bet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pitboss import jurisdictions, messages
from pitboss.bench import books, load, log, processes, server, town, worker
from pitboss.bench.report import BenchReport, Figure
from pitboss.bench.venue import Venue, open_venue
from pitboss.db import Database
from pitboss.jurisdictions.model import LimitKind, Period
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy, SystemEntropy
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import PARTITIONS_ALL, shard_of
from pitboss.responsible import limits
from pitboss.responsible.limits.model import Change, LimitKey
from pitboss.sportsbook.betting.model import PlaceBet
from pitboss.workers.bets import BATCH_MAX

Tell = Callable[[str], None]

PLACE_PATH = "/v1/bets"
GROUPS = [PARTITIONS_ALL[0::2], PARTITIONS_ALL[1::2]]
# Nobody comes near it: what is measured is that it is looked at.
LIMIT_MICROS = town.FUNDS_MICROS
LIMITED_AT_ONCE = 500
_COUNT = {
    "bets": "SELECT count(*) FROM bet",
    # A slip that comes twice by chance is no matter of the gate.
    "let through": (
        "SELECT count(*) FROM bet WHERE state = 'accepted' OR refusal = 'duplicate_slip'"
    ),
    "counted": "SELECT coalesce(sum(staked), 0)::bigint FROM player_hour",
    "staked": "SELECT coalesce(sum(stake_micros), 0)::bigint FROM bet WHERE state = 'accepted'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOptions:
    """What to run: `bets` are decided in each part, and `rounds` parts ask the gate; every player
    has a day's limit of stakes, and one of losses, unless `limited` is false."""

    bets: int = 100_000
    rounds: int = 5
    acknowledge_seconds: float = 5.0
    connections: int = 64
    seconds: float = 60.0
    wallets: int = 10_000
    limited: bool = True
    seed: int = 1
    folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one part came to: bets decided in a second, and processor time for each of them."""

    rate: float
    spent: dict[str, float]

    @property
    def micros(self) -> float:
        """Of all processes together."""
        return sum(self.spent.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What came of a run: bets acknowledged and what each cost, and the parts of both kinds.

    `staked` is what the parts that ask the gate have let through, in micros.
    """

    acknowledged: int
    spent: dict[str, float]
    alone: Sequence[_Part]
    beside: Sequence[_Part]
    staked: int


@dataclass(slots=True, kw_only=True)
class _Run:
    """What a run has in hand."""

    options: GateOptions
    venue: Venue
    bets: Iterator[PlaceBet]
    clock: Clock = field(default_factory=SystemClock)
    rss_mb: dict[str, float] = field(default_factory=dict)


async def run(options: GateOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure bets decided per second with the gate, beside the same without."""
    clock, entropy = SystemClock(), SystemEntropy()
    tell(f"an instance with {options.wallets:,} players starts")
    async with open_venue(players=options.wallets, only=("api",), folder=options.folder) as venue:
        if options.limited:
            tell("setting their limits")
            await _limit(venue.database, venue.people.players, clock, entropy)
        run = _Run(
            options=options,
            venue=venue,
            bets=town.bets(venue.people, seed=options.seed, clock=clock, entropy=entropy),
        )
        machine = server.describe_machine(venue.home)
        tell("acknowledging")
        acknowledged, spent = await _acknowledge(run)
        return await _report(run, machine, await _alternate(run, acknowledged, spent, tell))


async def _acknowledge(run: _Run) -> tuple[int, dict[str, float]]:
    """Send bets over HTTP; return how many were acknowledged, and what each cost."""
    options, venue = run.options, run.venue
    phase = load.Phase(name="acknowledge", seconds=options.acknowledge_seconds, rate=0)
    task = venue.task(
        path=PLACE_PATH,
        connections=options.connections,
        phases=(phase,),
        slips=0,
        seed=options.seed,
    )
    pids = venue.instance.pids
    seen = processes.Processes({"api": pids["api"]}, server_pid=pids["postgres"])
    async with seen.watched():
        used = seen.cpu_seconds()
        sent = await load.send(task, venue.home)
        spent = processes.micros_each(used, seen.cpu_seconds(), len(sent.bets))
    run.rss_mb |= seen.rss_mb
    return len(sent.bets), spent


async def _alternate(run: _Run, acknowledged: int, spent: dict[str, float], tell: Tell) -> _Found:
    """Decide without the gate and with it in turns, what was acknowledged first."""
    database, rounds = run.venue.database, run.options.rounds
    tell("deciding what was acknowledged")
    async with worker.working("bets-ungated", database.url, GROUPS):
        await log.drained(database)
    alone, beside, staked = [await _decide(run, "bets-ungated")], [], 0
    for number in range(1, rounds + 1):
        before = await books.count(database, _COUNT["staked"])
        tell(f"deciding with the gate, and without it again: {number} of {rounds}")
        beside.append(await _decide(run, "bets"))
        staked += await books.count(database, _COUNT["staked"]) - before
        alone.append(await _decide(run, "bets-ungated"))
    return _Found(acknowledged=acknowledged, spent=spent, alone=alone, beside=beside, staked=staked)


async def _limit(
    database: Database, players: Sequence[PlayerId], clock: Clock, entropy: Entropy
) -> None:
    """Set a day's limit of stakes and one of losses for every player."""
    licence = jurisdictions.get(town.JURISDICTION)
    for start in range(0, len(players), LIMITED_AT_ONCE):
        mine = players[start : start + LIMITED_AT_ONCE]
        async with messages.turn(
            database,
            {shard_of(player_id) for player_id in mine},
            now=clock.now(),
            actor="bench",
            entropy=entropy,
        ) as turn:
            for player_id in mine:
                for kind in (LimitKind.STAKE, LimitKind.LOSS):
                    key = LimitKey(kind=kind, period=Period.DAY)
                    wish = Change(player_id=player_id, key=key, value=LIMIT_MICROS)
                    await limits.change(turn, wish, licence)


async def _decide(run: _Run, loop: str) -> _Part:
    """Fill the log and let the processors empty it."""
    database = run.venue.database
    await log.fill(database, run.bets, run.options.bets, clock=run.clock)
    await server.settle_down(database)
    full = await log.look(database)
    async with worker.working(loop, database.url, GROUPS) as workers:
        seen = processes.Processes(
            {item.name: item.pid for item in workers},
            server_pid=run.venue.instance.pids["postgres"],
        )
        async with seen.watched():
            first = await log.first_move(database, full)
            used = seen.cpu_seconds()
            drained = await log.watch(
                database, first, seconds=run.options.seconds, waiting_min=BATCH_MAX
            )
            spent = processes.micros_each(used, seen.cpu_seconds(), drained.decided)
            await log.drained(database)
    run.rss_mb |= seen.rss_mb
    rate = drained.decided / drained.seconds if drained.seconds else 0.0
    return _Part(rate=rate, spent=spent)


async def _report(run: _Run, machine: dict[str, Figure], found: _Found) -> BenchReport:
    options, database = run.options, run.venue.database
    checked = await books.check(database)
    counts = {name: await books.count(database, query) for name, query in _COUNT.items()}
    parts = len(found.alone) + len(found.beside)
    async with database.reading() as tx:
        durability = await server.read_durability(tx)
    return BenchReport(
        bench="gate",
        unit="bets/s decided with the gate asked",
        rate=max(part.rate for part in found.beside),
        baseline_rate=max(part.rate for part in found.alone),
        rss_mb=run.rss_mb,
        durability=durability,
        machine=machine,
        versions=server.describe_versions(),
        options={
            "bets": options.bets,
            "rounds": options.rounds,
            "wallets": options.wallets,
            "limited": options.limited,
            "seed": options.seed,
        },
        invariants={
            **checked.invariants,
            "every_command_has_one_outcome": (
                counts["bets"] == found.acknowledged + options.bets * parts
            ),
            "everybody_was_let_through": counts["let through"] == counts["bets"],
            "what_the_gate_let_through_is_counted": counts["counted"] == found.staked,
        },
        figures=_figures(found),
    )


def _figures(found: _Found) -> dict[str, Figure]:
    alone, beside = _cheapest(found.alone), _cheapest(found.beside)
    acknowledging = sum(found.spent.values())
    return {
        "cpu_micros_acknowledging": round(acknowledging, 1),
        "cpu_micros_ungated": round(alone.micros, 1),
        "cpu_micros_gated": round(beside.micros, 1),
        **{f"{name}_acknowledging": value for name, value in found.spent.items()},
        **_named(alone, "ungated"),
        **_named(beside, "gated"),
        "cpu_percent_added_from_request": _percent(
            acknowledging + beside.micros, acknowledging + alone.micros
        ),
        "cpu_percent_added_to_deciding": _percent(beside.micros, alone.micros),
    }


def _cheapest(parts: Sequence[_Part]) -> _Part:
    return min(parts, key=lambda part: part.micros)


def _named(part: _Part, kind: str) -> dict[str, Figure]:
    """Return what each kind of process spent on a bet in a part, under names of that part."""
    return {f"{name.removesuffix('-ungated')}_{kind}": value for name, value in part.spent.items()}


def _percent(micros: float, alone: float) -> float:
    return round(100 * (micros / alone - 1), 1) if alone else 0.0
