"""A season from its file to its report: the main job of the simulation."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from fractions import Fraction

from pitboss.adapters.football_data import SeasonUnreadable, read_season
from pitboss.app.instance import Instance, start_instance
from pitboss.db import Database
from pitboss.kernel.clock import SharedClock, SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import new_id
from pitboss.settings import SandboxSettings, Settings
from pitboss.sim import wheel
from pitboss.sim.http import Client
from pitboss.sim.season.board import Board
from pitboss.sim.season.caller import Caller
from pitboss.sim.season.checks import run_checks
from pitboss.sim.season.course import Course
from pitboss.sim.season.desk import Desk
from pitboss.sim.season.evidence import Evidence, read_books, read_tables
from pitboss.sim.season.feed import Feed
from pitboss.sim.season.memory import MemoryWatch
from pitboss.sim.season.model import Progress, SeasonConfig
from pitboss.sim.season.plain import Almanac
from pitboss.sim.season.plan import Plan
from pitboss.sim.season.player import Venue
from pitboss.sim.season.programme import Programme, make_programme
from pitboss.sim.season.reckoning import reckon
from pitboss.sim.season.report import SeasonReport
from pitboss.sim.season.stopwatch import Stopwatch
from pitboss.sim.season.studio import PROVIDER, Studio
from pitboss.sim.season.tally import Tally

CLOCK_NAME = "season.clock"
# More connections only make a longer queue in front of the same cores.
CONNECTIONS = 64
# Players who are shown their wallet over HTTP at the end.
SHOWN_MAX = 25
# A provider with all its bad habits but one: which payments fail follows from their amounts,
# because their ids are drawn anew in each run.
TEMPER = SandboxSettings(
    delay_ms_max=30, failure_share=0, repeat_share=0.2, disorder_share=0.15, late_share=0.05
)


async def play(config: SeasonConfig, settings: Settings, progress: Progress) -> SeasonReport:
    """Play a season on an instance that is started for it and stopped after it; report.

    The same season and seed give the same books.  The clock of the platform moves through the
    season; the instance's other settings are as given, but for the temper of its sandbox.

    Raises:
        SeasonUnreadable: the file is no season, or has no event to bet on.
        PlatformError: the instance did not start, or failed in the middle of the season.
    """
    stopwatch = Stopwatch()
    progress.advance("the season is read", 0, config.bets)
    season = read_season(config.path)
    run = new_id(SystemClock().now(), SystemEntropy())
    programme = make_programme(season.events, seed=config.seed, run=run)
    _expect_events(config, programme)
    plan = Plan(programme, players=config.players, bets=config.bets, seed=config.seed)
    settings, clock = _on_its_own_clock(settings, programme)

    progress.advance("the platform starts", 0, config.bets)
    async with _up(settings, stopwatch) as instance:
        memory = MemoryWatch(lambda: instance.pids)
        async with (
            memory.watching(),
            Client(instance.host, instance.port, connections=CONNECTIONS) as client,
            _connected(instance) as database,
        ):
            caller = Caller(client)
            venue = _venue(caller, programme, run)
            course = Course(
                plan=plan,
                venue=venue,
                studio=Studio(caller=caller, tally=venue.tally, run=run),
                desk=Desk(caller, instance.staff_token),
                feed=Feed(database=database, clock=clock),
                clock=clock,
                stopwatch=stopwatch,
                progress=progress,
            )
            await course.run()
            progress.advance("the books are checked", config.bets, config.bets)
            with stopwatch.phase("checking"):
                evidence = await _read_evidence(instance, course, _almanac(plan, settings))
                checks = run_checks(evidence)
        progress.advance("the platform stops", config.bets, config.bets)

    return SeasonReport(
        config=config,
        events=len(programme.events),
        match_days=len(programme.days),
        races=len(programme.races),
        abandoned=sum(event.abandoned for event in programme.events),
        skipped=season.skipped,
        books=reckon(evidence, requested=config.bets),
        checks=checks,
        seconds=stopwatch.seconds,
        phases=stopwatch.phases,
        rss_mb=memory.peaks_mb,
        requests=client.requests,
    )


def _expect_events(config: SeasonConfig, programme: Programme) -> None:
    if not programme.events:
        raise SeasonUnreadable(str(config.path), "has no event that can be bet on")


def _on_its_own_clock(settings: Settings, programme: Programme) -> tuple[Settings, SharedClock]:
    """Return settings under which every process reads the season's clock, and that clock."""
    file = settings.clock_file or settings.home / CLOCK_NAME
    file.parent.mkdir(parents=True, exist_ok=True)
    clock = SharedClock.create(file, programme.begins_at)
    games = settings.games | wheel.providers(PROVIDER)
    return settings.with_changes(clock_file=file, sandbox=TEMPER, games=games), clock


def _venue(caller: Caller, programme: Programme, run: str) -> Venue:
    return Venue(
        caller=caller,
        programme=programme,
        board=Board(),
        tally=Tally(),
        wall=SystemClock(),
        run=run,
    )


@contextlib.asynccontextmanager
async def _up(settings: Settings, stopwatch: Stopwatch) -> AsyncIterator[Instance]:
    """Start an instance and stop it, and count how long either takes."""
    async with contextlib.AsyncExitStack() as stack:
        with stopwatch.phase("starting"):
            instance = await stack.enter_async_context(start_instance(settings))
        yield instance
        with stopwatch.phase("stopping"):
            await stack.aclose()


@contextlib.asynccontextmanager
async def _connected(instance: Instance) -> AsyncIterator[Database]:
    database = Database(instance.database_url, connections_max=1)
    try:
        yield database
    finally:
        await database.close()


def _almanac(plan: Plan, settings: Settings) -> Almanac:
    return Almanac(
        programme=plan.programme, moves=plan.moves, margin=Fraction(settings.cash_out.margin)
    )


async def _read_evidence(instance: Instance, course: Course, almanac: Almanac) -> Evidence:
    """Read facts and tables, and let some players look at their wallet."""
    async with _connected(instance) as database:
        books, broken_chains = await read_books(database)
        tables = await read_tables(database)
    players = course.players
    shown = players[:: max(len(players) // SHOWN_MAX, 1)]
    return Evidence(
        books=books,
        tables=tables,
        almanac=almanac,
        broken_chains=broken_chains,
        tally=course.venue.tally,
        played=course.studio.played,
        rounds=course.studio.rounds,
        players={player.id: player.number for player in players},
        shown={player.id: await player.posted_micros() for player in shown},
    )
