"""The small HTTP client, against a peer that sends what each test tells it to."""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from pitboss.sim.http import AnswerReader, Client, ConnectionLost, UnreadableAnswer
from unit.sim.peer import serving

PLAIN = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'3\r\n{"a\r\n4;ignored=yes\r\n":1}\r\n0\r\n\r\n'
)
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize("raw", [PLAIN, CHUNKED])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_an_answer_is_the_same_however_it_is_cut(raw: bytes, size: int) -> None:
    reader = AnswerReader()

    answers = [reader.feed(raw[at : at + size]) for at in range(0, len(raw), size)]

    assert answers[:-1] == [None] * (len(answers) - 1)
    assert answers[-1] is not None
    assert answers[-1].status == 200
    assert answers[-1].json() == {"a": 1}


def test_an_answer_without_a_body_is_whole_with_its_head() -> None:
    answer = AnswerReader().feed(EMPTY)

    assert answer is not None
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-hello\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        PLAIN + b"more",
        b"x" * 70_000,
    ],
)
def test_what_is_not_an_answer_is_said_to_be_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        AnswerReader().feed(raw)


async def test_connections_are_kept_and_shared() -> None:
    async with (
        serving(lambda _: PLAIN) as peer,
        Client("127.0.0.1", peer.port, connections=2) as client,
    ):
        answers = await asyncio.gather(*(client.ask("GET", "/x") for _ in range(20)))

        assert {answer.status for answer in answers} == {200}
        assert peer.connections == 2
        assert client.requests == 20


def test_connections_are_kept_under_uvloop_too() -> None:
    async def ask_twice() -> tuple[set[int], int]:
        async with (
            serving(lambda _: PLAIN) as peer,
            Client("127.0.0.1", peer.port, connections=1) as client,
        ):
            return {(await client.ask("GET", "/x")).status for _ in range(2)}, peer.connections

    assert uvloop.run(ask_twice()) == ({200}, 1)


async def test_a_request_says_where_it_goes_and_how_long_it_is() -> None:
    async with serving(lambda _: PLAIN) as peer, Client("127.0.0.1", peer.port) as client:
        await client.ask("POST", "/v1/bets", headers={"Idempotency-Key": "k"}, body=b"{}")

        assert (
            peer.heard[0]
            == (
                f"POST /v1/bets HTTP/1.1\r\nHost: 127.0.0.1:{peer.port}\r\nIdempotency-Key: k\r\n"
                "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
            ).encode()
        )


async def test_a_connection_that_was_closed_while_idle_is_opened_again() -> None:
    async with (
        serving(lambda _: PLAIN) as peer,
        Client("127.0.0.1", peer.port, connections=1) as client,
    ):
        await client.ask("GET", "/1")
        peer.hang_up()
        answer = await client.ask("GET", "/2")

        assert answer.status == 200
        assert peer.connections == 2


async def test_a_peer_that_says_close_is_not_asked_again_on_that_connection() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    async with (
        serving(lambda _: closing) as peer,
        Client("127.0.0.1", peer.port, connections=1) as client,
    ):
        await client.ask("GET", "/1")
        await client.ask("GET", "/2")

        assert peer.connections == 2


async def test_half_an_answer_is_a_lost_connection_and_not_asked_for_twice() -> None:
    async with serving(lambda _: PLAIN[:20], hang_up=True) as peer:
        async with Client("127.0.0.1", peer.port, connections=1) as client:
            with pytest.raises(ConnectionLost):
                await client.ask("POST", "/", body=b"{}")

        assert peer.connections == 1


async def test_nobody_at_the_other_end_is_a_lost_connection() -> None:
    async with serving(lambda _: PLAIN) as peer:
        port = peer.port

    async with Client("127.0.0.1", port) as client:
        with pytest.raises(ConnectionLost):
            await client.ask("GET", "/")
