"""A peer over HTTP that is a function, and answers in pieces as a socket does."""

from __future__ import annotations

from collections.abc import Callable

import httpx

Answerer = Callable[[httpx.Request], httpx.Response]


def answering(answerer: Answerer) -> httpx.AsyncClient:
    """Return a client whose every request this function answers."""

    def answer(request: httpx.Request) -> httpx.Response:
        made = answerer(request)
        return httpx.Response(
            made.status_code, headers=made.headers, stream=httpx.ByteStream(made.content)
        )

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))
