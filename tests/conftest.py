"""What every test may ask for: one PostgreSQL for the session, one fresh database for the test."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest
import structlog

from folders import make_folder
from pitboss.app import collector
from pitboss.db import Database, migrate, roles
from pitboss.db.embedded import OWNER, PROCESS, EmbeddedPostgres

pytest_plugins = ["covering", "proofs"]


def pytest_collection_finish() -> None:
    """Have Python look for garbage as rarely as the platform's own processes do.

    What thousands of tests are made of is no garbage, and to look at it again and again took a
    fifth of the processor's time of a test that makes an API.
    """
    collector.look_rarely()


# Enough for the smallest `shared_buffers`; tests do not need more.
SERVER_MEMORY_BYTES = 512 * 1024**2
# The embedded server asks for none; another one may.
PROCESS_PASSWORD = "pitboss"


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Write the log plainly: a traceback in colours, with every variable, takes a second."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ]
    )


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the URL of a PostgreSQL in which databases may be made and dropped.

    `PITBOSS_TEST_DATABASE_URL` names another server than the one that is started here.
    """
    other = _other_server()
    if other:
        yield other
        return
    home = make_folder("pitboss-tests-")
    server = EmbeddedPostgres(home, memory_bytes=SERVER_MEMORY_BYTES)
    try:
        server.start()
        yield server.owner_url()
    finally:
        server.stop(immediate=True)
        shutil.rmtree(home)


@pytest.fixture(scope="session")
async def maintenance(postgres_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Give a connection for making and dropping databases."""
    connection = await asyncpg.connect(postgres_url)
    if not _other_server():
        # Every test gets a database, and half of what that costs would be waiting for the disk.
        # What is not flushed survives all but the machine, and so no test can miss it.
        await connection.execute("ALTER SYSTEM SET fsync = off")
        await connection.execute("SELECT pg_reload_conf()")
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", PROCESS):
        await connection.execute(f"CREATE ROLE {PROCESS} LOGIN PASSWORD '{PROCESS_PASSWORD}'")
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def template_name(
    postgres_url: str, maintenance: asyncpg.Connection[asyncpg.Record]
) -> AsyncIterator[str]:
    """Give the name of a migrated database of which each test gets a copy."""
    name = f"pitboss_template_{secrets.token_hex(4)}"
    await maintenance.execute(f"CREATE DATABASE {name}")
    database = Database(url_of(postgres_url, name))
    await migrate(database)
    await roles.grant(database, PROCESS)
    await database.close()
    yield name
    await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(
    postgres_url: str, maintenance: asyncpg.Connection[asyncpg.Record], template_name: str
) -> AsyncIterator[Database]:
    """Give a migrated database that nobody else uses; it is dropped after the test.

    It is entered as processes enter it, so that every test finds out what they may not do.
    """
    name = f"pitboss_test_{secrets.token_hex(4)}"
    # Copying page by page through the log, which is the default, takes several times as long.
    await maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {template_name} STRATEGY FILE_COPY")
    fresh = Database(as_process(url_of(postgres_url, name)))
    yield fresh
    await fresh.close()
    await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def owned(database: Database) -> AsyncIterator[Database]:
    """Give the test's database as its owner enters it: to spoil what no process could."""
    owner = Database(as_owner(database.url))
    yield owner
    await owner.close()


@pytest.fixture
async def empty_database(
    postgres_url: str, maintenance: asyncpg.Connection[asyncpg.Record]
) -> AsyncIterator[Database]:
    """Give a database without any table; it is dropped after the test."""
    name = f"pitboss_test_{secrets.token_hex(4)}"
    await maintenance.execute(f"CREATE DATABASE {name} STRATEGY FILE_COPY")
    fresh = Database(url_of(postgres_url, name))
    yield fresh
    await fresh.close()
    await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _other_server() -> str | None:
    return os.environ.get("PITBOSS_TEST_DATABASE_URL")


def as_process(url: str) -> str:
    """Return the URL with which processes enter a database."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{PROCESS}:{PROCESS_PASSWORD}@{place}").geturl()


def as_owner(url: str) -> str:
    """Return the URL with which the owner enters a database that a process enters there."""
    parts = urlsplit(url)
    entrance = urlsplit(_other_server() or f"//{OWNER}@").netloc.rpartition("@")[0]
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{entrance}@{place}").geturl()


def url_of(server_url: str, database_name: str) -> str:
    """Return the URL of another database on the same server."""
    return urlsplit(server_url)._replace(path=f"/{database_name}").geturl()
