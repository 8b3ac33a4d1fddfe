"""The house's own games, put together: the files that they are made of, and how they are listed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import date
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import structlog

import pitboss.games.house
from pitboss import messages
from pitboss.app import rng
from pitboss.app.parts import borrow_server, clock_of, open_database
from pitboss.app.staffing import ACTOR
from pitboss.db import Database
from pitboss.games import dealing, house
from pitboss.games.dealing.errors import GamesChanged
from pitboss.games.dealing.model import PROVIDER, Checked, Drawn, Measured, Undealt
from pitboss.games.dealing.ports import Equipment
from pitboss.games.house.model import House
from pitboss.games.registry.model import GameKind
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.errors import Malformed
from pitboss.kernel.shards import CATALOGUE_SHARD
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
    """The files of the house's games: measured at the start of a process, every 24 hours again, and
    whenever somebody asks.

    What runs is what lay there at the start.  Once something else lies there, nobody can look at
    what runs any more, and nothing is dealt until the process is started anew.
    """

    def __init__(self, room: Path = ROOM, *, now: Callable[[], float] = _now) -> None:
        self._room, self._now = room, now
        self._turn = asyncio.Lock()
        self._files, self._checked = measure(room), now()
        self._digest = build_of(self._files)
        self._changed = False

    async def build(self) -> str:
        """Return the digest of the files that run (`games_build`); measured again when it is due.

        Raises:
            GamesChanged: other files lie in their place by now.
        """
        async with self._turn:
            if not self._changed and self._now() - self._checked >= CHECK_SECONDS:
                await self._measure()
        if self._changed:
            raise GamesChanged
        return self._digest

    async def check(self) -> Measured:
        """Measure the files now, whenever it is due, and say which are not those that run."""
        async with self._turn:
            differing = await self._measure()
        return Measured(build=self._digest, differing=differing, closed=self._changed)

    async def _measure(self) -> tuple[str, ...]:
        differing = await asyncio.to_thread(self._differing)
        self._changed = self._changed or bool(differing)
        self._checked = self._now()
        return differing

    def _differing(self) -> tuple[str, ...]:
        try:
            differing = differing_of(self._files, measure(self._room))
        except OSError as error:
            _log.error("the files of the house's games cannot be read", why=str(error))
            return (Path(error.filename or self._room).name,)
        if differing:
            _log.error("the files of the house's games changed", files=differing)
        return differing


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


async def audit_draws(
    settings: Settings, *, patience_seconds: float, every: bool = False
) -> tuple[Drawn, Undealt]:
    """Return what the generator has drawn, and what of that nobody was dealt.

    What the last count has settled is taken from there, unless `every` draw is to be compared.
    Where something is missing it is looked for once more, after the rounds that went on then.

    Raises:
        Fault: the generator does not answer.
    """
    client = rng.client_of(settings)
    try:
        drawn = await client.drawn()
    finally:
        await client.close()
    with borrow_server(settings):
        async with open_database(settings, connections_max=1) as database:
            undealt = await _find_undealt(database, drawn, every=every)
            if undealt.missing:
                await asyncio.sleep(patience_seconds)
                undealt = await _find_undealt(database, drawn, every=every)
    return drawn, undealt


async def _find_undealt(database: Database, drawn: Drawn, *, every: bool) -> Undealt:
    found = Undealt(missing=0, first=(), until=0) if every else None
    while found is None or found.until < drawn.draws:
        # One part after the other: nobody reads a hundred million draws in one transaction.
        async with database.reading() as tx:
            found = await dealing.find_undealt(tx, drawn, found)
    return found


def games_build(room: Path = ROOM) -> str:
    """Return the digest of the files that the house's games are made of, in hexadecimal digits.

    It is the SHA-256 of their manifest.
    """
    return build_of(measure(room))


def measure(room: Path = ROOM) -> dict[str, str]:
    """Return the SHA-256 of each file that the house's games are made of, by its path from the room
    on, in the order of the paths.

    What would be run in the place of one is among them too: a folder that lies elsewhere, and
    compiled code that is of another source.
    """
    return {
        name: hashlib.sha256(content).hexdigest()
        for path in sorted(room.rglob("*"))
        for name, content in _parts(path, path.relative_to(room).as_posix())
    }


def build_of(files: Mapping[str, str]) -> str:
    """Return the digest that certificates name these files by."""
    return hashlib.sha256(write_manifest(files).encode()).hexdigest()


def write_manifest(files: Mapping[str, str]) -> str:
    """Return a line for each file, its SHA-256, two spaces and its path, as `sha256sum` prints."""
    return "".join(f"{digest}  {name}\n" for name, digest in files.items())


def read_manifest(text: str) -> dict[str, str]:
    """Return the files of a manifest.

    Raises:
        Malformed: it is none, or not as it was written.
    """
    files = {name: digest for digest, _, name in (ln.partition("  ") for ln in text.splitlines())}
    if not files or write_manifest(files) != text:
        raise Malformed("--manifest", "not what `pitboss games manifest` writes")
    return files


def differing_of(files: Mapping[str, str], others: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of files that differ, or are on one side alone, in their order."""
    names = files.keys() | others.keys()
    return tuple(sorted(name for name in names if files.get(name) != others.get(name)))


async def check(settings: Settings, manifest: str | None) -> Checked:
    """Measure the files that lie here, hold them against certificates, and stop what differs.

    With a manifest it says which files are not those of it.

    Raises:
        Malformed: the manifest is none.
    """
    files = await asyncio.to_thread(measure)
    differing = () if manifest is None else differing_of(read_manifest(manifest), files)
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
        # What runs in other processes they say themselves; here only certificates can tell.
        measured = Measured(build=build_of(files), differing=differing)
        return await dealing.check_files(turn, measured)


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
