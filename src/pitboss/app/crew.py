"""A crew of processes that read one moment of the database together."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TypeVar

from pitboss.app import collector
from pitboss.app.parts import opened
from pitboss.audit.reading.ports import Lot, Work
from pitboss.db import MomentName, Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """So many processes, each with a connection of its own to the database at this URL."""

    url: str
    processes: int

    async def spread(
        self, tx: Transaction, work: Work[T], lots: Iterable[Lot]
    ) -> AsyncIterator[tuple[Lot, T]]:
        """Have a work done for each lot, and yield what came of it as soon as it is there.

        `work` is a function that another process can import.  What it raises is raised here, and
        no further lot is begun then.
        """
        moment = await tx.share_moment()
        pool = ProcessPoolExecutor(
            self.processes, multiprocessing.get_context("spawn"), initializer=_begin
        )
        loop = asyncio.get_running_loop()
        try:
            tasks = [loop.run_in_executor(pool, _do, self.url, moment, work, lot) for lot in lots]
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            pool.shutdown(cancel_futures=True)


def _do(url: str, moment: MomentName, work: Work[T], lot: Lot) -> tuple[Lot, T]:
    async def do() -> tuple[Lot, T]:
        async with opened(url, connections_max=1) as database, database.moment(moment) as tx:
            return lot, await work(tx, lot)

    return asyncio.run(do())


def _begin() -> None:
    collector.look_rarely()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Whoever is killed closes no pipe that his children wait on: they look after him."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
