"""`pitboss bench wallet`: holds in batches, in one process, against one transaction for each."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pitboss import messages, wallet
from pitboss.bench import books, processes, row_at_a_time, server, town
from pitboss.bench.report import BenchReport, Latency
from pitboss.db import Database
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy, SystemEntropy
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import PlayerId, new_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.wallet.model import Answer, Booked, HoldRequest, Refused, player_account

Tell = Callable[[str], None]
_COUNT_HOLDS = "SELECT count(*) FROM wallet_hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletOptions:
    """What to run.

    Args of note: `writers` take batches at the same time, each for its own share of the shards,
    as the processors of the log's partitions do; `folder` is where the server's home is made.
    """

    seconds: float = 10.0
    baseline_seconds: float = 5.0
    players: int = 10_000
    batch: int = 1_000
    writers: int = 2
    clients: int = row_at_a_time.CLIENTS
    seed: int = 1
    folder: Path | None = None


class HoldMade(Fact, frozen=True, kw_only=True, tag="bench.hold_made"):
    """Money was set aside."""

    player_id: PlayerId


class HoldRefused(Fact, frozen=True, kw_only=True, tag="bench.hold_refused"):
    """Money was not set aside, and why."""

    player_id: PlayerId
    reason: str


@dataclass(slots=True, kw_only=True)
class _Run:
    """What a run has in hand."""

    options: WalletOptions
    server: EmbeddedPostgres
    database: Database
    town: town.Town
    clock: Clock = field(default_factory=SystemClock)
    entropy: Entropy = field(default_factory=SystemEntropy)


async def run(options: WalletOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure holds per second, batched and row at a time, on a server of their own."""
    async with (
        server.temporary_server(folder=options.folder) as started,
        server.fresh_database(started) as database,
    ):
        tell(f"moving {options.players:,} players in")
        people = await town.move_in(
            database, players=options.players, clock=SystemClock(), entropy=SystemEntropy()
        )
        await server.settle_down(database)
        return await _measure(
            _Run(options=options, server=started, database=database, town=people), tell
        )


async def _measure(run: _Run, tell: Tell) -> BenchReport:
    options = run.options
    machine = server.describe_machine(run.server.data)
    tell(f"one transaction for each hold, {options.clients} clients")
    slow, slow_seconds = await _row_at_a_time(run)
    tell(f"batches of {options.batch:,}")
    seen = processes.Processes({"bench": os.getpid()}, server_pid=run.server.pid())
    before = seen.cpu_seconds()
    async with seen.watched():
        fast, fast_seconds, waits = await _batched(run)
    spent = processes.micros_each(before, seen.cpu_seconds(), fast)
    tell("checking the books")
    found = await books.check(run.database)
    holds = await books.count(run.database, _COUNT_HOLDS)
    told = sum(found.told[tag] for tag in ("bench.hold_made", "bench.hold_refused"))
    async with run.database.reading() as tx:
        durability = await server.read_durability(tx)
    return BenchReport(
        bench="wallet",
        unit="holds/s",
        rate=fast / fast_seconds,
        baseline_rate=slow / slow_seconds if slow else None,
        decide_ms=Latency.of_seconds(waits),
        rss_mb=seen.rss_mb,
        durability=durability,
        machine=machine,
        versions=server.describe_versions(),
        options={
            "seconds": options.seconds,
            "players": options.players,
            "batch": options.batch,
            "writers": options.writers,
            "clients": options.clients,
            "seed": options.seed,
        },
        invariants={
            **found.invariants,
            "every_hold_is_there_once": holds == slow + fast,
            "every_hold_is_told_once": told == slow + fast,
        },
        figures={
            "holds": fast,
            "row_at_a_time_holds": slow,
            "measured_seconds": fast_seconds,
            **spent,
        },
    )


async def _batched(run: _Run) -> tuple[int, float, list[float]]:
    """Have the writers hold money in batches; return holds, seconds and each batch's duration."""
    writers = run.options.writers
    lanes: list[list[PlayerId]] = [[] for _ in range(writers)]
    for player_id in run.town.players:
        lanes[shard_of(player_id) % writers].append(player_id)
    waits: list[float] = []
    started = time.perf_counter()
    done = await asyncio.gather(
        *(
            _write(run, _wishes(players, run, number), waits)
            for number, players in enumerate(lanes)
            if players
        )
    )
    return sum(done), time.perf_counter() - started, waits


async def _write(
    run: _Run, wishes: Iterator[tuple[PlayerId, HoldRequest]], waits: list[float]
) -> int:
    done = 0
    ends_at = time.perf_counter() + run.options.seconds
    while (began := time.perf_counter()) < ends_at:
        await _hold(run, [next(wishes) for _ in range(run.options.batch)])
        waits.append(time.perf_counter() - began)
        done += run.options.batch
    return done


async def _hold(run: _Run, wishes: Sequence[tuple[PlayerId, HoldRequest]]) -> None:
    async with messages.turn(
        run.database,
        {request.shard for _, request in wishes},
        now=run.clock.now(),
        actor="bench",
        entropy=run.entropy,
    ) as turn:
        answers = await wallet.book(turn, [request for _, request in wishes], unseen=True)
        for (player_id, request), answer in zip(wishes, answers, strict=True):
            turn.publish(request.shard, player_id, _fact(player_id, answer))


async def _row_at_a_time(run: _Run) -> tuple[int, float]:
    async def act(connection: server.Connection, wish: tuple[PlayerId, HoldRequest]) -> None:
        player_id, request = wish
        async with connection.transaction():
            refusal = await row_at_a_time.hold(connection, request)
            answer: Answer = (
                Booked(micros=request.micros, movement=_movement(request))
                if refusal is None
                else Refused(reason=refusal)
            )
            await row_at_a_time.tell(
                connection,
                request.shard,
                player_id,
                _fact(player_id, answer),
                clock=run.clock,
                entropy=run.entropy,
            )

    return await row_at_a_time.rate(
        run.database.url,
        _wishes(run.town.players, run, -1),
        act,
        clients=run.options.clients,
        seconds=run.options.baseline_seconds,
    )


def _wishes(
    players: Sequence[PlayerId], run: _Run, number: int
) -> Iterator[tuple[PlayerId, HoldRequest]]:
    """Return holds without end, of random players in random order."""
    chance = random.Random(f"{run.options.seed}/{number}")  # noqa: S311 - load, not secrets
    while True:
        player_id = players[int(chance.random() * len(players))]
        yield (
            player_id,
            HoldRequest(
                shard=shard_of(player_id),
                key=new_id(run.clock.now(), run.entropy),
                account_id=player_account(player_id, town.CURRENCY),
                micros=(1 + int(chance.random() * town.STAKE_UNITS_MAX)) * town.UNIT,
                currency=town.CURRENCY,
            ),
        )


def _fact(player_id: PlayerId, answer: Answer) -> Fact:
    if isinstance(answer, Refused):
        return HoldRefused(player_id=player_id, reason=answer.reason)
    ensure(answer.movement is not None, "every hold of a bench has a new key")
    return HoldMade(player_id=player_id, movements=(answer.movement,) if answer.movement else ())


def _movement(request: HoldRequest) -> Movement:
    return Movement(
        kind="hold",
        key=request.key,
        micros=request.micros,
        currency=request.currency,
        account=request.account_id,
    )
