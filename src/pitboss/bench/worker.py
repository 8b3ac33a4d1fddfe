"""The processes that are measured: the real loops, each in a process of its own.

`python -m pitboss.bench.worker '{"loop": "bets", ...}'`; it stops when its standard input ends, so
none is left behind by a bench that is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog
import uvloop

from pitboss.app import collector
from pitboss.app.parts import BACKGROUND_NICENESS, RECORD_NICENESS, stand_back
from pitboss.app.record import open_publisher
from pitboss.bench import ungated
from pitboss.db import Database
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.shards import Partition
from pitboss.settings import Settings
from pitboss.workers import bets, settlement
from pitboss.workers.figures import Figures
from pitboss.workers.observer import Observer
from pitboss.workers.publisher import Publishing
from pitboss.workers.sequencer import Sequencer

STOP_SECONDS_MAX = 60.0


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What one process is to do."""

    loop: str
    name: str
    url: str
    partitions: tuple[int, ...]
    # Where a sequencer keeps its tiles.
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that runs."""

    name: str
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid


@contextlib.asynccontextmanager
async def working(
    loop: str, url: str, partitions: Sequence[Sequence[Partition]], *, folder: str = ""
) -> AsyncIterator[list[Worker]]:
    """Start one process for each group of partitions; stop them on leaving."""
    workers: list[Worker] = []
    try:
        for number, mine in enumerate(partitions):
            assignment = Assignment(
                loop=loop,
                name=f"{loop}-{number}",
                url=url,
                partitions=tuple(mine),
                folder=folder,
            )
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "pitboss.bench.worker"),
                msgspec.json.encode(assignment).decode(),
                stdin=asyncio.subprocess.PIPE,
            )
            workers.append(Worker(name=assignment.name, process=process))
        yield workers
    finally:
        await asyncio.gather(*map(_stop, workers))


async def _stop(worker: Worker) -> None:
    if worker.process.stdin is not None:
        worker.process.stdin.close()
    try:
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await worker.process.wait()
    except TimeoutError:
        worker.process.kill()
        await worker.process.wait()


async def _work(assignment: Assignment) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)
    partitions = [Partition(number) for number in assignment.partitions]
    database = Database(assignment.url)
    try:
        match assignment.loop:
            case "bets" | "bets-ungated":
                if assignment.loop == "bets-ungated":
                    ungated.open_the_gate()
                await bets.run(
                    database,
                    clock=SystemClock(),
                    entropy=SystemEntropy(),
                    partitions=partitions,
                    owner=assignment.name,
                    stop=stop,
                    observer=Observer(),
                )
            case "record":
                await _record(assignment, database, stop)
            case _:
                await settlement.run(
                    database,
                    clock=SystemClock(),
                    entropy=SystemEntropy(),
                    partitions=partitions,
                    stop=stop,
                    figures=Figures(),
                )
    finally:
        await database.close()


async def _record(assignment: Assignment, database: Database, stop: asyncio.Event) -> None:
    """Sequence and publish, as the process of production does."""
    settings = Settings(home=Path(assignment.folder), database_url=assignment.url)
    sequencer = Sequencer(owner=assignment.name, database=database, clock=SystemClock())
    publishing = Publishing(
        publisher=open_publisher(settings, database), may=lambda: sequencer.epoch is not None
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(sequencer.run(stop))
        group.create_task(publishing.run(stop))


def main() -> None:
    """Do what the first argument says until standard input ends."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    assignment = msgspec.json.decode(sys.argv[1], type=Assignment)
    collector.look_rarely()
    stand_back(RECORD_NICENESS if assignment.loop == "record" else BACKGROUND_NICENESS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(assignment))


if __name__ == "__main__":
    main()
