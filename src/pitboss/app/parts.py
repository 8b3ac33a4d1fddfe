"""The parts that every process is put together from: its database, its clock, its end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import structlog
import uvloop
from prometheus_client import CollectorRegistry, start_http_server

from pitboss.app import logs
from pitboss.app.home import Home
from pitboss.db import Database, roles
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.clock import Clock, SharedClock, SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.errors import Fault, PlatformError
from pitboss.kernel.shards import PARTITIONS, PARTITIONS_ALL, Partition
from pitboss.kernel.tracing import NoTracer, Tracer
from pitboss.players.personal.model import PersonalKeys
from pitboss.settings import Settings

TOKENS_SECRET = "tokens"  # noqa: S105 - the name of a secret
# Whoever copies a home's database must copy these two, and whoever loses them has erased everybody.
PERSONAL_MASTER = "personal-master"
PERSONAL_INDEX = "personal-index"
SANDBOX_KEY = "sandbox-api"
SANDBOX_SIGNING = "sandbox-webhooks"
SANDBOX_LOCATION = "sandbox-location"
SANDBOX_CHECKS = "sandbox-verification"
UNGUARDED = (
    "PITBOSS_DATABASE_URL names a role that owns the tables, so only triggers keep history from"
    " being changed; name one that owns nothing, and the owner in PITBOSS_OWNER_URL"
)

# Against a process of usual niceness, which then gets three times as much of a processor.
BACKGROUND_NICENESS = 5
# And three times as much again for who decides as for who writes the record of it.
RECORD_NICENESS = 7

_log = structlog.get_logger("process")


class PortUnusable(PlatformError):
    """We cannot listen on a port."""


def clock_of(settings: Settings) -> Clock:
    """Return the platform's clock: the machine's, or a simulation's."""
    return SystemClock() if settings.clock_file is None else SharedClock(settings.clock_file)


def personal_keys(settings: Settings) -> PersonalKeys:
    """Return the keys under which this house keeps personal data, drawn at the first start."""
    home = Home(settings.home)
    return PersonalKeys(master=home.secret(PERSONAL_MASTER), index=home.secret(PERSONAL_INDEX))


def database_url(settings: Settings) -> str:
    """Return where the database is; the embedded one need not run."""
    return settings.database_url or EmbeddedPostgres(settings.home).url()


def owner_url(settings: Settings) -> str:
    """Return where the database is entered to migrate it, as the role that owns its tables.

    Of a PostgreSQL of the operator's that is the role of the processes, unless another is named.
    """
    named = settings.owner_url or settings.database_url
    return named or EmbeddedPostgres(settings.home).owner_url()


def start_database(settings: Settings) -> str:
    """Start the embedded PostgreSQL, unless another one is named; return where it is."""
    return settings.database_url or EmbeddedPostgres(settings.home).start()


@contextlib.contextmanager
def borrow_server(settings: Settings) -> Iterator[str]:
    """Have the database running for a while: an embedded one that was not is stopped again."""
    server = None if settings.database_url else EmbeddedPostgres(settings.home)
    ours = server is not None and not server.is_running()
    try:
        yield start_database(settings)
    finally:
        if server is not None and ours:
            server.stop()


@contextlib.asynccontextmanager
async def open_database(
    settings: Settings, *, connections_max: int = 10
) -> AsyncIterator[Database]:
    """Lend a pool of connections and close it in the end."""
    async with opened(database_url(settings), connections_max=connections_max) as database:
        yield database


@contextlib.asynccontextmanager
async def opened(url: str, *, connections_max: int = 10) -> AsyncIterator[Database]:
    """Lend a pool of connections to this database and close it in the end."""
    database = Database(url, connections_max=connections_max)
    try:
        yield database
    finally:
        await database.close()


