"""One port has two sides: the pages, and the API with everything else."""

from __future__ import annotations

from typing import Any

import pytest

from pitboss.app.front import Front
from pitboss.web.pages import Pages


async def reached(**scope: Any) -> str:
    """Say who answers what is asked for."""
    heard: list[str] = []

    async def api(scope: Any, receive: Any, send: Any) -> None:
        heard.append("api")

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        heard.append("pages")

    await Front(api, Pages({}))({"method": "GET", "headers": [], **scope}, receive, send)  # type: ignore[arg-type]
    return heard[0]


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/play", "pages"),
        ("/play/", "pages"),
        ("/play/static/base.css", "pages"),
        ("/player", "api"),
        ("/v1/games/house/slot", "api"),
        ("/docs", "api"),
        ("/", "api"),
    ],
)
async def test_a_request_is_answered_by_the_side_that_it_is_for(path: str, who: str) -> None:
    assert await reached(type="http", path=path) == who


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
async def test_what_is_no_request_is_the_apis(kind: str) -> None:
    assert await reached(type=kind, path="/play/") == "api"
