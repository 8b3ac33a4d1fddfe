"""A whole instance, up and ready: what `pitboss up` runs and what simulations play on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import structlog

from pitboss.api.tokens import Role, Tokens
from pitboss.app import configuration
from pitboss.app.games import open_providers
from pitboss.app.home import Home
from pitboss.app.parts import (
    TOKENS_SECRET,
    UNGUARDED,
    PortUnusable,
    check_port,
    database_url,
    free_ports,
    opened,
    owner_url,
    start_database,
)
from pitboss.app.supervisor import (
    Program,
    Supervisor,
    error_file,
    programs_of,
    until_gone,
)
from pitboss.db import migrate, roles
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.db.errors import DatabaseAway
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.errors import PlatformError
from pitboss.settings import Settings

READY_SECONDS_MAX = 60.0
_LOOK_SECONDS = 0.05
STAFF_LOCAL = "local"

_log = structlog.get_logger("instance")


class NotReady(PlatformError):
    """The instance did not come up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Where a running instance is found."""

    settings: Settings
    database_url: str
    staff_token: str
    supervisor: Supervisor
    # Ends when the supervisor does, which before it is told to can only be a fault of ours.
    running: asyncio.Task[None]

    @property
    def host(self) -> str:
        """The address of the API."""
        return self.settings.host

    @property
    def port(self) -> int:
        """The port of the API."""
        return self.settings.port

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://{self.host}:{self.port}"

    @property
    def pids(self) -> dict[str, int]:
        """The process ids by name, as of now; PostgreSQL's first process is `postgres`."""
        pids = dict(self.supervisor.pids)
        if self.settings.database_url is None:
            postgres = EmbeddedPostgres(self.settings.home).pid()
            if postgres is not None:
                pids["postgres"] = postgres
        return pids


@contextlib.asynccontextmanager
async def start_instance(
    settings: Settings,
    *,
    told: Callable[[str], None] = lambda text: None,
    only: Collection[str] | None = None,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[Instance]:
    """Bring an instance up: PostgreSQL, its schema, every process; stop them all on leaving.

    Args:
        settings: of the instance; ports of 0 become free ones.
        told: hears in words what the supervisor has to do.
        only: names of the processes to run, if not all.
        stop: who sets it while the instance comes up need not wait until it is up.

    Raises:
        HomeTaken: another one runs in this home.
        HomeUnusable: there can be no such folder.
        PortUnusable: somebody else listens on a port that was named.
        ProviderUnusable: what is configured for a provider of games cannot be used.
        NotReady: it did not come up within a minute; the message ends with what was printed.
    """
    with Home(settings.home).taken():
        await until_gone(settings.home)
        _check_ports(settings)
        # Put together once where somebody looks on: a process that cannot is only started again.
        async with open_providers(settings):
            pass
        url = await asyncio.to_thread(start_database, settings)
        try:
            await migrate_database(settings, told=told)
            await configuration.announce(settings)
            supervisor = _make_supervisor(settings, told, only)
            end = asyncio.Event()
            running = asyncio.create_task(supervisor.run(end))
            try:
                await _until_ready(supervisor, running, stop or end)
                yield Instance(
                    settings=supervisor.settings,
                    database_url=url,
                    staff_token=staff_token(settings),
                    supervisor=supervisor,
                    running=running,
                )
            finally:
                end.set()
                await running
        finally:
            if settings.database_url is None:
                await asyncio.to_thread(EmbeddedPostgres(settings.home).stop)


def staff_token(settings: Settings, name: str = STAFF_LOCAL) -> str:
    """Sign a token for a program of the staff's: whoever has this home's secret may, for 12 hours.

    It names no session of an agent, so it permits what does not take a person and nothing else.
    """
    tokens = Tokens(Home(settings.home).secret(TOKENS_SECRET))
    return tokens.issue(name, Role.STAFF, now=SystemClock().now()).text


async def migrate_database(
    settings: Settings, *, told: Callable[[str], None] = lambda text: None
) -> int:
    """Bring the schema up to date as its owner, and let the role of the processes use it.

    Returns how many steps it took.  If that role owns the tables, so that it could change what is
    to stay as it is, a warning says so.

    Raises:
        DatabaseAway: the database cannot be reached; the message says where it should be.
    """
    url = owner_url(settings)
    async with (
        opened(url, connections_max=1) as owner,
        opened(database_url(settings), connections_max=1) as database,
    ):
        try:
            steps = await migrate(owner)
            await roles.grant(owner, await roles.find_role(database))
            async with database.reading() as tx:
                unguarded = await roles.may_change_history(tx)
        except DatabaseAway as fault:
            raise DatabaseAway(f"no PostgreSQL at {_place_of(url)}: {fault}") from fault
    if unguarded:
        _log.warning(UNGUARDED)
        told(f"warning: {UNGUARDED}")
    return steps


def _place_of(url: str) -> str:
    """Return where a database is, without who enters it with which password."""
    parts = urlsplit(url)
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}"


def _check_ports(settings: Settings) -> None:
    """Find out at once, and not when a process has failed to start for a minute.

    Raises:
        PortUnusable: a port that was named cannot be had.
    """
    named = {"--port": settings.port, "--sandbox-port": settings.sandbox_port}
    for option, port in named.items():
        check_port(settings.host, port, option=option)
    if settings.port and settings.port == settings.sandbox_port:
        raise PortUnusable(f"port {settings.port} is named twice; name another for the sandbox")


def _make_supervisor(
    settings: Settings, told: Callable[[str], None], only: Collection[str] | None
) -> Supervisor:
    """Return a supervisor of these processes, each with a port of its own where it needs one."""
    programs: list[Program] = [
        program for program in programs_of(settings) if only is None or program.name in only
    ]
    showing = [program.name for program in programs if program.shows_figures]
    # Drawn at once, because one that is given back may be drawn again.
    port, sandbox_port, *metrics_ports = free_ports(settings.host, 2 + len(showing))
    return Supervisor(
        settings=settings.with_changes(
            port=settings.port or port, sandbox_port=settings.sandbox_port or sandbox_port
        ),
        programs=programs,
        told=told,
        metrics_ports=dict(zip(showing, metrics_ports, strict=True)),
    )


async def _until_ready(
    supervisor: Supervisor, running: asyncio.Task[None], stop: asyncio.Event
) -> None:
    """Wait until the API and the sandbox answer, as far as they are to run."""
    settings = supervisor.settings
    names = {program.name for program in supervisor.programs}
    wanted = {
        "api": f"http://{settings.host}:{settings.port}/readyz",
        "sandbox": f"http://{settings.host}:{settings.sandbox_port}/healthz",
    }
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READY_SECONDS_MAX
    async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
        for name, url in wanted.items():
            while name in names and not stop.is_set() and not await _answers(client, url):
                if running.done():
                    await running
                if loop.time() > deadline:
                    said = error_file(settings, name).read_text(errors="replace")[-2_000:]
                    raise NotReady(f"{name} does not answer at {url}\n{said}".rstrip())
                await asyncio.sleep(_LOOK_SECONDS)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.TransportError:
        return False
