"""A whole instance, up and ready: what `pitboss up` runs and what simulations play on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass

import httpx

from pitboss.api.tokens import Role, Tokens
from pitboss.app.home import Home
from pitboss.app.parts import TOKENS_SECRET, free_port, is_free, start_database
from pitboss.app.supervisor import Supervisor, error_file, programs_of
from pitboss.db import Database, migrate
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.errors import PlatformError
from pitboss.settings import Settings

READY_SECONDS_MAX = 60.0
_LOOK_SECONDS = 0.05
STAFF_LOCAL = "local"


class NotReady(PlatformError):
    """The instance did not come up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """Where a running instance is found."""

    settings: Settings
    database_url: str
    staff_token: str
    supervisor: Supervisor

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
) -> AsyncIterator[Instance]:
    """Bring an instance up: PostgreSQL, its schema, every process; stop them all on leaving.

    Args:
        settings: of the instance; ports of 0 become free ones.
        told: hears in words what the supervisor has to do.
        only: names of the processes to run, if not all.

    Raises:
        HomeTaken: another one runs in this home.
        NotReady: it did not come up within a minute; the message ends with what was printed.
    """
    with Home(settings.home).taken():
        url = await asyncio.to_thread(start_database, settings)
        try:
            await migrate_database(url)
            chosen = _with_ports(settings)
            programs = [
                program for program in programs_of(chosen) if only is None or program.name in only
            ]
            supervisor = Supervisor(
                settings=chosen,
                programs=programs,
                told=told,
                metrics_ports={
                    program.name: free_port(chosen.host)
                    for program in programs
                    if program.shows_figures
                },
            )
            stop = asyncio.Event()
            running = asyncio.create_task(supervisor.run(stop))
            try:
                await _until_ready(chosen, {program.name for program in programs}, running)
                yield Instance(
                    settings=chosen,
                    database_url=url,
                    staff_token=staff_token(chosen),
                    supervisor=supervisor,
                )
            finally:
                stop.set()
                await running
        finally:
            if settings.database_url is None:
                await asyncio.to_thread(EmbeddedPostgres(settings.home).stop)


def staff_token(settings: Settings, name: str = STAFF_LOCAL) -> str:
    """Sign a token for a member of staff who has this home's secret at hand: twelve hours."""
    tokens = Tokens(Home(settings.home).secret(TOKENS_SECRET))
    return tokens.issue(name, Role.STAFF, now=SystemClock().now()).text


async def migrate_database(url: str) -> int:
    """Bring the schema of the database at this URL up to date; return how many steps it took."""
    database = Database(url)
    try:
        return await migrate(database)
    finally:
        await database.close()


def _with_ports(settings: Settings) -> Settings:
    if settings.port and not is_free(settings.host, settings.port):
        raise NotReady(f"port {settings.port} is taken; name another with --port")
    return settings.with_changes(
        port=settings.port or free_port(settings.host),
        sandbox_port=settings.sandbox_port or free_port(settings.host),
    )


async def _until_ready(
    settings: Settings, names: Collection[str], running: asyncio.Task[None]
) -> None:
    """Wait until the API and the sandbox answer, as far as they are to run."""
    wanted = {
        "api": f"http://{settings.host}:{settings.port}/readyz",
        "sandbox": f"http://{settings.host}:{settings.sandbox_port}/healthz",
    }
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READY_SECONDS_MAX
    async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
        for name, url in wanted.items():
            while name in names and not await _answers(client, url):
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
