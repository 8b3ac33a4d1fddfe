"""Promises about how bodies are read: none is kept that is too long, none is left in the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pitboss.api.bodies import ClientGone, read_body

GONE = {"type": "http.disconnect"}
LONG = b"x" * 40_000


class Caller:
    """Somebody whose body arrives in pieces, and who then waits or has gone."""

    def __init__(self, pieces: Sequence[bytes], *, gone: bool = False) -> None:
        last = len(pieces) - 1
        self.left: list[dict[str, Any]] = [
            {"type": "http.request", "body": piece, "more_body": gone or at < last}
            for at, piece in enumerate(pieces)
        ]
        if gone:
            self.left.append(GONE)

    async def receive(self) -> Any:
        return self.left.pop(0)


async def test_a_body_as_long_as_allowed_is_returned_whole() -> None:
    caller = Caller([b"ab", b"", b"cd"])

    assert await read_body(caller.receive, length=4, bytes_max=4) == b"abcd"


async def test_a_body_that_is_longer_is_read_to_its_end_so_that_the_connection_can_go_on() -> None:
    caller = Caller([b"ab", b"cd", b"e"])

    assert await read_body(caller.receive, length=5, bytes_max=4) is None
    assert not caller.left


@pytest.mark.parametrize("length", [0, 10**9])
async def test_a_body_without_end_is_not_read_for_ever(length: int) -> None:
    caller = Caller([LONG] * 1_000)

    assert await read_body(caller.receive, length=length, bytes_max=LONG.count(b"x")) is None
    assert len(caller.left) > 800


@pytest.mark.parametrize("pieces", [[], [b"ab"], [LONG, LONG]])
async def test_a_body_that_breaks_off_is_nobodys_call(pieces: Sequence[bytes]) -> None:
    caller = Caller(pieces, gone=True)

    with pytest.raises(ClientGone):
        await read_body(caller.receive, length=0, bytes_max=len(LONG))
