"""Promises about how a provider is asked where it shows a round."""

from __future__ import annotations

import json

import httpx
import pytest

from integration.games.test_conformance import private_pem
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.adapters.protocols.round_pages import Hub88Pages
from pitboss.games.registry.errors import ProviderAway
from pitboss.kernel.ids import PlayerId
from unit.protocols.keys import PAIR

PLAYER = PlayerId("019fbd32-0600-707f-9c0c-332f8b123fd2")
HUB88 = "https://games.example/operator/generic/v2/game/url"


async def find(answer: httpx.Response) -> tuple[str | None, httpx.Request]:
    """Ask for a page, answered so; return it, and what was asked."""
    heard: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(reply)) as client:
        pages = Hub88Pages(Hub88Calls(client, HUB88, "7", private_pem(PAIR)))
        url = await pages.find_page("r1", PLAYER)
    return url, heard[0]


async def test_a_round_is_asked_for_by_its_providers_name() -> None:
    url, asked = await find(httpx.Response(200, json={"url": "https://games.example/r1"}))

    assert url == "https://games.example/r1"
    assert str(asked.url) == "https://games.example/operator/generic/v2/game/round"
    assert json.loads(asked.content) == {
        "operator_id": 7,
        "sub_partner_id": "7",
        "round": "r1",
        "user": PLAYER,
    }


@pytest.mark.parametrize("status", [404, 405])
async def test_a_round_that_the_provider_does_not_know_has_no_page(status: int) -> None:
    url, _ = await find(httpx.Response(status, json={"code": 1, "message": "no such round"}))

    assert url is None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"url": "javascript:alert(1)"}),
        httpx.Response(200, json=[]),
        httpx.Response(500, json={}),
    ],
)
async def test_an_answer_without_an_address_is_none(answer: httpx.Response) -> None:
    with pytest.raises(ProviderAway):
        await find(answer)
