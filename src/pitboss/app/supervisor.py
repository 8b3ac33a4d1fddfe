"""Keeps every process of an instance running on one machine, PostgreSQL included."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from pitboss.app.home import Home
from pitboss.app.roster import Post, write_roster
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.errors import PlatformError
from pitboss.settings import Settings

# A process that ends at once is started again, but not in a tight loop.
RESTART_SECONDS_MIN = 0.2
RESTART_SECONDS_MAX = 10.0
# Who has run for this long is no longer failing to start.
HEALTHY_SECONDS = 30.0
STOP_SECONDS_MAX = 15.0
POSTGRES_LOOK_SECONDS = 1.0

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
        Program(name="payments", words=("worker", "payments")),
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
        """Keep everything running until told to stop; then stop the children, in order."""
        async with asyncio.TaskGroup() as group:
            for program in self.programs:
                group.create_task(self._keep(program, stop))
            if self.settings.database_url is None:
                group.create_task(self._keep_postgres(stop))

    def _post(self) -> None:
        """Write down who runs, for Prometheus and for `pitboss top`."""
        host = self.settings.host
        ports = {**self.metrics_ports, "api": self.settings.port}
        write_roster(
            self.settings.home,
            [
                Post(
                    name=name,
                    pid=pid,
                    host=host,
                    port=ports.get(name, 0),
                    restarts=self.restarts.get(name, 0),
                )
                for name, pid in self.pids.items()
            ],
        )

    async def _keep(self, program: Program, stop: asyncio.Event) -> None:
        wait = RESTART_SECONDS_MIN
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            started = loop.time()
            child = await self._start(program)
            self.pids[program.name] = child.pid
            self._post()
            ended = asyncio.create_task(child.wait())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((ended, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not ended.done():
                await _stop(child, ended)
                break
            self.pids.pop(program.name, None)
            self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
            _log.error("a process ended", process=program.name, status=child.returncode)
            self.told(f"{program.name} ended with status {child.returncode} and is started again")
            if loop.time() - started > HEALTHY_SECONDS:
                wait = RESTART_SECONDS_MIN
            await _happened(stop, wait)
            wait = min(wait * 2, RESTART_SECONDS_MAX)
        self.pids.pop(program.name, None)

    async def _start(self, program: Program) -> asyncio.subprocess.Process:
        logs = Home(self.settings.home).logs
        settings = self.settings.with_changes(
            supervised=True,
            log_file=logs / f"{program.name}.log",
            metrics_port=self.metrics_ports.get(program.name, 0),
        )
        # What a process says before its log is set up, or as it crashes.
        with (logs / f"{program.name}.err").open("wb") as errors:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "pitboss", *program.words),
                stdin=asyncio.subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                env={**os.environ, **settings.environment()},
                # A terminal's Ctrl-C is for us; we stop the others in order.
                start_new_session=True,
            )

    async def _keep_postgres(self, stop: asyncio.Event) -> None:
        server = EmbeddedPostgres(self.settings.home)
        while not await _happened(stop, POSTGRES_LOOK_SECONDS):
            if await asyncio.to_thread(server.is_running):
                continue
            _log.error("PostgreSQL is gone")
            self.told("PostgreSQL is gone and is started again")
            try:
                await asyncio.to_thread(server.start)
            except PlatformError as error:
                _log.error("PostgreSQL does not start", why=str(error))
                self.told(str(error))


async def _stop(child: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(asyncio.shield(ended), STOP_SECONDS_MAX)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await ended


async def _happened(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, at most this long; say whether it came."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


def error_file(settings: Settings, name: str) -> Path:
    """Return where a process writes what does not go to its log."""
    return Home(settings.home).logs / f"{name}.err"
