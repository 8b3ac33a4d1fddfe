"""`pitboss bench gate`: what asking the gate, and counting for it, costs a bet.

Bets are decided by the real processors in turns: by some that ask nobody and count nothing, which
is the baseline; by those of production; and by the first again, and so on.  Tables that grow slow
everything down, and a machine that is shared is slow for seconds: the gate shall not pay for that,
so each kind's median is told, and the least and the most that a turn cost beside its neighbours.
Players have limits, so that these are read and measured for every bet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from pitboss import jurisdictions, messages
from pitboss.bench import books, log, processes, server, town, worker
from pitboss.bench.report import BenchReport, Figure
from pitboss.db import Database
from pitboss.db.embedded import EmbeddedPostgres
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

GROUPS = [PARTITIONS_ALL[0::2], PARTITIONS_ALL[1::2]]
# Nobody comes near it: what is measured is that it is looked at.
LIMIT_MICROS = town.FUNDS_MICROS
LIMITED_AT_ONCE = 500
_COUNT = {
    "bets": "SELECT count(*) FROM bet",
    "accepted": "SELECT count(*) FROM bet WHERE state = 'accepted'",
    "counted": "SELECT coalesce(sum(staked), 0)::bigint FROM player_hour",
    "staked": "SELECT coalesce(sum(stake_micros), 0)::bigint FROM bet WHERE state = 'accepted'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOptions:
    """What to run: `bets` are decided in each part, and `rounds` parts ask the gate; every player
    has a day's limit of stakes, and one of losses, unless `limited` is false."""

    bets: int = 100_000
    rounds: int = 3
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


@dataclass(slots=True, kw_only=True)
class _Run:
    """What a run has in hand."""

    options: GateOptions
    started: EmbeddedPostgres
    database: Database
    bets: Iterator[PlaceBet]
    clock: Clock = field(default_factory=SystemClock)
    rss_mb: dict[str, float] = field(default_factory=dict)


async def run(options: GateOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure bets decided per second with the gate, beside the same without."""
    clock, entropy = SystemClock(), SystemEntropy()
    async with (
        server.temporary_server(folder=options.folder) as started,
        server.fresh_database(started) as database,
    ):
        tell(f"moving {options.wallets:,} players in")
        people = await town.move_in(database, players=options.wallets, clock=clock, entropy=entropy)
        if options.limited:
            tell("setting their limits")
            await _limit(database, people.players, clock, entropy)
        run = _Run(
            options=options,
            started=started,
            database=database,
            bets=town.bets(people, seed=options.seed, clock=clock, entropy=entropy),
        )
        machine = server.describe_machine(started.data)
        tell("deciding without the gate")
        alone, beside = [await _decide(run, "bets-ungated")], []
        gated = 0
        for number in range(1, options.rounds + 1):
            ungated = await books.count(database, _COUNT["staked"])
            tell(f"deciding with the gate, and without it again: {number} of {options.rounds}")
            beside.append(await _decide(run, "bets"))
            gated += await books.count(database, _COUNT["staked"]) - ungated
            alone.append(await _decide(run, "bets-ungated"))
        return await _report(run, machine, alone, beside, gated)


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
    await log.fill(run.database, run.bets, run.options.bets, clock=run.clock)
    await server.settle_down(run.database)
    full = await log.look(run.database)
    async with worker.working(loop, run.database.url, GROUPS) as workers:
        seen = processes.Processes(
            {item.name: item.pid for item in workers}, server_pid=run.started.pid()
        )
        async with seen.watched():
            first = await log.first_move(run.database, full)
            used = seen.cpu_seconds()
            drained = await log.watch(
                run.database, first, seconds=run.options.seconds, waiting_min=BATCH_MAX
            )
            spent = processes.micros_each(used, seen.cpu_seconds(), drained.decided)
            await log.drained(run.database)
    run.rss_mb |= seen.rss_mb
    rate = drained.decided / drained.seconds if drained.seconds else 0.0
    return _Part(rate=rate, spent=spent)


async def _report(
    run: _Run,
    machine: dict[str, Figure],
    alone: Sequence[_Part],
    beside: Sequence[_Part],
    gated: int,
) -> BenchReport:
    found = await books.check(run.database)
    counts = {name: await books.count(run.database, query) for name, query in _COUNT.items()}
    async with run.database.reading() as tx:
        durability = await server.read_durability(tx)
    return BenchReport(
        bench="gate",
        unit="bets/s decided with the gate asked",
        rate=median(part.rate for part in beside),
        baseline_rate=median(part.rate for part in alone),
        rss_mb=run.rss_mb,
        durability=durability,
        machine=machine,
        versions=server.describe_versions(),
        options={
            "bets": run.options.bets,
            "wallets": run.options.wallets,
            "limited": run.options.limited,
            "seed": run.options.seed,
        },
        invariants={
            **found.invariants,
            "every_command_has_one_outcome": (
                counts["bets"] == run.options.bets * (len(alone) + len(beside))
            ),
            "everybody_was_let_through": counts["accepted"] == counts["bets"],
            "what_the_gate_let_through_is_counted": counts["counted"] == gated,
        },
        figures={**_spent(alone, "ungated"), **_spent(beside, "gated"), **_added(alone, beside)},
    )


def _spent(parts: Sequence[_Part], kind: str) -> dict[str, Figure]:
    """Return what a bet cost in parts of a kind, in all and by process: the medians."""
    by_process = {
        f"{name.removesuffix('-ungated')}_{kind}": round(
            median(part.spent[name] for part in parts), 1
        )
        for name in parts[0].spent
    }
    return {f"cpu_micros_{kind}": round(median(part.micros for part in parts), 1), **by_process}


def _added(alone: Sequence[_Part], beside: Sequence[_Part]) -> dict[str, Figure]:
    """Return what the gate adds to the cost of a bet, in percent: of the medians, and of each part
    beside those right before and after it the least and the most."""
    each = [
        _percent(part.micros, (before.micros + after.micros) / 2)
        for before, part, after in zip(alone, beside, alone[1:], strict=False)
    ]
    medians = [median(part.micros for part in parts) for parts in (beside, alone)]
    return {
        "cpu_percent_added": _percent(*medians),
        "cpu_percent_added_min": min(each),
        "cpu_percent_added_max": max(each),
    }


def _percent(micros: float, alone: float) -> float:
    return round(100 * (micros / alone - 1), 1) if alone else 0.0
