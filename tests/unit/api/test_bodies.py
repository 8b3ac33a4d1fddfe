"""Promises about how bodies are heard: to their end before an answer begins, but never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from pitboss.api import bodies
from pitboss.api.bodies import heard_out, read_body
from pitboss.api.problems import ProblemFound

SCOPE: Any = {"type": "http"}
GONE = {"type": "http.disconnect"}
START = {"type": "http.response.start", "status": 200, "headers": []}
LONG = b"x" * 40_000


class Caller:
    """Somebody whose body arrives in pieces, and who then waits, has gone, or says nothing more."""

    def __init__(self, pieces: Sequence[bytes], *, gone: bool = False, silent: bool = False):
        last = len(pieces) - 1
        self.left: list[dict[str, Any]] = [
            {"type": "http.request", "body": piece, "more_body": gone or silent or at < last}
            for at, piece in enumerate(pieces)
        ]
        if gone:
            self.left.append(GONE)
        self.answers: list[Any] = []
        # What was still to come when the answer began.
        self.left_at_answer = -1

    async def receive(self) -> Any:
        if not self.left:
            await asyncio.Event().wait()
        return self.left.pop(0)

    async def send(self, message: Any) -> None:
        if not self.answers:
            self.left_at_answer = len(self.left)
        self.answers.append(message)

    async def serve(self, app: Any) -> None:
        """Have an application serve them."""
        await heard_out(app)(SCOPE, self.receive, self.send)

    async def read(self, bytes_max: int) -> bytes | str:
        """Have their body read; return it, or why it was not."""
        said: list[bytes | str] = []

        async def app(_: Any, receive: Any, send: Any) -> None:
            try:
                said.append(await read_body(receive, bytes_max=bytes_max))
            except ProblemFound as found:
                said.append(found.problem.slug)
            await send(START)

        await self.serve(app)
        assert self.answers == [START]
        return said[0]


async def refuse(_: Any, __: Any, send: Any) -> None:
    """Answer without a look at the body."""
    await send(START)


@pytest.fixture
async def impatient(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Let nobody wait; who waits for ever all the same is not waited for."""
    monkeypatch.setattr(bodies, "WANTED_SECONDS_MAX", 0.01)
    monkeypatch.setattr(bodies, "UNWANTED_SECONDS_MAX", 0.01)
    monkeypatch.setattr(bodies, "LOOK_SECONDS", 0.001)
    async with asyncio.timeout(30):
        yield


@pytest.mark.parametrize("pieces", [[b"abcd"], [b"ab", b"", b"cd"], [b""]])
async def test_a_body_as_long_as_allowed_is_returned_whole(pieces: Sequence[bytes]) -> None:
    assert await Caller(pieces).read(4) == b"".join(pieces)


async def test_a_body_that_is_longer_is_read_to_its_end_so_that_the_connection_can_go_on() -> None:
    caller = Caller([b"ab", b"cd", b"e", b"f"])

    assert await caller.read(4) == "body_too_large"
    assert caller.left_at_answer == 0


async def test_whoever_is_refused_at_once_is_heard_out_before_that() -> None:
    caller = Caller([b"ab", b"cd"])

    await caller.serve(refuse)

    assert caller.answers == [START]
    assert caller.left_at_answer == 0


async def test_a_body_without_end_is_not_read_for_ever() -> None:
    caller = Caller([LONG] * 1_000)

    assert await caller.read(len(LONG)) == "body_too_large"
    assert caller.left_at_answer > 800


@pytest.mark.parametrize("pieces", [[], [b"ab"], [LONG, LONG]])
async def test_a_body_that_breaks_off_is_nobodys_call_and_is_answered(
    pieces: Sequence[bytes],
) -> None:
    assert await Caller(pieces, gone=True).read(len(LONG) * 2) == "unreadable"

    caller = Caller(pieces, gone=True)
    await caller.serve(refuse)
    assert caller.answers == [START]


@pytest.mark.parametrize("pieces", [[], [b"ab"], [b"ab", b"cd"]])
@pytest.mark.usefixtures("impatient")
async def test_a_body_that_does_not_come_is_nobodys_call_and_is_answered(
    pieces: Sequence[bytes],
) -> None:
    assert await Caller(pieces, silent=True).read(4) == "body_late"

    caller = Caller(pieces, silent=True)
    await caller.serve(refuse)
    assert caller.answers == [START]


@pytest.mark.usefixtures("impatient")
async def test_pieces_that_never_stop_do_not_make_the_time_longer() -> None:
    caller = Caller([])

    async def drip() -> Any:
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": b"", "more_body": True}

    caller.receive = drip  # type: ignore[method-assign]

    assert await caller.read(4) == "body_late"


@pytest.mark.usefixtures("impatient")
async def test_whoever_waits_for_the_end_of_the_connection_waits_for_as_long_as_it_takes() -> None:
    caller = Caller([b"ab"])
    heard: list[Any] = []

    async def app(_: Any, receive: Any, send: Any) -> None:
        await read_body(receive, bytes_max=4)
        await send(START)
        heard.append(await receive())

    serving = asyncio.create_task(caller.serve(app))
    done, _ = await asyncio.wait({serving}, timeout=0.1)
    assert not done
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert not heard


@pytest.mark.usefixtures("impatient")
async def test_whoever_was_late_has_not_cancelled_what_comes_next() -> None:
    caller = Caller([], silent=True)

    async def app(_: Any, receive: Any, send: Any) -> None:
        with pytest.raises(ProblemFound):
            await read_body(receive, bytes_max=4)
        await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await send(START)

    await caller.serve(app)

    assert caller.answers == [START]


async def test_whoever_is_told_to_end_while_a_body_comes_ends() -> None:
    caller = Caller([], silent=True)
    serving = asyncio.create_task(caller.serve(refuse))
    await asyncio.sleep(0)

    serving.cancel()

    with pytest.raises(asyncio.CancelledError):
        await serving
    assert not caller.answers


async def test_an_applications_own_life_is_none_of_this() -> None:
    caller = Caller([])
    caller.left = [{"type": "lifespan.startup"}]
    heard: list[Any] = []

    async def app(_: Any, receive: Any, __: Any) -> None:
        heard.append(await receive())

    await heard_out(app)({"type": "lifespan"}, caller.receive, caller.send)

    assert heard == [{"type": "lifespan.startup"}]
