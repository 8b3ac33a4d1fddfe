"""`pitboss bench settle`: one market with very many singles, from its result to the last of them.

With more legs than one the bets are accumulators on so many events, which end one after the other:
at each end all that is not lost yet is looked at again.  The bets are taken by the real processors.
The baseline settles singles of another market, with one transaction for each.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pitboss import messages
from pitboss.bench import books, log, processes, row_at_a_time, server, slow_settle, town, worker
from pitboss.bench.report import BenchReport, Figure
from pitboss.db import Database
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy, SystemEntropy
from pitboss.kernel.ids import BetId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import CATALOGUE_SHARD, PARTITIONS_ALL, Partition, Shard
from pitboss.sportsbook import settlement
from pitboss.sportsbook.betting.model import PlaceBet
from pitboss.sportsbook.catalog.model import NewEvent
from pitboss.sportsbook.settlement.model import Recorded, Score, ScoreReport

Tell = Callable[[str], None]

LOOK_SECONDS = 0.02
# A loop that settles nothing for this long is not slow, it is broken.
STALL_SECONDS_MAX = 120.0
# What the baseline cannot settle in its time is settled by the loops as their warm-up.
SLOW_BETS_EACH_SECOND = 2_000

_OPEN = (
    "SELECT bet.shard, bet.bet_id FROM bet_leg JOIN bet USING (shard, bet_id)"
    " WHERE market_id = $1 AND state = 'accepted'"
)
_COUNT = {
    "settled": "SELECT count(*) FROM bet WHERE state = 'settled'",
    "unsettled": "SELECT count(*) FROM bet WHERE state = 'accepted'",
    "held": "SELECT count(*) FROM wallet_hold WHERE refusal IS NULL AND posted <> micros",
    "stakes": "SELECT count(*) FROM wallet_transfer WHERE hold_key IS NOT NULL",
    "won": "SELECT count(*) FROM bet WHERE returns_micros > 0",
    "returns": "SELECT count(*) FROM wallet_transfer AS item JOIN wallet_account AS payer"
    " ON payer.shard = item.shard AND payer.account_id = debit_id WHERE kind = 'house'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleOptions:
    """What to run: `bets` on one market, or on one of each of `legs` events, of `wallets` players.

    `folder` is where the server's home is made.
    """

    bets: int = 200_000
    legs: int = 1
    baseline_seconds: float = 5.0
    wallets: int = 10_000
    workers: int = 2
    clients: int = row_at_a_time.CLIENTS
    seed: int = 1
    folder: Path | None = None


@dataclass(slots=True, kw_only=True)
class _Run:
    """What a run has in hand."""

    options: SettleOptions
    server: EmbeddedPostgres
    database: Database
    people: town.Town
    clock: Clock = field(default_factory=SystemClock)
    entropy: Entropy = field(default_factory=SystemEntropy)
    placed: int = 0
    slow: int = 0
    slow_rate: float = 0.0
    seconds: float = 0.0
    figures: dict[str, Figure] = field(default_factory=dict)
    rss_mb: dict[str, float] = field(default_factory=dict)

    @property
    def played(self) -> Sequence[NewEvent]:
        """The events of the measured bets; the first of all is the baseline's."""
        return self.people.events[1 : 1 + self.options.legs]

    @property
    def groups(self) -> list[Sequence[Partition]]:
        """The partitions of each process."""
        workers = self.options.workers
        return [PARTITIONS_ALL[number::workers] for number in range(workers)]


