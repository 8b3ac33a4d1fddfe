"""`pitboss bench logins`: logins per second, and how long the event loop keeps others waiting.

Everything of a login is in it: counting the address, the look, the argon2id hash at the parameters
that are in use, the turn that judges and opens a session.  The baseline is the same with the hash
made on the event loop itself, which is what most services do without noticing.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pitboss import messages
from pitboss.adapters import passwords
from pitboss.api.edge import Edge
from pitboss.api.logins import SessionBody, let_in
from pitboss.api.passwords import PasswordDesk
from pitboss.api.tokens import SECRET_BYTES_MIN, Tokens
from pitboss.bench import books, processes, server
from pitboss.bench.report import BenchReport, Latency
from pitboss.db import Database
from pitboss.db.embedded import EmbeddedPostgres
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import PlayerId, derived_id, new_id
from pitboss.kernel.shards import shard_of
from pitboss.players import identity, personal
from pitboss.players.identity.model import RegisterRequest, parse_email, parse_name

Tell = Callable[[str], None]

PASSWORD = "a password of the bench"  # noqa: S105 - of nobody
# How often the loop is asked whether it still answers.
PROBE_SECONDS = 0.002

_SESSIONS = "SELECT count(*) FROM player_session"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginsOptions:
    """What to run: `clients` who log in as `players` again and again.

    `folder` is where the server's home is made.
    """

    seconds: float = 10.0
    players: int = 50
    clients: int = 16
    folder: Path | None = None


class LoopDesk(PasswordDesk):
    """The baseline's: it checks passwords where everybody else waits."""

    async def verify(self, stored: str | None, password: str) -> bool:
        """Say whether this is the password, and let nobody else do anything meanwhile."""
        return passwords.verify_password(stored, password)


@dataclass(slots=True)
class _Side:
    """What one side of the run did."""

    logins: int = 0
    seconds: float = 0.0
    took: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Logins per second."""
        return self.logins / self.seconds if self.seconds else 0.0


async def run(options: LoginsOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure logins per second in threads and on the loop, on a server of their own."""
    async with (
        server.temporary_server(folder=options.folder) as started,
        server.fresh_database(started) as database,
    ):
        edge = _edge(database)
        tell(f"registering {options.players:,} players")
        await _move_in(edge, options.players)
        await server.settle_down(database)
        return await _measure(options, started, edge, tell)


async def _measure(
    options: LoginsOptions, started: EmbeddedPostgres, edge: Edge, tell: Tell
) -> BenchReport:
    tell(f"hashes on the loop, {options.clients} clients")
    slow = await _log_in(edge, LoopDesk(edge), options)
    tell("hashes in threads")
    seen = processes.Processes({"bench": os.getpid()}, server_pid=started.pid())
    async with seen.watched():
        fast = await _log_in(edge, PasswordDesk(edge), options)
    async with edge.database.reading() as tx:
        durability = await server.read_durability(tx)
    found = await books.check(edge.database)
    logins = slow.logins + fast.logins
    return BenchReport(
        bench="logins",
        unit="logins/s",
        rate=fast.rate,
        baseline_rate=slow.rate,
        ack_ms=Latency.of_seconds(fast.took),
        rss_mb=seen.rss_mb,
        durability=durability,
        machine=server.describe_machine(started.data),
        versions=server.describe_versions(),
        options={
            "seconds": options.seconds,
            "players": options.players,
            "clients": options.clients,
        },
        invariants={
            **found.invariants,
            "every_login_has_a_session": await books.count(edge.database, _SESSIONS) == logins,
            "every_login_is_told_once": found.told["session.opened"] == logins,
        },
        figures={
            "logins": fast.logins,
            "argon2id_memory_kib": passwords.MEMORY_KIB,
            "argon2id_passes": passwords.PASSES,
            "loop_lag_ms_max": _ms(max(fast.lags, default=0)),
            "loop_lag_ms_p99": _p99(fast.lags),
            "baseline_loop_lag_ms_max": _ms(max(slow.lags, default=0)),
            "baseline_loop_lag_ms_p99": _p99(slow.lags),
        },
    )


async def _log_in(edge: Edge, desk: PasswordDesk, options: LoginsOptions) -> _Side:
    """Log in until the time is up, with a probe beside it."""
    side = _Side()
    started = time.perf_counter()
    end = started + options.seconds
    probing = asyncio.create_task(_probe(side))

    async def client(number: int) -> None:
        turn = number
        while time.perf_counter() < end:
            before = time.perf_counter()
            body = SessionBody(email=_email(turn % options.players), password=PASSWORD)
            await let_in(edge, desk, body, address=f"client {number}")
            side.took.append(time.perf_counter() - before)
            side.logins += 1
            turn += options.clients

    await asyncio.gather(*(client(number) for number in range(options.clients)))
    side.seconds = time.perf_counter() - started
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    return side


async def _probe(side: _Side) -> None:
    """Note how much later than asked for the loop comes back to somebody who waits."""
    while True:
        before = time.perf_counter()
        await asyncio.sleep(PROBE_SECONDS)
        side.lags.append(time.perf_counter() - before - PROBE_SECONDS)


async def _move_in(edge: Edge, players: int) -> None:
    """Register players who all have one password."""
    now, stored = edge.clock.now(), passwords.hash_password(PASSWORD)
    requests = [
        RegisterRequest(
            key=derived_id("bench.logins", str(number)),
            player_id=PlayerId(new_id(now, edge.entropy)),
            jurisdiction="demo",
            currency="EUR",
            email=parse_email(_email(number)),
            password_hash=stored,
            given_name=parse_name("Some", field="given_name"),
            family_name=parse_name("Body", field="family_name"),
            born_on=date(1990, 1, 1),
        )
        for number in range(players)
    ]
    shards = {shard_of(request.player_id) for request in requests}
    async with messages.turn(
        edge.database, shards, now=now, actor="bench", entropy=edge.entropy
    ) as turn:
        await identity.register(turn, requests, keys=edge.personal_keys)


def _edge(database: Database) -> Edge:
    entropy = SystemEntropy()
    return Edge(
        database=database,
        clock=SystemClock(),
        entropy=entropy,
        tokens=Tokens(entropy.random_bytes(SECRET_BYTES_MIN)),
        passwords=passwords,
        personal_keys=personal.draw_keys(entropy),
    )


def _email(number: int) -> str:
    return f"player{number}@bench.test"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _p99(lags: list[float]) -> float:
    found = Latency.of_seconds(lags)
    return 0.0 if found is None else found.p99
