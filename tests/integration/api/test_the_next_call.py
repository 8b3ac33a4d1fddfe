"""Whoever is refused is heard again on the same connection, wherever their body was by then."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Network

import pytest

from pitboss.bench.venue import Venue, open_venue
from pitboss.settings import GameProviderSettings

TIMES = 10
LATE_SECONDS = 0.01
LONG = 60_000
PROVIDERS = {
    "elsewhere": GameProviderSettings(
        protocol="softswiss", keys=("a secret",), networks=(IPv4Network("203.0.113.0/24"),)
    )
}


async def call(
    venue: Venue, path: str, body: bytes, *, late: bool, method: str = "POST"
) -> tuple[int, int]:
    """Send a body and then ask for the API's health; return both statuses."""
    reader, writer = await asyncio.open_connection(venue.instance.host, venue.instance.port)
    try:
        head = f"{method} {path} HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        if late:
            await writer.drain()
            await asyncio.sleep(LATE_SECONDS)
        writer.write(body)
        first = await answered(reader)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
        return first, await answered(reader)
    finally:
        writer.close()


async def answered(reader: asyncio.StreamReader) -> int:
    """Read an answer to its end; return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    await reader.readexactly(length)
    return int(head.split()[1])


@pytest.mark.parametrize("late", [True, False], ids=["the body comes late", "at once"])
async def test_who_is_refused_is_heard_again_on_the_same_connection(late: bool) -> None:
    bodies = {
        ("/v1/bets", b"{}"): 401,
        ("/v1/bets", b"x" * LONG): 401,
        ("/v1/bets/batch", b"x" * LONG): 401,
        ("/v1/providers/elsewhere/play", b"x" * LONG): 400,
        ("/v1/staff/prices", b"x" * LONG): 401,
        ("/v1/players", b"x" * 2 * LONG): 413,
        ("/v1/nowhere", b"x" * LONG): 404,
        ("/v1/providers/elsewhere/play", b"x" * 2 * LONG): 400,
    }
    async with open_venue(players=2, only=("api",), games=PROVIDERS) as venue:
        for (path, body), status in bodies.items():
            for _ in range(TIMES):
                assert await call(venue, path, body, late=late) == (status, 200), path


@pytest.mark.parametrize("late", [True, False], ids=["the body comes late", "at once"])
async def test_so_is_who_sends_a_body_to_a_page_or_to_the_stream_of_prices(late: bool) -> None:
    asked = {
        ("POST", "/play"): 308,
        ("POST", "/play/nowhere"): 404,
        ("POST", "/play/slot"): 405,
        ("GET", "/play/slot"): 200,
        ("GET", "/v1/prices/stream?events=nothing"): 422,
    }
    async with open_venue(players=2, only=("api",)) as venue:
        for (method, path), status in asked.items():
            for _ in range(TIMES):
                found = await call(venue, path, b"x" * LONG, late=late, method=method)
                assert found == (status, 200), path
