"""What the processes of a run use: memory at most, and processor time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import psutil

SAMPLE_SECONDS = 0.25
SERVER = "postgres"
_MB = 1024**2


class Processes:
    """Some processes by name, and PostgreSQL's whole family as one."""

    def __init__(self, pids: Mapping[str, int], *, server_pid: int | None) -> None:
        """Watch these processes.

        Args:
            pids: process ids by the name under which they are reported.
            server_pid: PostgreSQL's first process.
        """
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._server = None if server_pid is None else psutil.Process(server_pid)
        self.rss_mb: dict[str, float] = {}

    def look(self) -> None:
        """Take one sample of the memory; a process that is gone keeps its peak."""
        for name, process in self._processes.items():
            with contextlib.suppress(psutil.Error):
                self._note(name, process.memory_info().rss)
        if self._server is not None:
            with contextlib.suppress(psutil.Error):
                self._note(SERVER, _family_bytes(self._server))

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time that each has used so far."""
        used: dict[str, float] = {}
        for name, process in self._processes.items():
            with contextlib.suppress(psutil.Error):
                used[name] = _own_seconds(process)
        if self._server is not None:
            with contextlib.suppress(psutil.Error):
                used[SERVER] = _family_seconds(self._server)
        return used

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Take samples of the memory while the body runs."""
        watcher = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watcher.cancel()
            self.look()

    async def _watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(SAMPLE_SECONDS)

    def _note(self, name: str, resident: int) -> None:
        self.rss_mb[name] = max(self.rss_mb.get(name, 0.0), round(resident / _MB, 1))


def micros_each(
    before: Mapping[str, float], after: Mapping[str, float], count: int
) -> dict[str, float]:
    """Return the processor time that each spent on one of `count`, in microseconds.

    The processes that do the same work have a number at the end of their name; they are one.
    """
    spent: dict[str, float] = {}
    for name in before.keys() & after.keys():
        kind = name.rstrip("0123456789").rstrip("-")
        spent[kind] = spent.get(kind, 0.0) + after[name] - before[name]
    return {
        f"cpu_micros_{kind}": round(seconds / count * 1_000_000, 1)
        for kind, seconds in sorted(spent.items())
        if count
    }


def _own_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _family_seconds(first: psutil.Process) -> float:
    times = first.cpu_times()
    # Those that have ended are in their parent's sum.
    ended = float(times.children_user + times.children_system)
    seconds = _own_seconds(first) + ended
    for process in first.children():
        with contextlib.suppress(psutil.Error):
            seconds += _own_seconds(process)
    return seconds


def _family_bytes(first: psutil.Process) -> int:
    """Return what a server's processes have for themselves, and what they share, once."""
    own, shared = 0, 0
    for process in (first, *first.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            info = process.memory_info()
            # Linux tells what is shared; elsewhere shared pages are counted for each process.
            common = int(getattr(info, "shared", 0))
            own += info.rss - common
            shared = max(shared, common)
    return own + shared
