"""Promises about a provider's list of games beside the registry, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import Desk
from integration.api.doors import GAME
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.api.edge import GameProvider
from pitboss.db import Database
from pitboss.games.registry.errors import ProviderAway
from pitboss.games.registry.model import Advertised, GameKind, GameList


@dataclass(slots=True)
class Told:
    """A provider that tells this list, or does not answer."""

    games: GameList | None

    async def fetch(self) -> GameList:
        """Tell it."""
        if self.games is None:
            raise ProviderAway("the provider does not answer")
        return self.games


def told(code: str, **about: Any) -> Advertised:
    """Return a game as the provider tells of it."""
    return Advertised(**{"code": code, "title": "A Book", "kind": GameKind.SLOT, **about})


@pytest.fixture
async def provider() -> Told:
    return Told(
        GameList(
            games=(
                told("book", rtp_ppm=970_000),
                told("same", rtp_ppm=965_000),
                told("new", rtp_ppm=950_000, countries_blocked=("FR",)),
                told("untold"),
                told("off", enabled=False),
            ),
            unreadable=2,
        )
    )


@pytest.fixture
async def desk(database: Database, provider: Told) -> Desk:
    talk = SoftSwiss("acme", [b"a secret"])
    desk = Desk(
        database=database,
        providers={
            "acme": GameProvider(talk=talk, game_lists=provider),
            "other": GameProvider(talk=talk),
        },
    )
    games = [{**GAME, "code": code} for code in ("book", "gone", "off", "same")]
    await desk.client.ask(
        "POST",
        "/v1/staff/games/import",
        token=desk.staff,
        body={"provider": "acme", "games": games},
    )
    return desk


async def compare(desk: Desk, provider: str = "acme") -> Answer:
    """Compare a provider's games with the registry."""
    path = f"/v1/staff/games/list?provider={provider}"
    return await desk.client.ask("GET", path, token=desk.staff)


async def take_in(desk: Desk, *games: str, **about: Any) -> Answer:
    """Import games of the provider's."""
    body = {
        "provider": "acme",
        "games": games,
        "version": "2026-11",
        "cycle_ms_min": 3_000,
        "autoplay": False,
        **about,
    }
    return await desk.client.ask("POST", "/v1/staff/games/list/import", token=desk.staff, body=body)


async def test_a_providers_games_are_compared_with_the_registry(desk: Desk) -> None:
    found = (await compare(desk)).json()

    assert [(item["code"], item["rtp"]) for item in found["fresh"]] == [
        ("new", "95"),
        ("untold", None),
    ]
    assert found["fresh"][0]["blocked_countries"] == ["FR"]
    assert [item["code"] for item in found["gone"]] == ["gone", "off"]
    (differing,) = found["differing"]
    assert (differing["code"], differing["rtp"], differing["told"]["rtp"]) == ("book", "96.5", "97")
    counts = [found[f"{name}_count"] for name in ("fresh", "gone", "differing", "unreadable")]
    assert counts == [2, 2, 1, 2]


async def test_games_of_the_list_are_imported_and_not_played_before_they_are_certified(
    desk: Desk,
) -> None:
    player = await desk.player()

    taken = (await take_in(desk, "new", "untold", "nothing", "off", rtp="94.5")).json()["games"]
    again = (await take_in(desk, "new", rtp="94.5")).json()["games"]

    assert [item["changed"] for item in taken] == [True, True, False, False]
    assert [item["refusal"] for item in taken[2:]] == ["unknown_game", "unknown_game"]
    assert not again[0]["changed"]
    shown = await desk.client.ask("GET", "/v1/staff/games?provider=acme", token=desk.staff)
    rtps = {item["code"]: (item["rtp"], item["licences"]) for item in shown.json()["games"]}
    assert (rtps["new"], rtps["untold"]) == (("95", []), ("94.5", []))
    assert (await compare(desk)).json()["fresh"] == []
    offered = await desk.client.ask("GET", "/v1/games", token=player.token)
    assert "new" not in {item["game"] for item in offered.json()["games"]}


async def test_a_return_that_nobody_tells_is_asked_for(desk: Desk) -> None:
    answer = await take_in(desk, "new", "untold")

    assert (answer.status, answer.slug) == (422, "malformed")
    assert answer.problem["errors"][0]["field"] == "games[1]"


async def test_who_cannot_be_asked_is_said_to_be_so(desk: Desk, provider: Told) -> None:
    nobody, silent = await compare(desk, "nobody"), await compare(desk, "other")
    provider.games = None
    away = await compare(desk)

    assert (nobody.slug, silent.slug) == ("unknown_provider", "game_list_not_offered")
    assert (nobody.status, silent.status, away.status) == (404, 404, 503)
