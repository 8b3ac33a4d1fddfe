"""A whole instance for a run over HTTP: in a temporary home, with players who hold tokens."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pitboss import messages
from pitboss.api.tokens import Role, Tokens
from pitboss.app.home import Home
from pitboss.app.instance import Instance, start_instance
from pitboss.app.parts import TOKENS_SECRET
from pitboss.bench import load, server, town
from pitboss.db import Database
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import PlayerId, new_id
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players import access
from pitboss.players.access.model import LoginTry, SessionId
from pitboss.settings import GameProviderSettings, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """Where a run takes place."""

    home: Path
    instance: Instance
    database: Database
    people: town.Town
    tokens: tuple[str, ...]
    logins: Mapping[PlayerId, SessionId]

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
    *,
    players: int,
    only: Collection[str] | None = None,
    folder: Path | None = None,
    games: Mapping[str, GameProviderSettings] | None = None,
) -> AsyncIterator[Venue]:
    """Bring an instance up with funded players, each with a token; remove it all in the end.

    Args:
        players: how many.
        only: names of the processes to run, if not all.
        folder: where the home is made; on the disk that is to be measured.
        games: providers of games.
    """
    home = Path(tempfile.mkdtemp(prefix="pitboss-bench-", dir=folder))
    try:
        async with (
            start_instance(
                Settings(home=home, port=0, database_url=None, games=dict(games or {})), only=only
            ) as instance,
            _connected(instance.database_url) as database,
        ):
            people = await town.move_in(
                database, players=players, clock=SystemClock(), entropy=SystemEntropy()
            )
            tokens, logins = await _log_in(database, home, people)
            await server.settle_down(database)
            yield Venue(
                home=home,
                instance=instance,
                database=database,
                people=people,
                tokens=tokens,
                logins=logins,
            )
    finally:
        await asyncio.to_thread(EmbeddedPostgres(home).stop, immediate=True)
        shutil.rmtree(home, ignore_errors=True)


async def _log_in(
    database: Database, home: Path, people: town.Town
) -> tuple[tuple[str, ...], dict[PlayerId, SessionId]]:
    """Open a session for each player, as a registration does, and return their tokens and ids.

    Every request asks whether its session lives, so a token without one would cost less.
    """
    tokens, entropy = Tokens(Home(home).secret(TOKENS_SECRET)), SystemEntropy()
    now = SystemClock().now()
    sessions = {player: SessionId(new_id(now, entropy)) for player in people.players}
    by_shard: dict[Shard, list[PlayerId]] = {}
    for player in people.players:
        by_shard.setdefault(shard_of(player), []).append(player)
    for shard, players in by_shard.items():
        async with messages.turn(
            database, [shard], now=now, actor="bench", entropy=entropy
        ) as turn:
            for player in players:
                attempt = LoginTry(player_id=player, right=True, session_id=sessions[player])
                await access.open_first(turn, attempt)
    issued = tuple(
        tokens.issue(player, Role.PLAYER, town.CURRENCY, now=now, session=sessions[player]).text
        for player in people.players
    )
    return issued, sessions


@contextlib.asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()
