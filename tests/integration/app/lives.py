"""Who is alive: a process that only waits to be collected is not."""

from __future__ import annotations

from collections.abc import Iterable

import psutil


def living(pids: Iterable[int]) -> list[int]:
    """Return those of the processes that are alive."""
    return [pid for pid in pids if _is_alive(pid)]


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
