"""Keeps every process of an instance running on one machine, PostgreSQL included."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import structlog

from pitboss.app.home import Home, HomeTaken
from pitboss.app.roster import Post, read_roster, write_roster
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.errors import PlatformError
from pitboss.kernel.waiting import happened
from pitboss.settings import HOME_VARIABLE, RegisterSettings, Settings

# A process that ends at once is started again, but not in a tight loop.
RESTART_SECONDS_MIN = 0.2
RESTART_SECONDS_MAX = 10.0
# Who has run for this long is no longer failing to start.
HEALTHY_SECONDS = 30.0
STOP_SECONDS_MAX = 15.0
POSTGRES_LOOK_SECONDS = 1.0
_LOOK_SECONDS = 0.05

_log = structlog.get_logger("supervisor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A process to keep running: its name and the words of `pitboss` that start it."""

    name: str
    words: tuple[str, ...]
    shows_figures: bool = False


def programs_of(settings: Settings) -> tuple[Program, ...]:
    """Return the processes of a whole instance, in the order in which they start."""
    return (
        Program(name="api", words=("api",)),
        *(
            Program(
                name=f"bets-{worker}",
                words=("worker", "bets", "--worker", str(worker)),
                shows_figures=True,
            )
            for worker in range(settings.bet_workers)
        ),
        Program(name="settlement", words=("worker", "settlement"), shows_figures=True),
        Program(name="sequencer", words=("worker", "sequencer"), shows_figures=True),
        Program(name="payments", words=("worker", "payments")),
        *((Program(name="rng", words=("rng", "serve")),) if settings.rng is not None else ()),
        *(
            (Program(name="registers", words=("worker", "registers"), shows_figures=True),)
            if settings.registers != RegisterSettings()
            else ()
        ),
        *(
            Program(
                name=f"feed-{name}", words=("worker", "feed", "--feed", name), shows_figures=True
            )
            for name in settings.feeds
        ),
        Program(name="sandbox", words=("sandbox", "payments")),
    )


@dataclass(slots=True, kw_only=True)
class Supervisor:
    """Starts processes, starts them again when they end, and stops them all.

    Each child reads a pipe that only we hold open, so it stops by itself if we are killed.
    """

    settings: Settings
    programs: Sequence[Program]
    told: Callable[[str], None] = lambda text: None
    pids: dict[str, int] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=dict)
    # Where each loop shows its figures; the API does on its own port.
    metrics_ports: dict[str, int] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep everything running until told to stop; then stop the children."""
        async with asyncio.TaskGroup() as group:
            for program in self.programs:
                group.create_task(self._keep(program, stop))
            if self.settings.database_url is None:
                group.create_task(self._keep_postgres(stop))

    def _post(self) -> None:
        """Write down who runs, for Prometheus, for `pitboss top`, and for who starts after us."""
        host = self.settings.host
        ports = {**self.metrics_ports, "api": self.settings.port}
        posts = [
            Post(
                name=name,
                pid=pid,
                host=host,
                port=ports.get(name, 0),
                restarts=self.restarts.get(name, 0),
            )
            for name, pid in self.pids.items()
        ]
        try:
            write_roster(self.settings.home, posts)
        except OSError as error:
            # A full disk is no reason to stop what runs.
            _log.error("the roster cannot be written", why=str(error))

    async def _keep(self, program: Program, stop: asyncio.Event) -> None:
        wait = RESTART_SECONDS_MIN
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            started = loop.time()
            why = await self._run(program, stop)
            if stop.is_set():
                return
            self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
            _log.error("a process ended", process=program.name, why=why)
            self.told(f"{program.name} {why} and is started again")
            if loop.time() - started > HEALTHY_SECONDS:
                wait = RESTART_SECONDS_MIN
            await happened(stop, wait)
            wait = min(wait * 2, RESTART_SECONDS_MAX)

    async def _run(self, program: Program, stop: asyncio.Event) -> str:
        """Run a process until it ends or we are told to stop; return how it ended."""
        try:
            child = await self._start(program)
        except OSError as error:
            return f"does not start: {error}"
        self.pids[program.name] = child.pid
        self._post()
        ended = asyncio.create_task(child.wait())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((ended, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Also when we are cancelled: nobody is left behind.
            stopping.cancel()
            if not ended.done():
                await _stop(child, ended)
            del self.pids[program.name]
            self._post()
        return f"ended with status {child.returncode}"

    def settings_of_a_child(self, name: str) -> Settings:
        """Return what the process of this name is told."""
        return self.settings.with_changes(
            supervised=True,
            # Who owns the tables is no business of a process.
            owner_url=None,
            log_file=Home(self.settings.home).logs / f"{name}.log",
            metrics_port=self.metrics_ports.get(name, 0),
        )

    async def _start(self, program: Program) -> asyncio.subprocess.Process:
        logs = Home(self.settings.home).logs
        settings = self.settings_of_a_child(program.name)
        # What a process says before its log is set up, or as it crashes.
        with (logs / f"{program.name}.err").open("wb") as errors:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "pitboss", *program.words),
                stdin=asyncio.subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                env=settings.environment(os.environ),
                # A terminal's Ctrl-C is for us; we stop the others in order.
                start_new_session=True,
            )

    async def _keep_postgres(self, stop: asyncio.Event) -> None:
        server = EmbeddedPostgres(self.settings.home)
        while not await happened(stop, POSTGRES_LOOK_SECONDS):
            if await asyncio.to_thread(server.is_running):
                continue
            _log.error("PostgreSQL is gone")
            self.told("PostgreSQL is gone and is started again")
            try:
                await asyncio.to_thread(server.start)
            except (PlatformError, OSError) as error:
                _log.error("PostgreSQL does not start", why=str(error))
                self.told(str(error))


async def _stop(child: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    await asyncio.wait((ended,), timeout=STOP_SECONDS_MAX)
    if not ended.done():
        _log.error("a process does not stop and is killed", pid=child.pid)
        with contextlib.suppress(ProcessLookupError):
            child.kill()
    await ended


async def until_gone(home: Path) -> None:
    """Wait for the processes of a supervisor that was killed here: they are about to end.

    Raises:
        HomeTaken: one of them does not.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + STOP_SECONDS_MAX
    left = [post for post in read_roster(home) if _runs_in(home, post)]
    while left:
        if loop.time() > deadline:
            raise HomeTaken(f"process {left[0].pid} of an earlier run in {home} does not end")
        await asyncio.sleep(_LOOK_SECONDS)
        left = [post for post in left if _runs_in(home, post)]


def _runs_in(home: Path, post: Post) -> bool:
    """Say whether the process that a roster names is there; its id may be another's by now."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(post.pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return process.environ().get(HOME_VARIABLE) == str(home)
    return False


def error_file(settings: Settings, name: str) -> Path:
    """Return where a process writes what does not go to its log."""
    return Home(settings.home).logs / f"{name}.err"
