"""Whoever answers slowly or without end is left, after a time and a size that are ours."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from pitboss.adapters.bounded import NoAnswer, post
from pitboss.adapters.timestamps import AuthorityFailed, HttpAuthority
from pitboss.adapters.witnesses import ask_witness
from pitboss.audit.record.model import NotCosigned
from pitboss.kernel.entropy import SeededEntropy
from pitboss.tlog.keys import COSIGNATURE_ED25519, SigningKey
from pitboss.tlog.notes import Note
from pitboss.tlog.tree import EMPTY_ROOT
from pitboss.tlog.writing import write_bytes

SECONDS_MAX = 0.3
BYTES_MAX = 1_000
HEAD = b"HTTP/1.1 200 OK\r\n"
WITNESS = SigningKey.generate("w.example", SeededEntropy("w"), kind=COSIGNATURE_ED25519)


@contextlib.asynccontextmanager
async def server(*pieces: bytes, then: bytes = b"", every: float = 0.02) -> AsyncIterator[str]:
    """Run a server that answers these pieces, and after them the last one again and again."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
            while then:
                writer.write(then)
                await writer.drain()
                await asyncio.sleep(every)
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


async def ask(url: str) -> bytes:
    """Ask within the bounds of this test."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await post(client, url, b"?", seconds_max=SECONDS_MAX, bytes_max=BYTES_MAX)
    return answer.content


async def test_an_answer_within_the_bounds_is_read_whole() -> None:
    body = b"x" * BYTES_MAX
    async with server(HEAD + b"Content-Length: 1000\r\n\r\n", body[:1], body[1:]) as url:
        assert await ask(url) == body


async def test_who_sends_a_byte_now_and_then_is_left_in_time() -> None:
    """Each read is within any timeout for reads."""
    async with server(HEAD + b"Content-Length: 900\r\n\r\n", then=b"x") as url:
        began = time.monotonic()
        with pytest.raises(NoAnswer, match=r"has not answered within 0\.3 s"):
            await ask(url)
    assert time.monotonic() - began < 10 * SECONDS_MAX


async def test_who_says_nothing_is_left_in_time() -> None:
    async with server(HEAD, then=b"X-Wait: 1\r\n") as url:
        with pytest.raises(NoAnswer):
            await ask(url)


async def test_an_answer_without_end_is_not_read_to_it() -> None:
    async with server(HEAD + b"\r\n", then=b"x" * 400, every=0) as url:
        with pytest.raises(NoAnswer, match="over 1000 bytes"):
            await ask(url)


async def test_little_that_would_be_much_unpacked_is_not_unpacked() -> None:
    small = gzip.compress(bytes(500_000), mtime=0)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(small)
    async with server(head, small) as url:
        assert len(small) <= BYTES_MAX
        assert await ask(url) == small


async def test_a_witness_and_an_authority_that_dawdle_are_left_in_time() -> None:
    note = Note(text=f"log.example\n0\n{write_bytes(EMPTY_ROOT)}\n", signatures=())

    async def prove(_: int) -> list[bytes]:
        return []

    async with (
        server(HEAD + b"Content-Length: 900\r\n\r\n", then=b"x") as url,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        began = time.monotonic()
        told = await ask_witness(
            client,
            url,
            WITNESS.verifier,
            note,
            old=0,
            prove=prove,
            answer_seconds_max=SECONDS_MAX,
        )
        with pytest.raises(AuthorityFailed, match="has not answered"):
            await HttpAuthority(client, url, SECONDS_MAX).stamp(b"data")

    assert isinstance(told, NotCosigned)
    assert "has not answered within 0.3 s" in told.why
    assert time.monotonic() - began < 20 * SECONDS_MAX
