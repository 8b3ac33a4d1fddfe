"""A run from its seed to its report: an instance comes up, is broken, comes to rest, is audited."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pitboss.app.home import Home
from pitboss.app.instance import Instance, start_instance
from pitboss.app.parts import TOKENS_SECRET
from pitboss.db import Database
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.ids import PlayerId
from pitboss.settings import SandboxSettings, Settings
from pitboss.sim.audit import audit
from pitboss.sim.crash.checks import DETAILS_MAX, run_checks
from pitboss.sim.crash.crowd import Crowd
from pitboss.sim.crash.evidence import Evidence
from pitboss.sim.crash.faults import FaultMissed, Saboteur
from pitboss.sim.crash.memory import Memory, Want
from pitboss.sim.crash.model import Check, CrashConfig, FaultKind
from pitboss.sim.crash.office import Board, Office
from pitboss.sim.crash.report import CrashReport, Latency
from pitboss.sim.crash.schedule import Fault, draw_schedule
from pitboss.sim.crash.town import Passes, move_in
from pitboss.sim.http import Client

from . import store

BET_WORKERS = 2
CONNECTIONS = 96
OFFICE_CONNECTIONS = 2
# A fault that takes longer is missed; the load goes on until the last one is over.
FAULTS_LATE_SECONDS_MAX = 150.0
# Nobody is broken any more: whoever still does not know by then never will.
KNOW_SECONDS_MAX = 60.0
# A payment whose news was lost is asked about after a minute, and again after two.
REST_SECONDS_MAX = 240.0
LOOK_SECONDS = 0.2
# The provider has all its habits, but is quick: what matters is what comes twice or out of turn.
DELAY_MS_MAX = 300


@dataclass(slots=True, kw_only=True)
class _Cast:
    """Who takes part in a run; `heard` is what the supervisor had to say."""

    instance: Instance
    crowd: Crowd
    office: Office
    saboteur: Saboteur
    memory: Memory
    heard: list[str]


async def run(config: CrashConfig, *, tell: Callable[[str], None]) -> CrashReport:
    """Break an instance as the seed says, and report whether anything was lost or doubled.

    It lives in a temporary home, which is removed unless a promise was broken.
    """
    home = Path(tempfile.mkdtemp(prefix="pitboss-crash-"))
    keep = config.keep
    try:
        report = await _run(config, home, tell)
        keep = keep or not report.ok
    except Exception:
        keep = True
        tell(f"seed {config.seed} broke off; what is left is in {home}")
        raise
    finally:
        await asyncio.to_thread(EmbeddedPostgres(home).stop, immediate=not keep)
        if not keep:
            shutil.rmtree(home, ignore_errors=True)
    return report


async def _run(config: CrashConfig, home: Path, tell: Callable[[str], None]) -> CrashReport:
    settings = Settings(
        home=home,
        port=0,
        sandbox_port=0,
        database_url=None,
        clock_file=None,
        bet_workers=BET_WORKERS,
        sandbox=SandboxSettings(seed=config.seed, delay_ms_max=DELAY_MS_MAX),
    )
    tell("the platform starts")
    heard: list[str] = []
    async with (
        start_instance(settings, told=heard.append) as instance,
        Client(instance.host, instance.port, connections=CONNECTIONS) as client,
        Client(instance.host, instance.port, connections=OFFICE_CONNECTIONS) as staff,
    ):
        board, memory = Board(), Memory()
        people = await _move_in(instance, config.players)
        cast = _Cast(
            instance=instance,
            crowd=Crowd(
                client,
                people=people,
                passes=Passes(Home(home).secret(TOKENS_SECRET)),
                board=board,
                memory=memory,
                seed=config.seed,
            ),
            office=Office(staff, instance.staff_token, board, seed=config.seed),
            saboteur=Saboteur(instance, tell),
            memory=memory,
            heard=heard,
        )
        await cast.office.open()
        await cast.crowd.pay_in()
        memory.begin_again()
        tell("the faults begin")
        missed = await _break(config, cast)
        tell("the faults are over; everything comes to rest")
        loop = asyncio.get_running_loop()
        since = loop.time()
        still = await _come_to_rest(cast)
        seconds = loop.time() - since
        tell("the books are audited")
        return await _report(config, cast, (*missed, still), seconds)


async def _move_in(instance: Instance, players: int) -> Sequence[PlayerId]:
    database = Database(instance.database_url, connections_max=1)
    try:
        return await move_in(database, players=players)
    finally:
        await database.close()


async def _break(config: CrashConfig, cast: _Cast) -> tuple[Check, Check]:
    """Let clients and staff work while faults happen; return which did not, and what of a fence."""
    stop = asyncio.Event()
    schedule = draw_schedule(config.seed, seconds=config.seconds, workers=BET_WORKERS)
    async with asyncio.TaskGroup() as group:
        group.create_task(cast.crowd.play(stop, rate=config.commands_per_second))
        group.create_task(cast.office.run(stop))
        missed = await _commit_all(schedule, cast.saboteur, seconds=config.seconds)
        fences = await _show_fence(cast.saboteur)
        stop.set()
    return (
        Check(name="faults_happen_as_scheduled", details=tuple(missed[:DETAILS_MAX])),
        Check(name="a_zombie_meets_the_fence", details=fences),
    )


async def _show_fence(saboteur: Saboteur) -> tuple[str, ...]:
    """See a frozen processor fenced off, unless one was; return why not."""
    try:
        await saboteur.show_fence()
    except FaultMissed as missed:
        return (str(missed),)
    return ()


async def _commit_all(
    schedule: Sequence[Fault], saboteur: Saboteur, *, seconds: float
) -> list[str]:
    """Carry out the schedule, each fault at its time, whether or not the one before is over."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    faults: list[asyncio.Task[None]] = []
    try:
        for fault in schedule:
            await asyncio.sleep(started + fault.at - loop.time())
            faults.append(asyncio.create_task(saboteur.commit(fault)))
        await asyncio.sleep(started + seconds - loop.time())
        if faults:
            await asyncio.wait(faults, timeout=FAULTS_LATE_SECONDS_MAX)
    finally:
        for task in faults:
            task.cancel()
        ended = await asyncio.gather(*faults, return_exceptions=True)
    return [
        f"{fault.kind} at {fault.at:.1f} s: {str(error) or type(error).__name__}"
        for fault, error in zip(schedule, ended, strict=False)
        if error is not None
    ]


