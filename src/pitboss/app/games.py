"""Providers of games, put together from the settings."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import httpx

from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.launching import (
    Hub88Launcher,
    SoftSwissLauncher,
    ValkyrieLauncher,
)
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.api.edge import GameProvider
from pitboss.games.rounds.ports import Launcher, Talk
from pitboss.kernel.errors import PlatformError
from pitboss.settings import GameProviderSettings, Settings

# A player waits for it; the vendors' own patience is longer.
LAUNCH_SECONDS_MAX = 10.0


class ProviderUnusable(PlatformError):
    """What is configured for a provider cannot be used."""


@contextlib.asynccontextmanager
async def open_providers(settings: Settings) -> AsyncIterator[dict[str, GameProvider]]:
    """Lend every provider that is configured, by its name.

    Raises:
        ProviderUnusable: a key of one is none.
    """
    async with httpx.AsyncClient(timeout=LAUNCH_SECONDS_MAX) as client:
        found: dict[str, GameProvider] = {}
        for name, said in settings.games.items():
            try:
                found[name] = GameProvider(
                    talk=_talk(name, said),
                    launcher=_launcher(said, client),
                    networks=said.networks,
                    calls_per_second=said.calls_per_second,
                    one_session=said.protocol == "hub88",
                )
            except ValueError as error:
                raise ProviderUnusable(f"games.{name}: {error}") from None
        yield found


def _talk(name: str, said: GameProviderSettings) -> Talk:
    match said.protocol:
        case "softswiss":
            return SoftSwiss(name, [key.encode() for key in said.keys], free_play=said.free_play)
        case "hub88":
            return Hub88(name, [key.encode() for key in said.keys], free_play=said.free_play)
        case "valkyrie":
            return Valkyrie(name, said.keys, recon=said.recon_key, free_play=said.free_play)


def _launcher(said: GameProviderSettings, client: httpx.AsyncClient) -> Launcher | None:
    if said.launch_url is None:
        return None
    match said.protocol:
        case "softswiss":
            secret = (said.launch_key or said.keys[0]).encode()
            return SoftSwissLauncher(client, said.launch_url, said.operator, secret)
        case "hub88":
            pem = (said.launch_key or "").encode()
            return Hub88Launcher(client, said.launch_url, said.operator, pem)
        case "valkyrie":
            return ValkyrieLauncher(client, said.launch_url, said.operator)
