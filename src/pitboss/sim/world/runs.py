"""Many seeds, over some processes."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.errors import PlatformError
from pitboss.sim.world import theatre
from pitboss.sim.world.bugs import BUGS
from pitboss.sim.world.outcome import Outcome
from pitboss.sim.world.report import SimReport

# Worlds are small; so is the server they need.
SERVER_MEMORY_BYTES = 512 * 1024**2
# A world takes a fifth of a second; on the most crowded machine it does not take this long.
WORLD_SECONDS_MAX = 120.0
STORY_BYTES_MAX = 16 * 1024**2
_TELL_EVERY_SECONDS = 5.0

_read = msgspec.json.Decoder(Outcome).decode


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Where a process plays worlds, and which bug is planted in them."""

    url: str
    bug: str | None = None
    drop: bool = True


class WorldStuck(PlatformError):
    """A process that played worlds has ended, or goes on for ever; the seed is in the message."""


def run_seeds(
    seeds: Sequence[int],
    *,
    processes: int,
    tell: Callable[[str], None],
    server_url: str | None = None,
    bug: str | None = None,
) -> SimReport:
    """Play the worlds of these seeds, and return what came of them all.

    Args:
        seeds: each is played once; what comes of one does not depend on the others.
        processes: how many worlds are played at a time.  One is played in this process.
        tell: is told now and then how far it is, and of every seed that fails at once.
        server_url: a PostgreSQL where databases may be made and dropped, as a superuser; without
            it one is started for the run.
        bug: the name of a bug to plant, from `bugs.BUGS`.

    Raises:
        WorldStuck: a process gave no answer.
    """
    started = time.perf_counter()
    watch = _Progress(len(seeds), tell)
    with _server(server_url) as url:
        assignment = Assignment(url=url, bug=bug, drop=server_url is not None)
        if processes == 1:
            planted = None if bug is None else BUGS[bug]
            with theatre.opened(url, planted, drop=assignment.drop) as play:
                for seed in seeds:
                    watch.take(play(seed))
        else:
            asyncio.run(_share_out(assignment, seeds, processes, watch))
    return SimReport.of(
        watch.outcomes, seconds=time.perf_counter() - started, processes=processes, bug=bug
    )


class _Progress:
    """Collects outcomes, and says now and then how many there are."""

    def __init__(self, count: int, tell: Callable[[str], None]) -> None:
        self.outcomes: list[Outcome] = []
        self._count = count
        self._tell = tell
        self._told_at = time.perf_counter()

    def take(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        if not outcome.ok:
            self._tell(f"seed {outcome.seed} failed: {', '.join(outcome.findings)}")
        if time.perf_counter() - self._told_at > _TELL_EVERY_SECONDS:
            self._told_at = time.perf_counter()
            self._tell(f"{len(self.outcomes):,} of {self._count:,} worlds")


@contextlib.contextmanager
def _server(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    home = Path(tempfile.mkdtemp(prefix="pitboss-world-"))
    server = EmbeddedPostgres(home, memory_bytes=SERVER_MEMORY_BYTES)
    try:
        server.start()
        yield server.owner_url()
    finally:
        server.stop(immediate=True)
        shutil.rmtree(home, ignore_errors=True)


async def _share_out(
    assignment: Assignment, seeds: Sequence[int], processes: int, watch: _Progress
) -> None:
    """Let each process have the next seed as soon as it is done with one."""
    left = iter(seeds)
    async with asyncio.TaskGroup() as group:
        for _ in range(min(processes, len(seeds))):
            group.create_task(_feed(assignment, left, watch))


async def _feed(assignment: Assignment, left: Iterator[int], watch: _Progress) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pitboss.sim.world"),
        msgspec.json.encode(assignment).decode(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=STORY_BYTES_MAX,
    )
    try:
        for seed in left:
            watch.take(await _ask(process, seed))
    except BaseException:
        process.kill()
        raise
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def _ask(process: asyncio.subprocess.Process, seed: int) -> Outcome:
    if process.stdin is None or process.stdout is None:
        raise WorldStuck(f"seed {seed}: the process has no pipes")
    try:
        async with asyncio.timeout(WORLD_SECONDS_MAX):
            process.stdin.write(b"%d\n" % seed)
            await process.stdin.drain()
            line = await process.stdout.readline()
    except (TimeoutError, ConnectionError) as error:
        raise WorldStuck(f"seed {seed}: {type(error).__name__}") from error
    if not line:
        raise WorldStuck(f"seed {seed}: the process that played it has ended; see above")
    return _read(line)
