"""How much memory the processes of a run have resident, at most."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import psutil

SAMPLE_SECONDS = 0.25
_MB = 1024**2


class Resident:
    """The peaks of the processes that are watched, by name, in MB."""

    def __init__(self, processes: Mapping[str, int], *, server_pid: int | None) -> None:
        """Watch these processes and the whole family of the server's first one.

        Args:
            processes: process ids by the name under which they are reported.
            server_pid: PostgreSQL's first process; its memory is reported as one figure.
        """
        self._processes = {name: psutil.Process(pid) for name, pid in processes.items()}
        self._server = None if server_pid is None else psutil.Process(server_pid)
        self.peaks_mb: dict[str, float] = {}

    def look(self) -> None:
        """Take one sample; a process that is gone keeps its peak."""
        for name, process in self._processes.items():
            with contextlib.suppress(psutil.Error):
                self._note(name, process.memory_info().rss)
        if self._server is not None:
            with contextlib.suppress(psutil.Error):
                self._note("postgres", _family_bytes(self._server))

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Take samples while the body runs."""
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
        self.peaks_mb[name] = max(self.peaks_mb.get(name, 0.0), round(resident / _MB, 1))


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
