"""Asks over HTTP within a bound of time and of bytes, whatever the other side does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from pitboss.kernel.errors import Fault


class NoAnswer(Fault):
    """The other side cannot be reached, takes too long, or answers without end."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundedAnswer:
    """An answer that was read whole; the names of `headers` are in lower case."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What it says; bytes that are no text are marked as such."""
        return self.content.decode(errors="replace")


async def post(
    client: httpx.AsyncClient,
    url: str,
    content: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    seconds_max: float,
    bytes_max: int,
) -> BoundedAnswer:
    """Send bytes, and return the answer.  Raises as `ask` does."""
    return await ask(
        client,
        "POST",
        url,
        content=content,
        headers=headers,
        seconds_max=seconds_max,
        bytes_max=bytes_max,
    )


async def ask(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    seconds_max: float,
    bytes_max: int,
) -> BoundedAnswer:
    """Send a request, and return the answer.

    A client's own timeouts are for each read, and who sends a byte now and then keeps within them
    for ever: `seconds_max` is for all of it, and no more than `bytes_max` is read.  No compression
    is undone, because little that is sent can be much that is unpacked.

    Raises:
        NoAnswer: there is none within these bounds.
    """
    # Nothing else is asked for, and whoever compresses nonetheless is not understood.
    wanted = {"Accept-Encoding": "identity", **(headers or {})}
    try:
        async with (
            asyncio.timeout(seconds_max),
            client.stream(
                method, url, content=content, headers=wanted, timeout=seconds_max
            ) as answer,
        ):
            read = bytearray()
            async for chunk in answer.aiter_raw():
                read += chunk
                if len(read) > bytes_max:
                    raise NoAnswer(f"{url} answered over {bytes_max} bytes")
            named = {name.lower(): value for name, value in answer.headers.items()}
            return BoundedAnswer(status=answer.status_code, content=bytes(read), headers=named)
    except TimeoutError:
        raise NoAnswer(f"{url} has not answered within {seconds_max:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoAnswer(f"{url}: {str(error) or type(error).__name__}") from error
