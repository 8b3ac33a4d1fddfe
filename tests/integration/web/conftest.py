"""One browser for the session; tests that want one are skipped where there is none."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest
from playwright.async_api import Browser, async_playwright

from conftest import as_process, url_of
from integration.web.browsing import CHROMIUM, OPTIONS
from integration.web.parlour import Parlour, open_parlour
from pitboss.db import Database


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Give a browser."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed, so nobody looks at the pages here")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield launched
        await launched.close()


@pytest.fixture(scope="session")
async def shared_parlour(
    postgres_url: str, maintenance: asyncpg.Connection[asyncpg.Record], template_name: str
) -> AsyncIterator[Parlour]:
    """Give the pages over an API in this process, which all tests share."""
    name = f"pitboss_test_{secrets.token_hex(4)}"
    await maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {template_name} STRATEGY FILE_COPY")
    database = Database(as_process(url_of(postgres_url, name)))
    async with open_parlour(database) as opened:
        yield opened
    await database.close()
    await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def parlour(shared_parlour: Parlour) -> Parlour:
    """Give the pages, with nothing left to be drawn of what an earlier test wanted drawn."""
    shared_parlour.draws.left.clear()
    return shared_parlour
