"""Asking providers over HTTP: a call that ends, and an answer that is JSON and not too long."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec

from pitboss.games.registry.errors import ProviderAway

# For all of an answer; the client's own patience is with each part of it.
SECONDS_MAX = 30.0
# Of what a provider says of a refusal: it names the field that it does not like.
_WORDS_MAX = 200


async def ask(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    bytes_max: int,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    also: tuple[int, ...] = (),
) -> tuple[int, Any]:
    """Ask a provider; return the status, 200 or one of `also`, and what the JSON says.

    Raises:
        ProviderAway: it cannot be reached, refuses, or answers what is too long or no JSON.
    """
    said = {**(headers or {})}
    if body is not None:
        said["content-type"] = "application/json"
    raw = bytearray()
    try:
        async with (
            asyncio.timeout(SECONDS_MAX),
            client.stream(method, url, content=body, headers=said) as answer,
        ):
            async for part in answer.aiter_bytes():
                raw += part
                if len(raw) > bytes_max:
                    raise ProviderAway("the provider's answer is too long")
    except (httpx.HTTPError, TimeoutError) as error:
        raise ProviderAway(f"the provider does not answer: {type(error).__name__}") from error
    if answer.status_code != 200 and answer.status_code not in also:
        raise ProviderAway(f"the provider answers {answer.status_code}", said=_excerpt(raw))
    try:
        return answer.status_code, msgspec.json.decode(bytes(raw))
    except msgspec.DecodeError:
        raise ProviderAway("the provider answers no JSON") from None


def _excerpt(raw: bytearray) -> str:
    """Return the beginning of what was said, as a log and a terminal take it."""
    text = raw[:_WORDS_MAX].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "?" for char in text)
