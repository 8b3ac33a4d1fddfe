"""Providers of games, put together from the settings."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import AsyncIterator, Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import httpx

import pitboss.games.house
from pitboss.adapters.protocols.game_lists import Hub88GameList, SoftSwissGameList
from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.adapters.protocols.launching import (
    Hub88Launcher,
    SoftSwissLauncher,
    ValkyrieLauncher,
)
from pitboss.adapters.protocols.round_pages import Hub88Pages
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.api.edge import GameProvider
from pitboss.app import rng
from pitboss.games import house
from pitboss.games.dealing.model import PROVIDER
from pitboss.games.dealing.ports import Equipment
from pitboss.games.house.model import House
from pitboss.games.registry.model import GameKind
from pitboss.games.registry.ports import GameLists
from pitboss.games.rounds.ports import Launcher, RoundPages, Talk
from pitboss.kernel.errors import PlatformError
from pitboss.settings import GameProviderSettings, Settings

ROOM = Path(pitboss.games.house.__file__).parent
# A player waits for it; the vendors' own patience is longer.
LAUNCH_SECONDS_MAX = 10.0
# From the start of a round of the house to that of the next: the longest that a licence wants.
CYCLE_MS = 5_000
TITLES = {
    House.ROULETTE: "European Roulette",
    House.SLOT: "Lantern Ways",
    House.BLACKJACK: "Blackjack",
}


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
                    game_lists=_game_lists(said, client),
                    pages=_pages(said, client),
                    networks=said.networks,
                    calls_per_second=said.calls_per_second,
                    one_session=said.protocol == "hub88",
                )
            except ValueError as error:
                raise ProviderUnusable(f"games.{name}: {error}") from None
        yield found


@contextlib.asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[Equipment | None]:
    """Lend what the house's own games are dealt with; None where no generator is configured."""
    if settings.rng is None:
        yield None
        return
    client = rng.client_of(settings)
    try:
        yield Equipment(draws=client, games_build=games_build())
    finally:
        await client.close()


def games_build(room: Path = ROOM) -> str:
    """Return the digest of the files that the house's games are made of, in hexadecimal digits.

    It is of a line for each file, in the order of their names: the file's SHA-256, two spaces and
    its path from the room on, as `sha256sum` prints them.  What would be run in the place of one
    has a line too: a folder that lies elsewhere, and compiled code that is of another source.
    """
    lines = [
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for path in sorted(room.rglob("*"))
        for name, content in _parts(path, path.relative_to(room).as_posix())
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _parts(path: Path, name: str) -> Iterator[tuple[str, bytes]]:
    if path.parent.name == "__pycache__":
        return
    if path.is_file():
        source = path.read_bytes()
        yield name, source
        compiled = Path(cache_from_source(str(path)))
        if path.suffix == ".py" and compiled.is_file() and not _is_compiled(path, source):
            yield f"{name} compiled", compiled.read_bytes()
    elif path.is_symlink():
        yield name, os.fsencode(path.readlink())


def _is_compiled(path: Path, source: bytes) -> bool:
    """Say whether what would be run of a file is what it says."""
    loader = SourceFileLoader(path.stem, str(path))
    try:
        return bool(loader.get_code(path.stem) == loader.source_to_code(source, str(path)))
    except (ImportError, EOFError, ValueError, TypeError):
        return False


def house_listing(certificate: rng.Certificate) -> dict[str, Any]:
    """Return the house's games as staff imports them, certified for these licences.

    The certificate names the two digests of what would deal here: the generator's files and the
    games' own.

    Raises:
        RngProcessFailed: the generator does not start, so nobody can say what it is.
    """
    builds = [json.loads(rng.measure())["code_hash"], games_build()]
    certificates = [
        {
            "licence": licence,
            "laboratory": certificate.laboratory,
            "number": certificate.number,
            "issued_on": certificate.issued.isoformat(),
            "hashes": builds,
        }
        for licence in certificate.licences
    ]
    return {
        "provider": PROVIDER,
        "games": [{**_listed(game), "certificates": certificates} for game in House],
    }


def _listed(game: House) -> dict[str, Any]:
    # Of roulette's bets each returns the same; a number pays most.
    par = max(house.pars(game), key=lambda par: par.win_max)
    hundredths = int(par.rtp * 10**6)
    chance = par.win_max_chance
    return {
        "code": game.value,
        "version": house.versions()[game],
        "title": TITLES[game],
        "kind": GameKind.SLOT if game is House.SLOT else GameKind.TABLE,
        "rtp": f"{hundredths // 10_000}.{hundredths % 10_000:04d}",
        "cycle_ms_min": CYCLE_MS,
        "autoplay": False,
        "top_win_chance": f"{chance.numerator}/{chance.denominator}",
    }


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


def _hub88_calls(said: GameProviderSettings, client: httpx.AsyncClient, url: str) -> Hub88Calls:
    return Hub88Calls(client, url, said.operator, (said.launch_key or "").encode())
