"""The database that worlds are played on, one after another: made once, put back for each."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg

from pitboss.db import Database, migrate
from pitboss.sim.world import store, town
from pitboss.sim.world.sessions import Sessions
from pitboss.sim.world.town import Town


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A database with everything that worlds need; nobody else may be in it."""

    url: str
    town: Town
    sessions: Sessions
    monitor: store.Connection
    clock: store.Connection


@contextlib.asynccontextmanager
async def built(
    server_url: str,
    weaken: Callable[[store.Connection], Awaitable[None]] | None = None,
    *,
    drop: bool = True,
) -> AsyncIterator[Stage]:
    """Make a database on this server for the body.

    Args:
        server_url: where databases may be made and dropped, as a superuser.
        weaken: what to take away from the database, if a planted bug asks for that.
        drop: whether to drop it afterwards.
    """
    name = f"pitboss_world_{secrets.token_hex(4)}"
    maintenance: store.Connection = await asyncpg.connect(server_url)
    try:
        await maintenance.execute(f"CREATE DATABASE {name}")
        url = urlsplit(server_url)._replace(path=f"/{name}").geturl()
        try:
            async with _furnished(url) as stage:
                if weaken is not None:
                    await weaken(stage.monitor)
                yield stage
        finally:
            if drop:
                await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        maintenance.terminate()


@contextlib.asynccontextmanager
async def _furnished(url: str) -> AsyncIterator[Stage]:
    database = Database(url, connections_max=1)
    await migrate(database)
    people = await town.build(database)
    await database.close()
    sessions = Sessions(url)
    monitor, clock = await _watching(url), await _watching(url)
    try:
        await store.make_world(monitor, start=town.START.isoformat())
        await store.remember_beginning(monitor)
        await sessions.keep_enough()
        yield Stage(url=url, town=people, sessions=sessions, monitor=monitor, clock=clock)
    finally:
        sessions.close()
        clock.terminate()
        monitor.terminate()


async def _watching(url: str) -> store.Connection:
    """Open a connection for the world itself."""
    connection: store.Connection = await asyncpg.connect(
        url, max_cached_statement_lifetime=0, server_settings={"jit": "off"}
    )
    return connection
