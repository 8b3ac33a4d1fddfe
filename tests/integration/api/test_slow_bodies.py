"""Whoever sends a body slowly, or never, is answered in bounded time and then cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from integration.api.desk import Desk
from integration.api.rows import count_rows
from integration.sandbox.town import served
from pitboss.api import bodies

PATIENCE_SECONDS = 30
PLAYERS_DOORS = ["/v1/bets", "/v1/bets/batch", "/v1/deposits"]
DOORS = [*PLAYERS_DOORS, "/v1/staff/prices", "/v1/nowhere"]
PARTS = pytest.mark.parametrize("part", [b"", b'{"'], ids=["nothing came", "some of it came"])


@pytest.fixture
async def url(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Serve the API on a port, with little patience."""
    monkeypatch.setattr(bodies, "WANTED_SECONDS_MAX", 0.2)
    monkeypatch.setattr(bodies, "UNWANTED_SECONDS_MAX", 0.1)
    monkeypatch.setattr(bodies, "LOOK_SECONDS", 0.02)
    async with served(cast("Any", desk.client.app)) as found:
        yield found


async def begin(url: str, path: str, part: bytes, *, token: str = "nobody's") -> bytes:
    """Begin to post a body and say no more; return all that comes until we are cut off."""
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\n"
        "Idempotency-Key: k\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n"
    )
    writer.write(head.encode() + part)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await reader.read()
    finally:
        writer.close()


@PARTS
async def test_a_body_that_does_not_come_is_given_up_and_nothing_is_done(
    desk: Desk, url: str, part: bytes
) -> None:
    player = await desk.player(amount="20.00")
    before = await count_rows(desk.database)

    for path in PLAYERS_DOORS:
        answer = await begin(url, path, part, token=player.token)

        assert answer.startswith(b"HTTP/1.1 408 "), path
        assert b"urn:pitboss:problem:body_late" in answer
    assert await count_rows(desk.database) == before


@PARTS
async def test_whoever_is_nobody_is_told_so_though_their_body_never_ends(
    url: str, part: bytes
) -> None:
    for path in DOORS:
        answer = await begin(url, path, part)

        assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 404 ")), path
        assert b"urn:pitboss:problem:" in answer


async def test_many_who_are_late_at_once_keep_nobody_from_being_served(
    desk: Desk, url: str
) -> None:
    player = await desk.player(amount="20.00")
    slow = [
        asyncio.create_task(begin(url, "/v1/deposits", b"{", token=player.token)) for _ in range(50)
    ]

    served_beside = await desk.client.ask("GET", "/v1/me", token=player.token)
    late = await asyncio.gather(*slow)

    assert served_beside.status == 200
    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in late)