async def run(options: SettleOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure bets settled per second, in batches and row at a time, on a server of their own."""
    clock, entropy = SystemClock(), SystemEntropy()
    async with (
        server.temporary_server(folder=options.folder) as started,
        server.fresh_database(started) as database,
    ):
        tell(f"moving {options.wallets:,} players in")
        people = await town.move_in(database, players=options.wallets, clock=clock, entropy=entropy)
        run = _Run(options=options, server=started, database=database, people=people)
        await _take_bets(run, tell)
        machine = server.describe_machine(started.data)
        tell(f"one transaction for each bet, {options.clients} clients")
        await _row_at_a_time(run)
        await _batched(run, tell)
        tell("checking the books")
        return await _report(run, machine)


async def _take_bets(run: _Run, tell: Tell) -> None:
    """Have the processors take the bets that are to be settled."""
    options, (first, *_) = run.options, run.people.events
    slow = int(SLOW_BETS_EACH_SECOND * options.baseline_seconds) + options.clients
    tell(f"taking {options.bets + slow:,} bets")
    await log.fill(run.database, _bets(run, [first]), slow, clock=run.clock)
    await log.fill(run.database, _bets(run, run.played), options.bets, clock=run.clock)
    async with worker.working("bets", run.database.url, run.groups):
        await log.drained(run.database)
    run.placed = options.bets + slow


def _bets(run: _Run, events: Sequence[NewEvent]) -> Iterator[PlaceBet]:
    """Return bets without end on all of these events, as many on each selection."""
    seed = f"{run.options.seed}/{events[0].id}"
    chance = random.Random(seed)  # noqa: S311 - load, not secrets
    return town.slips(run.people, lambda: events, chance, run.clock, run.entropy)


async def _row_at_a_time(run: _Run) -> None:
    event = run.people.events[0]
    await _record(run, event)
    async with server.connected(run.database.url) as connection:
        rows = await connection.fetch(_OPEN, event.markets[0].id)
    places = [(Shard(row["shard"]), BetId(str(row["bet_id"]))) for row in rows]
    random.Random(run.options.seed).shuffle(places)  # noqa: S311 - load, not secrets

    async def act(connection: server.Connection, place: tuple[Shard, BetId]) -> None:
        await slow_settle.settle(connection, place, clock=run.clock, entropy=run.entropy)

    run.slow, seconds = await row_at_a_time.rate(
        run.database.url,
        iter(places),
        act,
        clients=run.options.clients,
        seconds=run.options.baseline_seconds,
    )
    run.slow_rate = run.slow / seconds


async def _batched(run: _Run, tell: Tell) -> None:
    await server.settle_down(run.database)
    async with worker.working("settlement", run.database.url, run.groups) as workers:
        tell("warming up")
        await _all_settled(run)
        tell(f"settling {run.options.bets:,} bets")
        seen = processes.Processes(
            {item.name: item.pid for item in workers}, server_pid=run.server.pid()
        )
        async with seen.watched():
            used = seen.cpu_seconds()
            for event in run.played:
                await _record(run, event)
                started = time.perf_counter()
                await _all_settled(run)
                run.seconds += time.perf_counter() - started
            run.figures |= processes.micros_each(used, seen.cpu_seconds(), run.options.bets)
    run.rss_mb = seen.rss_mb


async def _record(run: _Run, event: NewEvent) -> None:
    """Report a home win."""
    async with messages.turn(
        run.database, [CATALOGUE_SHARD], now=run.clock.now(), actor="bench", entropy=run.entropy
    ) as turn:
        report = ScoreReport(event_id=event.id, score=Score(home=2, away=1))
        (answer,) = await settlement.record_scores(turn, [report])
        ensure(isinstance(answer, Recorded) and answer.changed, "a bench's event ends once")


async def _all_settled(run: _Run) -> None:
    """Wait until no partition has a result left to settle.

    Raises:
        Stalled: that takes longer than any bench should.
    """
    deadline = time.perf_counter() + STALL_SECONDS_MAX
    while True:
        async with run.database.reading() as tx:
            lags = await settlement.find_lags(tx)
        if not any(lags.values()):
            return
        if time.perf_counter() > deadline:
            raise log.Stalled(f"{lags} results are not settled")
        await asyncio.sleep(LOOK_SECONDS)


async def _report(run: _Run, machine: dict[str, Figure]) -> BenchReport:
    options = run.options
    found = await books.check(run.database)
    counts = {name: await books.count(run.database, query) for name, query in _COUNT.items()}
    async with run.database.reading() as tx:
        durability = await server.read_durability(tx)
    return BenchReport(
        bench="settle",
        unit="bets/s",
        rate=options.bets / run.seconds,
        baseline_rate=run.slow_rate,
        rss_mb=run.rss_mb,
        durability=durability,
        machine=machine,
        versions=server.describe_versions(),
        options={
            "bets": options.bets,
            "legs": options.legs,
            "wallets": options.wallets,
            "workers": options.workers,
            "clients": options.clients,
            "seed": options.seed,
        },
        invariants={
            **found.invariants,
            "every_bet_is_settled": counts["settled"] == run.placed and not counts["unsettled"],
            "every_settlement_is_told_once": found.told["bet.settled"] == run.placed,
            "no_stake_is_held": counts["held"] == 0,
            "every_stake_went_to_the_house": counts["stakes"] == run.placed,
            "every_win_is_paid_once": counts["returns"] == counts["won"],
        },
        figures={
            "bets": options.bets,
            "measured_seconds": round(run.seconds, 2),
            "row_at_a_time_bets": run.slow,
            "won": counts["won"],
            **run.figures,
        },
    )
