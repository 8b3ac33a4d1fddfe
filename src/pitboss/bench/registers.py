"""`pitboss bench registers`: a daily check of very many players, and what bets beside it wait.

Bets come at an even pace, whatever the answers do: for a while without a check, then while a
register is asked about everybody, then without again.  The bettors share their shards with those
who are asked about; the register is the sandbox's GAMSTOP in this process, so what is measured is
what the check costs the platform.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx

from pitboss import messages
from pitboss.adapters.registers.asking import Asker
from pitboss.adapters.registers.gamstop import GamstopClient
from pitboss.bench import books, decisions, log, processes, server, town, worker
from pitboss.bench.report import BenchReport, Latency, percentile
from pitboss.db import Database
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy, SystemEntropy
from pitboss.kernel.ids import PlayerId, derived_id, new_id
from pitboss.kernel.shards import PARTITIONS_ALL, shard_of
from pitboss.players import identity, personal
from pitboss.players.identity.model import Email, Name, RegisterRequest
from pitboss.players.personal.model import PersonalKeys
from pitboss.sandbox.registers import SandboxRegisters
from pitboss.sportsbook.betting.model import PlaceBet
from pitboss.workers.registers import Loop

Tell = Callable[[str], None]

JURISDICTION, CURRENCY = "GB", "GBP"
BETTORS = 2_000
WORKERS = 2
MOVE_IN_AT_ONCE = 1_000
# Every so many people is one whom the register names.
NAMED_EVERY = 100
# Processors that have just started are slower for a while.
WARM_UP_SECONDS = 3.0
# Beside a check the unlucky bets may wait so many times as long as without, or so many seconds.
LONGER_MAX = 2.0
WAIT_SECONDS_MAX = 0.25
CHECK_SECONDS_MAX = 900.0
_KEY = "the bench's key"

_CHECKED = "SELECT count(*) FROM register_standing WHERE answer IS NOT NULL"
_EXCLUDED = "SELECT count(*) FROM player_exclusion WHERE initiator = 'register'"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistersOptions:
    """What to run: a check of so many players beside `rate` bets a second.

    `seconds` is how long bets run without the check, before it and after it.
    """

    players: int = 100_000
    rate: float = 1_000.0
    seconds: float = 10.0
    seed: int = 1
    folder: Path | None = None


@dataclass(slots=True, kw_only=True)
class _Phase:
    """Bets of one phase: which, and when each was due."""

    bets: list[str] = field(default_factory=list)
    dues: list[float] = field(default_factory=list)
    seconds: float = 0.0
    latencies: list[float | None] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Bets per second."""
        return len(self.bets) / self.seconds if self.seconds else 0.0


@dataclass(slots=True, kw_only=True)
class _Run:
    """What a run has in hand."""

    options: RegistersOptions
    database: Database
    keys: PersonalKeys
    bets: Iterator[PlaceBet]
    clock: Clock
    entropy: Entropy