async def _come_to_rest(cast: _Cast) -> Check:
    """Wait until clients know everything and nothing waits any more; return what does."""
    await cast.crowd.come_to_know(KNOW_SECONDS_MAX)
    await cast.office.end_all()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + REST_SECONDS_MAX
    waiting: dict[str, int] = {"answers": 1}
    while any(waiting.values()) and loop.time() < deadline:
        await asyncio.sleep(LOOK_SECONDS)
        waiting = await _count_waiting(cast.instance.database_url)
    return Check(
        name="everything_comes_to_rest",
        details=tuple(f"{count} {name} still wait" for name, count in waiting.items() if count),
    )


async def _count_waiting(url: str) -> dict[str, int]:
    try:
        connection = await store.connect(url)
        try:
            return await store.count_waiting(connection)
        finally:
            connection.terminate()
    except store.AWAY:
        return {"databases": 1}


async def _report(
    config: CrashConfig, cast: _Cast, more: Sequence[Check], rest_seconds: float
) -> CrashReport:
    memory, url = cast.memory, cast.instance.database_url
    findings = await audit(
        url,
        acknowledged={
            told for asked in memory.asked.values() if asked.want is Want.BET for told in asked.told
        },
    )
    evidence = await read_evidence(url)
    checks = (
        *more,
        *(Check(name=name, details=details) for name, details in findings.promises.items()),
        *run_checks(memory, evidence),
    )
    kept = config.keep or not all(check.ok for check in checks)
    states = Counter(evidence.bets.values())
    return CrashReport(
        seed=config.seed,
        minutes=config.minutes,
        faults={kind: cast.saboteur.done[kind] for kind in FaultKind},
        acknowledged=memory.acknowledged,
        decided=len(evidence.bets),
        accepted=len(evidence.bets) - states["refused"],
        refused=states["refused"],
        settled=states["settled"] + states["voided"],
        payments=len(evidence.payments),
        requests=memory.requests,
        retries=memory.retries,
        repeats=memory.repeats,
        restarts=_restarts(cast),
        connections_cut=cast.saboteur.cut,
        zombies_fenced=cast.saboteur.fenced,
        longest_outage_seconds=memory.longest_outage_seconds,
        ack_ms=Latency.of_seconds(memory.ack_seconds),
        rest_seconds=rest_seconds,
        checks=checks,
        home=str(cast.instance.settings.home) if kept else None,
    )


def _restarts(cast: _Cast) -> dict[str, int]:
    """Return how often each process was started again; the supervisor only tells of the server."""
    servers = sum(text.startswith("PostgreSQL is gone") for text in cast.heard)
    return {**dict(sorted(cast.instance.supervisor.restarts.items())), "postgres": servers}


async def read_evidence(url: str) -> Evidence:
    """Return what the tables of the database at this URL say."""
    connection = await store.connect(url)
    try:
        return await store.read_evidence(connection)
    finally:
        connection.terminate()
