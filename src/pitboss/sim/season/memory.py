"""How much memory the processes of an instance have resident, at most."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping

import psutil

LOOK_SECONDS = 1.0
# Finding a server's children reads the whole table of processes: not at every look.
LOOKS_PER_SEARCH = 15
POSTGRES = "postgres"
POSTGRES_SHARED = "postgres_shared"
CLIENT = "client"
_MB = 1024**2


class MemoryWatch:
    """The peaks seen, by the name of the process, in MB.

    PostgreSQL is many processes around one piece of shared memory, which the system counts for
    each of them: `postgres` is the largest of them without it, `postgres_shared` is as much of it
    as any of them has touched.  `client` is the process that plays.
    """

    def __init__(self, pids: Callable[[], Mapping[str, int]]) -> None:
        self.peaks_mb: dict[str, float] = {}
        self._pids = pids
        self._known: dict[int, psutil.Process] = {}
        self._server: list[psutil.Process] = []
        self._looks = 0

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look again and again while the body runs."""
        watcher = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watcher.cancel()
            self.look()

    def look(self) -> None:
        """Look once; a process that is gone keeps its peak."""
        pids = {**self._pids(), CLIENT: os.getpid()}
        if self._looks % LOOKS_PER_SEARCH == 0:
            self._search(pids)
        self._looks += 1
        for name, pid in pids.items():
            process = self._known.get(pid)
            if process is not None and name != POSTGRES:
                with contextlib.suppress(psutil.Error):
                    self._note(name, process.memory_info().rss)
        for process in self._server:
            with contextlib.suppress(psutil.Error):
                info = process.memory_info()
                # Linux tells what is shared; elsewhere it is counted as the process's own.
                shared = int(getattr(info, "shared", 0))
                self._note(POSTGRES, info.rss - shared)
                self._note(POSTGRES_SHARED, shared)

    async def _watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def _search(self, pids: Mapping[str, int]) -> None:
        """Find the processes anew: some may have been started again."""
        self._known = {}
        for pid in pids.values():
            with contextlib.suppress(psutil.Error):
                self._known[pid] = psutil.Process(pid)
        first = self._known.get(pids.get(POSTGRES, -1))
        self._server = []
        if first is not None:
            with contextlib.suppress(psutil.Error):
                self._server = [first, *first.children(recursive=True)]

    def _note(self, name: str, resident: int) -> None:
        self.peaks_mb[name] = max(self.peaks_mb.get(name, 0.0), round(resident / _MB, 1))
