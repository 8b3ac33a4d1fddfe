"""Whoever hangs up, sends too much or speaks no HTTP is answered or dropped, and hurts nobody."""

from __future__ import annotations

import asyncio
import json

import pytest

from pitboss.app.instance import Instance
from scenario.hands import House

MEGABYTES = b"x" * (4 * 1024**2)
SECONDS_MAX = 30.0


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v1/bets", 413), ("/v1/bets/batch", 413), ("/v1/deposits", 413), ("/v1/sessions", 413)],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_of_megabytes_is_refused_and_the_next_request_is_served(
    instance: Instance, house: House, path: str, status: int, chunked: bool
) -> None:
    player = await house.player()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {player.token}\r\n"
        "Idempotency-Key: k\r\nContent-Type: application/json\r\n"
    )
    if chunked:
        body = b"".join(b"10000\r\n" + MEGABYTES[:65_536] + b"\r\n" for _ in range(64))
        sent = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + body + b"0\r\n\r\n"
    else:
        sent = f"{head}Content-Length: {len(MEGABYTES)}\r\n\r\n".encode() + MEGABYTES

    answer = await say(instance, sent)

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"application/problem+json" in answer
    await check_served(house)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\x00" * 1_000,
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
        b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5_000 + b"\r\n",
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{}",
        b"POST /v1/bets HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{}",
        b"POST /v1/bets/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{}",
        b"POST /v1/staff/prices HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{}",
    ],
    ids=range(15),
)
async def test_what_is_no_request_is_answered_or_dropped(
    instance: Instance, house: House, sent: bytes
) -> None:
    answer = await say(instance, sent, hang_up=True)

    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 505", b"HTTP/1.0 4")), answer
    await check_served(house)


async def test_whoever_hangs_up_before_the_answer_has_placed_the_bet_all_the_same(
    instance: Instance, house: House
) -> None:
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="20.00")
    leg = {"selection_id": event.selection("home"), "tick": 1}
    slip = {"currency": "EUR", "stake": "5.00", "legs": [leg], "again": True}
    body = json.dumps(slip).encode()
    head = (
        f"POST /v1/bets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {player.token}\r\n"
        f"Idempotency-Key: gone\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )

    _, writer = await asyncio.open_connection(instance.host, instance.port)
    writer.write(head.encode() + body)
    await writer.drain()
    writer.close()
    # Asking again under the same key finds it, or places it if nobody had heard the first.
    again = await player.bet("5.00", event.selection("home"), key="gone")
    await player.until(again.json()["links"]["status"], state="accepted")

    assert await player.money() == ("20.00", "5.00")


async def test_many_who_say_nothing_keep_nobody_from_being_served(
    instance: Instance, house: House
) -> None:
    silent = [await asyncio.open_connection(instance.host, instance.port) for _ in range(200)]

    await check_served(house)
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="20.00")
    await player.accepted("5.00", event.selection("home"))

    for _, writer in silent:
        writer.close()


async def test_none_of_this_was_a_failure_of_ours(instance: Instance, house: House) -> None:
    await check_served(house)

    metrics = (await house.client.get("/metrics")).text
    log = (instance.settings.home / "logs" / "api.log").read_text()

    assert 'status="500"' not in metrics
    assert [line for line in log.splitlines() if '"level": "error"' in line] == []


async def say(instance: Instance, sent: bytes, *, hang_up: bool = False) -> bytes:
    """Send these bytes, all at once, and return what comes back."""
    reader, writer = await asyncio.open_connection(instance.host, instance.port)

    async def send() -> None:
        try:
            writer.write(sent)
            await writer.drain()
            if hang_up:
                writer.write_eof()
        except ConnectionError:
            # The answer may have come before the end of what we had to say.
            return

    async with asyncio.timeout(SECONDS_MAX):
        sending = asyncio.create_task(send())
        try:
            answer = await reader.read(65_536)
        except ConnectionError:
            answer = b""
        sending.cancel()
        writer.close()
    return answer


async def check_served(house: House) -> None:
    """Check that others are served."""
    answer = await house.client.get("/readyz")

    assert answer.status_code == 200