@contextlib.contextmanager
def tracing(settings: Settings, process: str) -> Iterator[Tracer]:
    """Lend a tracer that sends to the configured collector, or one that follows nothing."""
    if settings.otlp_url is None:
        yield NoTracer()
        return
    # Imported here, because it is large and most processes have no collector.
    from pitboss.adapters.tracing import open_tracer

    tracer = open_tracer(
        settings.otlp_url, process=process, share=settings.trace_share, entropy=SystemEntropy()
    )
    try:
        yield tracer
    finally:
        tracer.close()


def show_figures(settings: Settings, registry: CollectorRegistry) -> None:
    """Serve these figures to Prometheus from a thread, if a port is configured for that."""
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr=settings.host, registry=registry)


def owner_name(settings: Settings, process: str) -> str:
    """Return the name under which a process owns its partitions.

    A supervised process has the same one after each restart, because its supervisor has seen the
    last one dead: it need not wait for its own lease to run out.  Others have one of their own.
    """
    if settings.supervised:
        return f"{Home(settings.home).secret('owner').hex()[:16]}:{process}"
    return f"{socket.gethostname()}:{os.getpid()}:{process}"


def partitions_of(worker: int, workers: int) -> tuple[Partition, ...]:
    """Return the partitions of the log that one of several workers processes: neighbours."""
    width = PARTITIONS / workers
    return PARTITIONS_ALL[round(worker * width) : round((worker + 1) * width)]


def run_process(
    name: str, settings: Settings, main: Callable[[asyncio.Event], Awaitable[None]]
) -> None:
    """Run a process until a signal, or the end of its supervisor, tells it to stop."""
    logs.set_up(name, settings.log_file)
    with uvloop_runner() as runner:
        runner.run(_until_told(settings, main))


def stand_back(niceness: int = BACKGROUND_NICENESS) -> None:
    """Let processes that somebody waits for go first, when there are not enough processors.

    What was acknowledged is decided a little later then; what is not acknowledged is lost to us.
    What is decided is signed a little later.
    """
    os.nice(niceness)
    # Where each session is scheduled as a group, the niceness of the group is what counts.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(niceness))


def uvloop_runner() -> asyncio.Runner:
    """Return a runner on the faster event loop."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


async def _until_told(settings: Settings, main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Of a supervised process the supervisor has said it.
    looking = None if settings.supervised else asyncio.create_task(warn_if_unguarded(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if settings.supervised:
        # The supervisor holds the other end; it closes even if that is killed.
        loop.add_reader(sys.stdin.fileno(), _heard, stop)
    _log.info("starts", pid=os.getpid())
    await main(stop)
    if looking is not None:
        looking.cancel()
    _log.info("ends", pid=os.getpid())


async def warn_if_unguarded(settings: Settings) -> None:
    """Warn if the processes are a role that could change history."""
    if settings.database_url is None:
        return
    with contextlib.suppress(Fault):
        async with (
            open_database(settings, connections_max=1) as database,
            database.reading() as tx,
        ):
            if await roles.may_change_history(tx):
                _log.warning(UNGUARDED)


def _heard(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


def free_port(host: str) -> int:
    """Return a port that nobody listens on just now."""
    (port,) = free_ports(host, 1)
    return port


def free_ports(host: str, count: int) -> list[int]:
    """Return so many ports, all different, that nobody listens on just now."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((host, 0))
        return [probe.getsockname()[1] for probe in probes]


def check_port(host: str, port: int, *, option: str) -> None:
    """Find out whether we could listen there, before a server says so in its own way.

    Raises:
        PortUnusable: we could not; the message says which option names another port.
    """
    why = why_not_listen(host, port)
    if why is not None:
        raise PortUnusable(f"{why}; name another with {option}")


def why_not_listen(host: str, port: int) -> str | None:
    """Return why we could not listen there, or None if we could."""
    with socket.socket() as probe:
        # As servers do: connections that have just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"port {port} is taken"
            return f"port {port} of {host!r} cannot be listened on: {error.strerror or error}"
        except UnicodeError:
            return f"{host!r} is not the name of a machine"
        return None


def resident_bytes(pid: int) -> int:
    """Return the memory of a process that is in use, or 0 if there is no such process."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0
