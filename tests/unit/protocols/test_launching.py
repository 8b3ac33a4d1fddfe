"""Promises about what providers are told when a game is opened."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from integration.games.test_conformance import private_pem
from pitboss import jurisdictions
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.adapters.protocols.launching import (
    Hub88Launcher,
    SoftSwissLauncher,
    ValkyrieLauncher,
)
from pitboss.games.rounds.ports import Launcher, Launching
from pitboss.kernel.ids import PlayerId
from unit.protocols.keys import PAIR

URL = "https://games.example"


async def told(protocol: str, licence: str, *, at: str = URL, **about: Any) -> dict[str, Any]:
    """Open a game for a player of a licence; return what the provider hears."""
    heard: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append(json.loads(request.content))
        return httpx.Response(200, json=dict.fromkeys(("launch_url", "url", "gameUrl"), URL))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        launchers: dict[str, Launcher] = {
            "softswiss": SoftSwissLauncher(client, URL, "casino", b"a secret"),
            "hub88": Hub88Launcher(Hub88Calls(client, at, "7", private_pem(PAIR))),
            "valkyrie": ValkyrieLauncher(client, URL, "casino"),
        }
        wish = {
            "game": "kit/book",
            "locale": "en",
            "ip": "192.0.2.1",
            "mobile": False,
            "return_url": "https://lobby.example",
            "currency": "EUR",
            "jurisdiction": licence,
            "player_id": PlayerId("019fbd32-0600-707f-9c0c-332f8b123fd2"),
            "session_id": "019fbd32-0600-707f-9c0c-332f8b123fd3",
            "token": "00" * 17,
        }
        await launchers[protocol].launch(Launching(**{**wish, **about}))
    (body,) = heard
    return body


@pytest.mark.parametrize("protocol", ["hub88", "valkyrie"])
@pytest.mark.parametrize(
    ("licence", "country"), [("DE", "DE"), ("GB", "GB"), ("ON", "CA"), ("PA", "US"), ("demo", "ZZ")]
)
async def test_a_player_is_of_the_country_of_the_licence(
    protocol: str, licence: str, country: str
) -> None:
    assert (await told(protocol, licence))["country"] == country


@pytest.mark.parametrize(
    ("licence", "region"), [("DE", "DE"), ("ON", "CA-ON"), ("NJ", "US-NJ"), ("PA", "US-PA")]
)
async def test_a_part_of_a_country_is_no_country(licence: str, region: str) -> None:
    # PA by itself is Panama.
    assert (await told("softswiss", licence))["jurisdiction"] == region


@pytest.mark.parametrize("licence", jurisdictions.codes())
async def test_a_studio_takes_what_it_is_told_of_any_licence(licence: str) -> None:
    body = await told("softswiss", licence, return_url="")

    assert re.fullmatch("[A-Z]{2}(-[A-Z]{2})?", body.get("jurisdiction", "ZZ"))
    # An address of nothing is no address; who has none does not say one.
    assert "urls" not in body


@pytest.mark.parametrize(
    ("path", "currency", "operator"),
    [("/api/game/url", "FUN", "7"), ("/operator/generic/v2/game/url", "XXX", 7)],
)
async def test_a_demonstration_is_in_the_currency_of_whose_api_it_is(
    path: str, currency: str, operator: str | int
) -> None:
    body = await told("hub88", "GB", at=URL + path, player_id=None, session_id=None, token=None)

    assert (body["currency"], body["operator_id"]) == (currency, operator)
    assert not {"user", "token"} & body.keys()


@pytest.mark.parametrize(("mobile", "platform"), [(True, "GPL_MOBILE"), (False, "GPL_DESKTOP")])
async def test_a_game_is_opened_for_the_device_that_it_is_played_on(
    mobile: bool, platform: str
) -> None:
    assert (await told("hub88", "GB", mobile=mobile))["platform"] == platform


async def test_a_studio_is_told_the_currency_of_a_demonstration() -> None:
    # Without it a studio shows dollars to whoever plays in euros.
    body = await told("softswiss", "GB", player_id=None, session_id=None, token=None)

    assert body["currency"] == "EUR"
    assert "account" not in body


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        *(("en", "en"), ("en-GB", "en-GB"), ("pt_br", "pt_br"), ("en-soc", "en-soc")),
        *(("zh-Hant", "zh"), ("zh_hans", "zh"), ("sr-lat", "sr")),
    ],
)
async def test_a_language_is_told_as_the_studio_takes_it(locale: str, said: str) -> None:
    # What is longer is no locale there, and the game would not be opened.
    assert (await told("softswiss", "GB", locale=locale))["locale"] == said
