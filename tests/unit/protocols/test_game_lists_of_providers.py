"""Promises about how providers' lists of games are asked for and read."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from integration.games.test_conformance import private_pem
from pitboss.adapters.protocols import asking, game_lists
from pitboss.adapters.protocols.game_lists import Hub88GameList, SoftSwissGameList
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.games.registry.errors import ProviderAway
from pitboss.games.registry.model import Advertised, GameKind, GameList
from pitboss.games.registry.ports import GameLists
from unit.protocols.keys import PAIR

CALETA = "https://games.example/api/game/url"
HUB88_GAME = {
    "game_code": "clt_dragon",
    "name": "Dragon",
    "category": "Video Slots",
    "enabled": True,
    "platforms": ["GPL_DESKTOP", "GPL_MOBILE"],
    "blocked_countries": ["US", "usa", 7],
}
STUDIO_GAME = {
    "identifier": "dice",
    "title": "Dice",
    "category": "dice",
    "payout": 99.05,
    "restrictions": {"default": {"blacklist": ["FR"]}},
}


async def fetch(protocol: str, answer: httpx.Response) -> tuple[GameList, httpx.Request]:
    """Ask for a list that is answered so; return it, and what was asked."""
    heard: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        heard.append(request)
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(reply)) as client:
        found: GameLists = (
            Hub88GameList(Hub88Calls(client, CALETA, "7", private_pem(PAIR)))
            if protocol == "hub88"
            else SoftSwissGameList(client, "https://studio.example/games?active=true", "casino")
        )
        told = await found.fetch()
    return told, heard[0]


async def test_a_list_is_asked_for_beside_where_games_are_opened_and_signed() -> None:
    told, asked = await fetch("hub88", httpx.Response(200, json=[HUB88_GAME]))

    assert (asked.method, str(asked.url)) == ("POST", "https://games.example/api/game/list")
    assert json.loads(asked.content) == {"operator_id": "7"}
    for name in ("x-hub88-signature", "x-auth-signature"):
        signature = base64.b64decode(asked.headers[name])
        PAIR.public_key().verify(signature, asked.content, padding.PKCS1v15(), hashes.SHA256())
    game = Advertised(
        code="clt_dragon", title="Dragon", kind=GameKind.SLOT, countries_blocked=("US",)
    )
    assert told == GameList(games=(game,))


async def test_a_studios_public_list_is_read() -> None:
    told, asked = await fetch("softswiss", httpx.Response(200, json={"games": [STUDIO_GAME]}))

    assert asked.method == "GET"
    assert dict(asked.url.params) == {"active": "true", "operator": "casino", "format": "json"}
    (game,) = told.games
    assert (game.kind, game.rtp_ppm, game.countries_blocked) == (GameKind.INSTANT, 990_500, ("FR",))


async def test_what_cannot_be_read_is_counted_and_stops_nothing_else() -> None:
    wrong: list[Any] = [
        7,
        {},
        {**HUB88_GAME, "game_code": "has a space"},
        {**HUB88_GAME, "name": ""},
        {**HUB88_GAME, "name": "x\u0000"},
    ]
    off = {**HUB88_GAME, "game_code": "off", "enabled": False}

    told, _ = await fetch("hub88", httpx.Response(200, json=[*wrong, HUB88_GAME, off]))

    assert told.unreadable == len(wrong)
    assert {item.code: item.enabled for item in told.games} == {
        "clt_dragon": True,
        "off": False,
    }


@pytest.mark.parametrize("payout", ["much", -1, 0, True, 96.12345, 1e300, None, [96]])
async def test_a_return_that_is_none_is_not_told(payout: Any) -> None:
    raw = json.dumps([{**STUDIO_GAME, "payout": payout}]).encode()

    told, _ = await fetch("softswiss", httpx.Response(200, content=raw))

    assert told.games[0].rtp_ppm is None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, json=[]),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, json="games"),
        httpx.Response(200, json={"error": "no"}),
    ],
)
async def test_who_tells_no_list_is_away(answer: httpx.Response) -> None:
    with pytest.raises(ProviderAway):
        await fetch("softswiss", answer)


async def test_what_a_provider_says_of_a_refusal_is_told_to_who_asked() -> None:
    no = {"code": "invalid_argument", "meta": {"api_code": "410", "api_message": "casino\u001b[2J"}}

    with pytest.raises(ProviderAway) as told:
        await fetch("softswiss", httpx.Response(400, json=no))

    assert str(told.value) == "the provider answers 400"
    said = told.value.said
    assert '"api_code":"410"' in said
    assert said.isprintable()
    assert len(said) <= 200


async def test_a_list_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(game_lists, "BYTES_MAX", 1_000)

    with pytest.raises(ProviderAway, match="too long"):
        await fetch("softswiss", httpx.Response(200, content=b" " * 2_000))


async def test_an_answer_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS_MAX", 0.05)

    async def drip() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "

    with pytest.raises(ProviderAway, match="TimeoutError"):
        await fetch("softswiss", httpx.Response(200, content=drip()))
