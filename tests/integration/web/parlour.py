"""The pages over an API in this process, whose draws and whose clock are the test's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from integration.api.desk import Desk, Somebody
from integration.api.test_house_games import listed
from integration.games.dealing import Files, Scripted
from integration.web.browsing import Visitor
from pitboss.app.front import Front
from pitboss.app.parts import free_port
from pitboss.app.processes.api import serve
from pitboss.db import Database
from pitboss.games.dealing.ports import Equipment
from pitboss.games.house.model import House
from pitboss.settings import Settings
from pitboss.web.pages import Pages
from scenario.hands import until

HOST = "127.0.0.1"
# A title that would like to be more than text, of the game that has no page.
MARKUP = "<img src=x onerror=alert(1)><b>Cards</b>"
# The shortest that the licence permits: tests wait for it.
SLOT_CYCLE_MS = 2_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Parlour:
    """A desk that is served at an address, with what its games are drawn from."""

    desk: Desk
    url: str
    draws: Scripted = field(default_factory=Scripted)

    async def player(self, amount: str = "10.00", **details: str) -> Somebody:
        """Register somebody with some money."""
        return await self.desk.player(amount=amount, **details)

    async def money(self, player: Somebody) -> str:
        """Return what the books say that a player has."""
        return str((await self.desk.look(player, "/v1/me/wallet"))["available"])

    async def rounds(self, player: Somebody) -> list[dict[str, Any]]:
        """Return what the books say of a player's rounds, the newest first."""
        found: list[dict[str, Any]] = (await self.desk.look(player, "/v1/me/rounds"))["rounds"]
        return found

    async def seat(self, visitor: Visitor, player: Somebody, game: House) -> None:
        """Bring a visitor who is logged in as this player to a game, until it can be played."""
        (session,) = (await self.desk.look(player, "/v1/me/sessions"))["sessions"]
        await visitor.plant(player.player_id, session["session_id"], player.token)
        await visitor.open(f"/play/{game}")

    def draw(self, *values: Sequence[int]) -> None:
        """Have these be drawn next."""
        self.draws.left.extend(tuple(item) for item in values)


@contextlib.asynccontextmanager
async def open_parlour(database: Database) -> AsyncIterator[Parlour]:
    """Serve the pages and an API with the three games of the house."""
    draws = Scripted()
    desk = Desk(database=database, house=Equipment(draws=draws, games=Files()))
    games = [_listed(game) for game in House]
    answer = await desk.client.ask(
        "POST",
        "/v1/staff/games/import",
        token=desk.staff,
        body={"provider": "house", "games": games},
    )
    assert all(item["changed"] for item in answer.json()["games"]), answer.body
    settings = Settings(host=HOST, port=free_port(HOST))
    url, stop = f"http://{HOST}:{settings.port}", asyncio.Event()
    serving = asyncio.create_task(serve(Front(desk.client.app, Pages()), settings, stop))
    try:
        await _until_served(url)
        yield Parlour(desk=desk, url=url, draws=draws)
    finally:
        stop.set()
        await serving


def _listed(game: House) -> dict[str, Any]:
    made = listed(game)
    if game is House.SLOT:
        made["cycle_ms_min"] = SLOT_CYCLE_MS
    if game is House.BLACKJACK:
        made["title"] = MARKUP
    return made


async def _until_served(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:

        async def serves() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return (await client.get(f"{url}/play/")).is_success
            return False

        await until(serves, "the pages are served")
