"""An API over a database: one for each test, and one that the tests of a file share."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest

from conftest import as_process, url_of
from integration.api.desk import Desk
from integration.api.office import hire
from pitboss.db import Database


@pytest.fixture
async def desk(database: Database) -> Desk:
    """Give an API over a database that nobody else uses."""
    return Desk(database=database)


@pytest.fixture(scope="module")
async def shared_desk(
    postgres_url: str, maintenance: asyncpg.Connection[asyncpg.Record], template_name: str
) -> AsyncIterator[Desk]:
    """Give an API over a database that the tests of one file share."""
    name = f"pitboss_test_{secrets.token_hex(4)}"
    await maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {template_name} STRATEGY FILE_COPY")
    database = Database(as_process(url_of(postgres_url, name)))
    desk = Desk(database=database)
    roles = ("administrator", "compliance", "payments", "risk")
    desk.office = (await hire(desk, "office", *roles)).token
    yield desk
    await database.close()
    await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")
