"""How much memory the processes of an instance have resident, at most."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping

import psutil

LOOK_SECONDS = 0.5
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
        for name, pid in {**self._pids(), CLIENT: os.getpid()}.items():
            # Gone since it was named, or never there: its peak stays as it is.
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                if name == POSTGRES:
                    self._note_server(process)
                else:
                    self._note(name, process.memory_info().rss)

    async def _watch(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def _note_server(self, first: psutil.Process) -> None:
        for process in (first, *first.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                info = process.memory_info()
                # Linux tells what is shared; elsewhere it is counted as the process's own.
                shared = int(getattr(info, "shared", 0))
                self._note(POSTGRES, info.rss - shared)
                self._note(POSTGRES_SHARED, shared)

    def _note(self, name: str, resident: int) -> None:
        self.peaks_mb[name] = max(self.peaks_mb.get(name, 0.0), round(resident / _MB, 1))
