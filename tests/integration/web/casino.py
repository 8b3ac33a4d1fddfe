"""A whole instance that deals the house's games, with the real generator in its own process."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from folders import make_folder
from integration.api.test_house_games import listed
from pitboss.app.house import games_build
from pitboss.app.instance import Instance, start_instance
from pitboss.app.rng import client_of
from pitboss.games.house.model import House as Game
from pitboss.kernel.errors import PlatformError
from pitboss.settings import RngSettings, SandboxSettings, Settings
from scenario.hands import House, Player, bearer, house_of, until

PROCESSES = ("api", "payments", "rng", "sandbox")
SWIFT = SandboxSettings(seed=7, delay_ms_max=50, failure_share=0)
# Those that have a page; to work out what blackjack returns takes longer than all of the tests.
GAMES = (Game.ROULETTE, Game.SLOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Casino:
    """Where the games are, and its house."""

    instance: Instance
    house: House

    @property
    def url(self) -> str:
        """Where its pages and its API are."""
        return self.instance.url

    async def rounds(self, player: Player) -> list[dict[str, Any]]:
        """Return what the books say of a player's rounds, the newest first."""
        found: list[dict[str, Any]] = (await player.look("/v1/me/rounds"))["rounds"]
        return found

    async def dealt(self, player: Player, round_: dict[str, Any]) -> dict[str, Any]:
        """Return how a round was dealt, by what the books say of it."""
        return await player.look(f"/v1/games/house/rounds/{round_['reference']}")


@contextlib.asynccontextmanager
async def open_casino() -> AsyncIterator[Casino]:
    """Bring it up with games in its registry that are certified for what deals here."""
    home = make_folder("pitboss-casino-")
    try:
        settings = Settings(home=home, port=0, sandbox=SWIFT, rng=RngSettings())
        async with start_instance(settings, only=PROCESSES) as instance:
            house = house_of(instance)
            builds = (await _drawing(instance), games_build())
            listing = {"provider": "house", "games": [listed(game, *builds) for game in GAMES]}
            answer = await house.client.post(
                "/v1/staff/games/import", json=listing, headers=bearer(house.staff_token)
            )
            assert all(item["changed"] for item in answer.json()["games"]), answer.text
            yield Casino(instance=instance, house=house)
            await house.client.aclose()
    finally:
        shutil.rmtree(home)


async def _drawing(instance: Instance) -> str:
    """Wait until the generator draws; return the digest of its files."""
    client = client_of(instance.settings)

    async def build() -> str | None:
        with contextlib.suppress(PlatformError):
            return await client.build()
        return None

    try:
        return await until(build, "the generator draws")
    finally:
        await client.close()
