"""Providers of games, put together from the settings, and asked which games they have."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping

import httpx

from pitboss import messages
from pitboss.adapters.protocols.game_lists import Hub88GameList, SoftSwissGameList
from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.adapters.protocols.launching import (
    Hub88Launcher,
    SoftSwissLauncher,
    ValkyrieLauncher,
)
from pitboss.adapters.protocols.rewards import Hub88Rewards
from pitboss.adapters.protocols.round_pages import Hub88Pages
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.api.edge import GameProvider
from pitboss.app.parts import clock_of, open_database
from pitboss.app.staffing import ACTOR
from pitboss.games import registry
from pitboss.games.registry.model import (
    Answer,
    Comparison,
    GameList,
    Listing,
    Pick,
    Refusal,
    Refused,
)
from pitboss.games.registry.ports import GameLists
from pitboss.games.rewards.ports import Rewards
from pitboss.games.rounds.ports import Launcher, RoundPages, Talk
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.errors import Malformed, PlatformError
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.settings import GameProviderSettings, Settings

# A player waits for it; the vendors' own patience is longer.
LAUNCH_SECONDS_MAX = 10.0


class ProviderUnusable(PlatformError):
    """What is configured for a provider cannot be used."""


@contextlib.asynccontextmanager
async def open_providers(settings: Settings) -> AsyncIterator[dict[str, GameProvider]]:
    """Lend every provider that is configured, by its name.

    Raises:
        ProviderUnusable: a key of one is none, or a secret is another's too.
    """
    _ensure_own(settings.games)
    async with httpx.AsyncClient(timeout=LAUNCH_SECONDS_MAX) as client:
        found: dict[str, GameProvider] = {}
        for name, said in settings.games.items():
            try:
                found[name] = GameProvider(
                    talk=_talk(name, said),
                    launcher=_launcher(said, client),
                    game_lists=_game_lists(said, client),
                    pages=_pages(said, client),
                    rewards=_rewards(said, client),
                    networks=said.networks,
                    calls_per_second=said.calls_per_second,
                    one_session=said.protocol == "hub88",
                )
            except ValueError as error:
                raise ProviderUnusable(f"games.{name}: {error}") from None
        yield found


def _ensure_own(games: Mapping[str, GameProviderSettings]) -> None:
    """Refuse a secret that two have: what one has signed could be sent again as the other's.

    A public key may be that of two, for with it nothing is asked without a token, which is of one.
    """
    owners: dict[tuple[str, str], str] = {}
    for name, said in games.items():
        for key in () if said.protocol == "hub88" else said.keys:
            first = owners.setdefault((said.protocol, key), name)
            if first != name:
                raise ProviderUnusable(f"games.{name}: it has a secret of games.{first}")


async def compare_list(settings: Settings, name: str) -> Comparison:
    """Ask a provider which games it has, and hold its list beside the registry.

    Raises:
        Malformed: there is no such provider, or it cannot be asked.
        ProviderAway: it does not tell.
    """
    listed = await _fetch_list(settings, name)
    async with open_database(settings, connections_max=1) as database, database.reading() as tx:
        return await registry.compare(tx, name, listed)


async def import_listed(settings: Settings, pick: Pick) -> dict[str, Answer]:
    """Take in games of a provider's list, without certificates; return what came of each.

    Raises:
        Malformed: there is no such provider, it cannot be asked, or the return of a game is told
            by nobody: then nothing is taken in.
        ProviderAway: it does not tell.
    """
    listings = registry.listings_of(await _fetch_list(settings, pick.provider), pick)
    told: dict[str, Listing] = {}
    for code, listing in listings.items():
        if listing is None:
            raise Malformed("--rtp", f"{pick.provider} does not tell the return of {code}")
        told[code] = listing
    async with (
        open_database(settings, connections_max=1) as database,
        messages.turn(
            database,
            [CATALOGUE_SHARD],
            now=clock_of(settings).now(),
            actor=ACTOR,
            entropy=SystemEntropy(),
        ) as turn,
    ):
        answers = await registry.import_games(turn, list(told.values()))
    done = dict(zip(told, answers, strict=True))
    return {code: done.get(code, Refused(reason=Refusal.UNKNOWN_GAME)) for code in pick.codes}


async def _fetch_list(settings: Settings, name: str) -> GameList:
    async with open_providers(settings) as providers:
        provider = providers.get(name)
        if provider is None:
            known = ", ".join(providers) or "nobody"
            raise Malformed("PROVIDER", f"{name[:40]!r} is not in PITBOSS_GAMES, where {known} is")
        if provider.game_lists is None:
            raise Malformed("PROVIDER", f"{name} cannot be asked which games it has")
        return await provider.game_lists.fetch()


def _talk(name: str, said: GameProviderSettings) -> Talk:
    match said.protocol:
        case "softswiss":
            return SoftSwiss(name, [key.encode() for key in said.keys], free_play=said.free_play)
        case "hub88":
            with _naming("keys"):
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
            return Hub88Launcher(_hub88_calls(said, client, said.launch_url))
        case "valkyrie":
            return ValkyrieLauncher(client, said.launch_url, said.operator)


def _game_lists(said: GameProviderSettings, client: httpx.AsyncClient) -> GameLists | None:
    if said.protocol == "softswiss" and said.list_url is not None:
        return SoftSwissGameList(client, said.list_url, said.operator)
    if said.protocol == "hub88" and said.launch_url is not None:
        return Hub88GameList(_hub88_calls(said, client, said.launch_url))
    return None


def _pages(said: GameProviderSettings, client: httpx.AsyncClient) -> RoundPages | None:
    if said.protocol == "hub88" and said.launch_url is not None:
        return Hub88Pages(_hub88_calls(said, client, said.launch_url))
    return None


def _rewards(said: GameProviderSettings, client: httpx.AsyncClient) -> Rewards | None:
    if said.protocol == "hub88" and said.launch_url is not None:
        return Hub88Rewards(_hub88_calls(said, client, said.launch_url))
    return None


def _hub88_calls(said: GameProviderSettings, client: httpx.AsyncClient, url: str) -> Hub88Calls:
    with _naming("launch_key"):
        return Hub88Calls(client, url, said.operator, (said.launch_key or "").encode())


@contextlib.contextmanager
def _naming(setting: str) -> Iterator[None]:
    """Say of which setting it is that something is wrong with."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{setting}: {error}") from None
