"""Each fault, carried out: signals to real processes, and sessions of a real server cut off."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import TypeVar

from pitboss.app.home import Home
from pitboss.app.instance import Instance
from pitboss.app.parts import partitions_of
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.errors import PlatformError
from pitboss.sim.crash.model import FaultKind
from pitboss.sim.crash.schedule import Fault

from . import store

# A victim that is just being started again is waited for; the supervisor pauses up to ten seconds.
VICTIM_SECONDS_MAX = 30.0
LOOK_SECONDS = 0.05
# Sessions are in the middle of a transaction for milliseconds: look often, until some were cut.
CUTS_WANTED = 5
CUT_LOOK_SECONDS = 0.005
CUT_SECONDS_MAX = 20.0
# A lease, a session that idles in its transaction, and a server that is away meanwhile.
TAKEOVER_SECONDS_MAX = 60.0
FENCED_SECONDS_MAX = 10.0
FENCE_TRIES_MAX = 3
# Every other time a processor is frozen between two transactions: then its session lives on and
# only the fence keeps it out.  In a transaction it keeps its locks until the server ends it.
# Others too are in the middle of one for a moment, longer where processors are few: look as long.
REST_LOOK_SECONDS = 0.6
REST_TRIES_MAX = 40
STOP_SECONDS_MAX = 10.0

_FENCED = b'"fenced off"'
_VICTIMS = {
    FaultKind.API_KILLED: "api",
    FaultKind.SETTLEMENT_KILLED: "settlement",
    FaultKind.SEQUENCER_KILLED: "sequencer",
    FaultKind.PAYMENTS_KILLED: "payments",
    FaultKind.PROVIDER_KILLED: "sandbox",
    FaultKind.POSTGRES_KILLED: "postgres",
}

T = TypeVar("T")


class FaultMissed(PlatformError):
    """A fault could not be carried out, so the run shows less than it says."""


class Saboteur:
    """Breaks what it is told to break, and counts what it really broke."""

    def __init__(self, instance: Instance, tell: Callable[[str], None]) -> None:
        self._instance = instance
        self._tell = tell
        self._frozen: set[int] = set()
        # One processor is frozen at a time, so that the kill of another finds one.
        self._freezing = asyncio.Lock()
        self._stand_ins = 0
        self._freezes = 0
        self.done: Counter[FaultKind] = Counter()
        self.cut = 0
        self.fenced = 0

    async def commit(self, fault: Fault) -> None:
        """Carry out one fault; a frozen processor is watched until it woke up and was fenced.

        Raises:
            FaultMissed: it could not be done.
        """
        match fault.kind:
            case FaultKind.PROCESSOR_KILLED:
                await self._kill(f"bets-{self._awake(fault.worker)}")
            case FaultKind.PROCESSOR_FROZEN:
                async with self._freezing:
                    self._freezes += 1
                    await self._freeze(fault.worker, at_rest=self._freezes % 2 == 1)
            case FaultKind.POSTGRES_STOPPED:
                server = EmbeddedPostgres(self._instance.settings.home)
                await self._victim("postgres")
                await asyncio.to_thread(server.stop, immediate=True)
            case FaultKind.BACKEND_KILLED:
                await self._kill_backend()
            case FaultKind.CONNECTIONS_CUT:
                await self._cut()
            case _:
                await self._kill(_VICTIMS[fault.kind])
        self.done[fault.kind] += 1
        self._tell(f"{fault.kind.replace('_', ' ')} at {fault.at:.1f} s")

    async def show_fence(self) -> None:
        """Freeze a processor once more if none met the fence: one whose session was gone had none.

        To be called when the other faults are over, so that no server is restarted meanwhile.

        Raises:
            FaultMissed: it woke up, and was still not fenced.
        """
        for _ in range(FENCE_TRIES_MAX):
            if self.fenced:
                return
            self._tell("no zombie met the fence yet: one is frozen again")
            await self._freeze(0, at_rest=True)
        if not self.fenced:
            raise FaultMissed("no zombie met the fence")

    async def _victim(self, name: str) -> int:
        return await _until(
            lambda: _soon(self._instance.pids.get(name)),
            seconds=VICTIM_SECONDS_MAX,
            missed=f"{name} did not run",
        )

    async def _kill(self, name: str) -> None:
        os.kill(await self._victim(name), signal.SIGKILL)

    def _awake(self, worker: int) -> int:
        """Return this worker, or the next if it is frozen: its death would not be seen."""
        workers = self._instance.settings.bet_workers
        return (worker + 1) % workers if worker in self._frozen else worker

    async def _kill_backend(self) -> None:
        """Kill one session's process: the server then restarts all of itself."""

        async def one() -> int | None:
            return await self._ask(store.find_backend)

        pid = await _until(one, seconds=VICTIM_SECONDS_MAX, missed="nobody was connected")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    async def _cut(self) -> None:
        """Cut sessions that have written and not committed, until that were some."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CUT_SECONDS_MAX
        cut = 0
        while cut < CUTS_WANTED and loop.time() < deadline:
            cut += await self._ask(_cut_some) or 0
        if not cut:
            raise FaultMissed("nobody was seen in the middle of a transaction")
        self.cut += cut

    async def _ask(self, question: Callable[[store.Connection], Awaitable[T]]) -> T | None:
        """Ask the server over a connection of our own; None if it is away."""
        try:
            connection = await store.connect(self._instance.database_url)
        except store.AWAY:
            await asyncio.sleep(LOOK_SECONDS)
            return None
        try:
            return await question(connection)
        except store.AWAY:
            return None
        finally:
            connection.terminate()

    async def _freeze(self, worker: int, *, at_rest: bool) -> None:
        """Stop a processor, let another take over and work, wake the first, count its fences."""
        name = f"bets-{worker}"
        partitions = partitions_of(worker, self._instance.settings.bet_workers)
        pid = await self._at_work(name, partitions)
        fenced_before = self._fenced_times(name)
        self._frozen.add(worker)
        try:
            await self._stop(pid, at_rest=at_rest)
            # It is given nothing before the lease of the frozen one has run out.
            async with self._stand_in(worker) as owner:
                await self._processed(partitions, owner)
                os.kill(pid, signal.SIGCONT)
                with contextlib.suppress(FaultMissed):
                    # It may find its session gone instead, and then asks whose turn it is.
                    await _until(
                        lambda: _soon(self._fenced_times(name) > fenced_before or None),
                        seconds=FENCED_SECONDS_MAX,
                        missed="the zombie was not fenced",
                    )
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
            self._frozen.discard(worker)
        self.fenced += self._fenced_times(name) - fenced_before

    async def _stop(self, pid: int, *, at_rest: bool) -> None:
        """Stop a process, as far as possible when it has no transaction open."""
        os.kill(pid, signal.SIGSTOP)
        for _ in range(REST_TRIES_MAX if at_rest else 0):
            await asyncio.sleep(REST_LOOK_SECONDS)
            # None is no answer: the server is away, and whether one was open is not known.
            if await self._ask(lambda item: store.count_stuck(item, REST_LOOK_SECONDS / 2)) == 0:
                return
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(LOOK_SECONDS)
            os.kill(pid, signal.SIGSTOP)

    async def _at_work(self, name: str, partitions: Collection[int]) -> int:
        """Wait until a processor is at work, and return its process: only such a one is missed."""
        while True:
            pid = await self._victim(name)
            await self._processed(partitions, f":{name}")
            if pid == self._instance.pids.get(name):
                return pid

    async def _processed(self, partitions: Collection[int], owner: str) -> None:
        """Wait until an owner with this end of a name has each partition and processes in one."""
        first: Mapping[int, store.Place] = {}

        async def moved() -> bool | None:
            nonlocal first
            places = await self._ask(lambda item: store.find_places(item, partitions))
            if places is None or not all(item.owner.endswith(owner) for item in places.values()):
                return None
            first = first or places
            return places != first or None

        await _until(moved, seconds=TAKEOVER_SECONDS_MAX, missed=f"{owner} does not process")

    @contextlib.asynccontextmanager
    async def _stand_in(self, worker: int) -> AsyncIterator[str]:
        """Run another processor for the partitions of this one; yield the name it owns them by."""
        self._stand_ins += 1
        owner = f"stand-in-{self._stand_ins}"
        logs = Home(self._instance.settings.home).logs
        settings = self._instance.settings.with_changes(
            supervised=True, log_file=logs / f"stand-in-{worker}.log", metrics_port=0
        )
        with (logs / f"stand-in-{worker}.err").open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "pitboss.sim.crash.stand_in", str(worker), owner),
                # It ends when we do: we hold the other end.
                stdin=asyncio.subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                env=settings.environment(os.environ),
                start_new_session=True,
            )
        try:
            yield owner
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS_MAX):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()

    def _fenced_times(self, name: str) -> int:
        """Return how often a processor has noted that it was fenced off."""
        try:
            log = (Home(self._instance.settings.home).logs / f"{name}.log").read_bytes()
        except FileNotFoundError:
            return 0
        return log.count(_FENCED)


async def _cut_some(connection: store.Connection) -> int:
    """Look for a while, over one connection."""
    cut = 0
    for _ in range(100):
        cut += await store.cut_writers(connection)
        if cut >= CUTS_WANTED:
            break
        await asyncio.sleep(CUT_LOOK_SECONDS)
    return cut


async def _soon(value: T) -> T:
    """Return a value as something to be awaited."""
    return value


async def _until(look: Callable[[], Awaitable[T | None]], *, seconds: float, missed: str) -> T:
    """Look until there is something, and return it.

    Raises:
        FaultMissed: there was nothing in this time.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while loop.time() < deadline:
        found = await look()
        if found is not None:
            return found
        await asyncio.sleep(LOOK_SECONDS)
    raise FaultMissed(missed)