async def run(options: RegistersOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure players checked each second, and what bets beside them wait, on an own server."""
    clock, entropy = SystemClock(), SystemEntropy()
    async with (
        server.temporary_server(folder=options.folder) as started,
        server.fresh_database(started) as database,
    ):
        tell(f"moving {options.players:,} players in, and {BETTORS:,} who bet")
        keys = personal.draw_keys(entropy)
        people = await town.move_in(database, players=BETTORS, clock=clock, entropy=entropy)
        run = _Run(
            options=options,
            database=database,
            keys=keys,
            bets=town.bets(people, seed=options.seed, clock=clock, entropy=entropy),
            clock=clock,
            entropy=entropy,
        )
        await _move_in(run)
        await server.settle_down(database)
        return await _measure(run, started, tell)


async def _measure(run: _Run, started: EmbeddedPostgres, tell: Tell) -> BenchReport:
    groups = [PARTITIONS_ALL[number::WORKERS] for number in range(WORKERS)]
    sandbox = SandboxRegisters(_KEY)
    async with worker.working("bets", run.database.url, groups) as workers:
        pids = {item.name: item.pid for item in workers} | {"bench": os.getpid()}
        seen = processes.Processes(pids, server_pid=started.pid())
        async with seen.watched(), decisions.followed(run.database) as trail:
            await _bets(run, until=asyncio.create_task(asyncio.sleep(WARM_UP_SECONDS)))
            await log.drained(run.database)
            tell("bets without the check")
            before = await _bets(run, until=asyncio.create_task(_pause(run)))
            tell(f"bets beside a check of {run.options.players:,} players")
            checking = asyncio.create_task(_check(run, sandbox))
            beside = await _bets(run, until=checking)
            tell("bets without the check")
            after = await _bets(run, until=asyncio.create_task(_pause(run)))
            await log.drained(run.database)
            await asyncio.sleep(10 * decisions.LOOK_SECONDS)
        for phase in (before, beside, after):
            phase.latencies = await decisions.decide_latencies(
                run.database, trail, phase.bets, phase.dues
            )
    tell("checking the books")
    async with run.database.reading() as tx:
        durability = await server.read_durability(tx)
    report = await _invariants(run, sandbox, (before, beside, after))
    return BenchReport(
        bench="registers",
        unit="players checked/s",
        rate=run.options.players / beside.seconds,
        baseline_rate=None,
        decide_ms=Latency.of_seconds(decisions.known(beside.latencies)),
        rss_mb=seen.rss_mb,
        durability=durability,
        machine=server.describe_machine(started.data),
        versions=server.describe_versions(),
        options={
            "players": run.options.players,
            "rate": run.options.rate,
            "seconds": run.options.seconds,
            "seed": run.options.seed,
        },
        invariants=report,
        figures={
            "check_seconds": round(beside.seconds, 1),
            **_figures("before", before),
            **_figures("beside", beside),
            **_figures("after", after),
        },
    )


async def _invariants(
    run: _Run, sandbox: SandboxRegisters, phases: Sequence[_Phase]
) -> dict[str, bool]:
    players = run.options.players
    latencies = [item for phase in phases for item in phase.latencies]
    found = decisions.known(latencies)
    named = -(-players // NAMED_EVERY)
    return {
        "everybody_was_checked": await books.count(run.database, _CHECKED) == players,
        "everybody_was_asked_about_once": sandbox.asked.get("gamstop") == players,
        "whom_the_register_names_is_excluded": await books.count(run.database, _EXCLUDED) == named,
        "every_bet_was_decided": len(found) == len(latencies),
        "bets_beside_it_wait_no_longer": _p99(phases[1])
        <= max(WAIT_SECONDS_MAX, LONGER_MAX * max(_p99(phases[0]), _p99(phases[2]))),
        **(await books.check(run.database)).invariants,
    }


async def _bets(run: _Run, *, until: asyncio.Task[None]) -> _Phase:
    """Append bets at an even pace until a task is done; each is due when the pace says so."""
    phase, epoch = _Phase(), SystemClock().now().timestamp() - time.monotonic()
    started = time.monotonic()
    while not until.done():
        await asyncio.sleep(log.LOOK_SECONDS)
        due = int((time.monotonic() - started) * run.options.rate)
        fresh = [next(run.bets) for _ in range(due - len(phase.bets))]
        if not fresh:
            continue
        phase.dues += [
            started + (len(phase.bets) + number) / run.options.rate + epoch
            for number in range(len(fresh))
        ]
        phase.bets += [bet.bet_id for bet in fresh]
        async with run.database.transaction() as tx:
            await messages.append(tx, [town.entry(bet) for bet in fresh], now=run.clock.now())
    phase.seconds = time.monotonic() - started
    await until
    return phase


async def _pause(run: _Run) -> None:
    await asyncio.sleep(run.options.seconds)


async def _check(run: _Run, sandbox: SandboxRegisters) -> None:
    """Have the real loop ask about everybody, as its process does."""
    async with (
        asyncio.timeout(CHECK_SECONDS_MAX),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox)) as http,
    ):
        base = "http://sandbox/registers/gamstop"
        loop = Loop(
            client=GamstopClient(
                f"{base}/v2", f"{base}/batch/v2", _KEY, asker=Asker("GAMSTOP", client=http)
            ),
            database=run.database,
            keys=run.keys,
            clock=run.clock,
            entropy=run.entropy,
        )
        while await books.count(run.database, _CHECKED) < run.options.players:
            loop.search_now()
            await loop.round()


async def _move_in(run: _Run) -> None:
    players = run.options.players
    for start in range(0, players, MOVE_IN_AT_ONCE):
        requests = [
            _registration(number, PlayerId(new_id(run.clock.now(), run.entropy)))
            for number in range(start, min(start + MOVE_IN_AT_ONCE, players))
        ]
        shards = {shard_of(request.player_id) for request in requests}
        async with messages.turn(
            run.database, shards, now=run.clock.now(), actor="bench", entropy=run.entropy
        ) as turn:
            await identity.register(turn, requests, keys=run.keys)


def _registration(number: int, player_id: PlayerId) -> RegisterRequest:
    return RegisterRequest(
        key=derived_id("bench.registers", str(number)),
        player_id=player_id,
        jurisdiction=JURISDICTION,
        currency=CURRENCY,
        email=Email(f"player{number}@bench.test"),
        password_hash="-",  # noqa: S106 - nobody logs in with it
        given_name=Name(f"Ada {number}"),
        family_name=Name("Lovelace" if number % NAMED_EVERY else "Excluded"),
        born_on=date(1990, 1, 1),
        postcode=Name("E1 1AA"),
    )


def _p99(phase: _Phase) -> float:
    """Return the seconds that only one bet of a hundred waited longer than."""
    found = sorted(decisions.known(phase.latencies))
    return percentile(found, 0.99) if found else 0.0


def _figures(name: str, phase: _Phase) -> dict[str, float]:
    found = Latency.of_seconds(decisions.known(phase.latencies)) or Latency(p50=0, p99=0, p999=0)
    return {
        f"{name}_bets_per_second": round(phase.rate, 1),
        f"{name}_p50_ms": found.p50,
        f"{name}_p99_ms": found.p99,
        f"{name}_p999_ms": found.p999,
    }
