"""A whole instance for a run over HTTP: in a temporary home, with players who hold tokens."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from pathlib import Path

from pitboss.api.tokens import Role, Tokens
from pitboss.app.home import Home
from pitboss.app.instance import Instance, start_instance
from pitboss.app.parts import TOKENS_SECRET
from pitboss.bench import load, server, town
from pitboss.db import Database
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """Where a run takes place."""

    home: Path
    instance: Instance
    database: Database
    people: town.Town
    tokens: tuple[str, ...]

    def task(
        self, *, path: str, connections: int, phases: tuple[load.Phase, ...], slips: int, seed: int
    ) -> load.Task:
        """Return what clients of this venue are to send."""
        return load.Task(
            host=self.instance.host,
            port=self.instance.port,
            path=path,
            tokens=self.tokens,
            selections=tuple(str(item) for item in self.people.selections),
            currency=town.CURRENCY,
            connections=connections,
            phases=phases,
            run=f"{seed}-{path.count('/')}-{slips}",
            seed=seed,
            slips=slips,
            result=str(self.home / "load-result.msgpack"),
        )


@contextlib.asynccontextmanager
async def open_venue(
    *, players: int, only: Collection[str] | None = None, folder: Path | None = None
) -> AsyncIterator[Venue]:
    """Bring an instance up with funded players, each with a token; remove it all in the end.

    Args:
        players: how many.
        only: names of the processes to run, if not all.
        folder: where the home is made; on the disk that is to be measured.
    """
    home = Path(tempfile.mkdtemp(prefix="pitboss-bench-", dir=folder))
    try:
        async with (
            start_instance(Settings(home=home, port=0, database_url=None), only=only) as instance,
            _connected(instance.database_url) as database,
        ):
            people = await town.move_in(
                database, players=players, clock=SystemClock(), entropy=SystemEntropy()
            )
            await server.settle_down(database)
            yield Venue(
                home=home,
                instance=instance,
                database=database,
                people=people,
                tokens=_tokens(home, people),
            )
    finally:
        await asyncio.to_thread(EmbeddedPostgres(home).stop, immediate=True)
        shutil.rmtree(home, ignore_errors=True)


def _tokens(home: Path, people: town.Town) -> tuple[str, ...]:
    tokens = Tokens(Home(home).secret(TOKENS_SECRET))
    now = SystemClock().now()
    return tuple(
        tokens.issue(player, Role.PLAYER, town.CURRENCY, now=now).text for player in people.players
    )


@contextlib.asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()
