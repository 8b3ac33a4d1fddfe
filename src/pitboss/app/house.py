"""The house's own games, put together: the files that they are made of, and how they are listed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import structlog

import pitboss.games.house
from pitboss.app import rng
from pitboss.app.record import moment
from pitboss.games import dealing, house
from pitboss.games.dealing.errors import GamesChanged
from pitboss.games.dealing.model import PROVIDER, Drawn, Undealt
from pitboss.games.dealing.ports import Equipment
from pitboss.games.house.model import House
from pitboss.games.registry.model import GameKind
from pitboss.settings import Settings

ROOM = Path(pitboss.games.house.__file__).parent
# As often as the generator compares itself with its certificate.
CHECK_SECONDS = 24 * 3600
# From the start of a round of the house to that of the next: the longest that a licence wants.
CYCLE_MS = 5_000
TITLES = {
    House.ROULETTE: "European Roulette",
    House.SLOT: "Lantern Ways",
    House.BLACKJACK: "Blackjack",
}


_log = structlog.get_logger("app.house")


def _now() -> float:
    # Goes on while the machine sleeps, and is not set by anybody.
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class GamesFiles:
    """The files of the house's games: measured at the start of a process, and every 24 hours again.

    What runs is what lay there at the start.  Once something else lies there, nobody can look at
    what runs any more, and nothing is dealt until the process is started anew.
    """

    def __init__(self, room: Path = ROOM, *, now: Callable[[], float] = _now) -> None:
        self._room, self._now = room, now
        self._turn = asyncio.Lock()
        self._digest, self._checked = games_build(room), now()
        self._changed = False

    async def build(self) -> str:
        """Return the digest of the files that run (`games_build`); measured again when it is due.

        Raises:
            GamesChanged: other files lie in their place by now.
        """
        async with self._turn:
            if not self._changed and self._now() - self._checked >= CHECK_SECONDS:
                self._changed = await asyncio.to_thread(self._differs)
                self._checked = self._now()
        if self._changed:
            raise GamesChanged
        return self._digest

    def _differs(self) -> bool:
        try:
            digest = games_build(self._room)
        except OSError as error:
            _log.error("the files of the house's games cannot be read", why=str(error))
            return True
        if digest != self._digest:
            _log.error("the files of the house's games changed", was=self._digest, now=digest)
        return digest != self._digest


@contextlib.asynccontextmanager
async def open_house(settings: Settings) -> AsyncIterator[Equipment | None]:
    """Lend what the house's own games are dealt with; None where no generator is configured."""
    if settings.rng is None:
        yield None
        return
    client = rng.client_of(settings)
    try:
        yield Equipment(draws=client, games=GamesFiles())
    finally:
        await client.close()


async def audit_draws(settings: Settings, *, patience_seconds: float) -> tuple[Drawn, Undealt]:
    """Return what the generator has drawn, and what of that nobody was dealt.

    Where something is missing it is looked for once more, after the rounds that went on then.

    Raises:
        Fault: the generator does not answer.
    """
    client = rng.client_of(settings)
    try:
        drawn = await client.drawn()
    finally:
        await client.close()
    undealt = await _find_undealt(settings, drawn)
    if undealt.missing:
        await asyncio.sleep(patience_seconds)
        undealt = await _find_undealt(settings, drawn)
    return drawn, undealt


async def _find_undealt(settings: Settings, drawn: Drawn) -> Undealt:
    async with moment(settings) as tx:
        return await dealing.find_undealt(tx, drawn)


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


def house_listing(certificate: rng.Certificate, expires: date | None = None) -> dict[str, Any]:
    """Return the house's games as staff imports them, certified for these licences.

    The certificate names the two digests of what would deal here: the generator's files and the
    games' own; it counts to the end of the day that it `expires`, if it does.

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
            "expires_on": None if expires is None else expires.isoformat(),
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
