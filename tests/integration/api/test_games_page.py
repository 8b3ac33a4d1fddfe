"""What the page about games shows is what is taken: a studio copies it before it reads on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

from integration.api.desk import Desk
from integration.api.test_games import see, tell
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.api.edge import GameProvider
from pitboss.settings import GameProviderSettings, Settings

PAGE = Path(__file__).parents[3] / "docs" / "games.md"


def example_of_import() -> Any:
    (found,) = re.findall(r"^ *```json\n(.*?)^ *```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return json.loads(dedent(found))


def test_the_settings_on_the_page_are_settings() -> None:
    (said,) = re.findall(r"PITBOSS_GAMES='(\{.*?\})'", PAGE.read_text(), re.DOTALL)

    settings = Settings(games=json.loads(said))

    assert settings.games["acme"].protocol == "softswiss"


def test_the_page_names_every_setting_of_a_provider() -> None:
    page = PAGE.read_text()
    table = page[page.index("| member |") : page.index("2. **Give it its address**")]

    assert [name for name in GameProviderSettings.model_fields if f"`{name}`" not in table] == []


async def test_the_import_on_the_page_makes_a_game_that_is_offered(desk: Desk) -> None:
    desk.providers["acme"] = GameProvider(talk=SoftSwiss("acme", [b"a secret"]))
    body = example_of_import()
    player = await desk.player()

    taken = await tell(desk, "/games/import", body)
    offered = await see(desk, "/v1/games", player.token)

    assert [item["changed"] for item in taken.json()["games"]] == [True]
    assert [item["game"] for item in offered["games"]] == [body["games"][0]["code"]]
