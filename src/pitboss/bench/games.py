"""`pitboss bench games`: signed stakes and wins of a game provider, answered when committed.

The real API process is asked over HTTP in the SoftSwiss dialect: each request is a stake and its
win, which closes its round.  Everything is done that is done in life: the signature, the session
and its login, the registry, the gate, limits, two bookings, two transfers, two facts.  The baseline
is one connection, whose requests are a transaction each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pitboss import messages
from pitboss.bench import books, load, processes, server, town
from pitboss.bench.report import BenchReport, Figure, Latency
from pitboss.bench.venue import Venue, open_venue
from pitboss.games import registry, rounds
from pitboss.games.registry.model import Certificate, GameKind, Listing, Version
from pitboss.games.rounds.model import Launch, Opened, make_token
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import PlayerId, new_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import CATALOGUE_SHARD, Shard, shard_of
from pitboss.settings import GameProviderSettings

Tell = Callable[[str], None]

PROVIDER, GAME, SECRET = "bench", "wheel", "the bench's secret"
PATH = f"/v1/providers/{PROVIDER}/betwin"
WARM_UP_SECONDS = 2.0
SCHEDULE_SHARE = 0.7

_ROUNDS = "SELECT count(*) FROM game_round WHERE closed_by = 'provider'"
_PAIRS = (
    "SELECT count(*) FROM game_booking AS stake JOIN game_booking AS win"
    " ON win.shard = stake.shard AND win.round_id = stake.round_id AND win.kind = 'win'"
    " WHERE stake.kind = 'stake' AND stake.refusal IS NULL"
)
_UNBALANCED = (
    "SELECT count(*) FROM (SELECT currency FROM wallet_account GROUP BY currency"
    " HAVING sum(credits) <> sum(debits)) AS wrong"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GamesOptions:
    """What to run."""

    seconds: float = 10.0
    connections: int = 64
    players: int = 5_000
    seed: int = 1
    folder: Path | None = None


async def run(options: GamesOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure pairs per second, beside one connection, on a server of their own."""
    tell(f"an instance with {options.players:,} players starts")
    provider = GameProviderSettings(protocol="softswiss", keys=(SECRET,))
    async with open_venue(
        players=options.players, only=("api",), folder=options.folder, games={PROVIDER: provider}
    ) as venue:
        machine = server.describe_machine(venue.home)
        studio = await _sit_down(venue)
        await server.settle_down(venue.database)
        seen = processes.Processes(
            {"api": venue.instance.pids["api"]}, server_pid=venue.instance.pids["postgres"]
        )
        async with seen.watched():
            tell(f"as fast as {options.connections} connections go")
            used = seen.cpu_seconds()
            fast = await _send(options, venue, studio, run=1)
            spent = processes.micros_each(
                used, seen.cpu_seconds(), sum(phase.sent for phase in fast.phases)
            )
            rate = SCHEDULE_SHARE * _rate(fast.phases[-1])
            tell(f"on a schedule of {rate:,.0f} pairs/s")
            scheduled = await _send(options, venue, studio, run=2, rate=rate)
            tell("the baseline: one connection")
            single = await _send(options, venue, studio, run=3, connections=1)
        async with venue.database.reading() as tx:
            durability = await server.read_durability(tx)
        return BenchReport(
            bench="games",
            unit="stake and win pairs/s",
            rate=_rate(fast.phases[-1]),
            baseline_rate=_rate(single.phases[-1]),
            ack_ms=Latency.of_seconds(scheduled.phases[-1].latencies),
            rss_mb=seen.rss_mb,
            durability=durability,
            machine=machine,
            versions=server.describe_versions(),
            options={
                "seconds": options.seconds,
                "connections": options.connections,
                "players": options.players,
                "seed": options.seed,
            },
            invariants=await _invariants(venue, (fast, scheduled, single)),
            figures=_figures(fast, scheduled, spent),
        )


async def _sit_down(venue: Venue) -> load.Studio:
    """List the game and open it for every player, in the login that they have."""
    clock, entropy = SystemClock(), SystemEntropy()
    version = Version(
        provider=PROVIDER,
        code=GAME,
        version="1",
        title="A Wheel",
        kind=GameKind.TABLE,
        rtp_ppm=970_000,
        cycle_ms_min=60_000,
        autoplay=False,
    )
    certificate = Certificate(
        licence=town.JURISDICTION,
        laboratory="none",
        number="none",
        issued_on="2026-01-01",
        hashes=("00" * 32,),
    )
    async with messages.turn(
        venue.database, [CATALOGUE_SHARD], now=clock.now(), actor="bench", entropy=entropy
    ) as turn:
        await registry.import_games(turn, [Listing(version=version, certificates=(certificate,))])
    by_shard: dict[Shard, list[PlayerId]] = {}
    for player in venue.people.players:
        by_shard.setdefault(shard_of(player), []).append(player)
    seats: list[tuple[str, str]] = []
    for shard, players in by_shard.items():
        async with messages.turn(
            venue.database, [shard], now=clock.now(), actor="bench", entropy=entropy
        ) as turn:
            for player in players:
                session_id = new_id(clock.now(), entropy)
                opened = await rounds.open_session(
                    turn,
                    Launch(
                        player_id=player,
                        provider=PROVIDER,
                        game=GAME,
                        session_id=session_id,
                        secret=make_token(shard, entropy.random_bytes(16)),
                        login_id=venue.logins[player],
                        network=None,
                    ),
                )
                ensure(isinstance(opened, Opened), "whoever lives in the town may play")
                seats.append((player, session_id))
    return load.Studio(secret=SECRET, game=GAME, seats=tuple(seats))


async def _send(
    options: GamesOptions,
    venue: Venue,
    studio: load.Studio,
    *,
    run: int,
    rate: float = 0.0,
    connections: int | None = None,
) -> load.Result:
    task = load.Task(
        host=venue.instance.host,
        port=venue.instance.port,
        path=PATH,
        tokens=(),
        selections=(),
        currency=town.CURRENCY,
        connections=connections or options.connections,
        phases=(
            load.Phase(name="warm up", seconds=WARM_UP_SECONDS, rate=rate),
            load.Phase(name="measured", seconds=options.seconds, rate=rate),
        ),
        run=f"{options.seed}-{run}",
        seed=options.seed + run,
        result=str(venue.home / "load-result.msgpack"),
        studio=studio,
    )
    return await load.send(task, venue.home)


async def _invariants(venue: Venue, results: tuple[load.Result, ...]) -> dict[str, bool]:
    answered = sum(
        count
        for result in results
        for phase in result.phases
        for status, count in phase.statuses.items()
        if status == "200"
    )
    statuses = {
        status for result in results for phase in result.phases for status in phase.statuses
    }
    return {
        "every_answered_round_is_booked_once": await books.count(venue.database, _ROUNDS)
        == answered,
        "every_stake_has_its_win": await books.count(venue.database, _PAIRS) == answered,
        "every_currency_sums_to_zero": await books.count(venue.database, _UNBALANCED) == 0,
        "nothing_was_refused": statuses == {"200"},
        "every_request_was_answered": not any(result.lost for result in results),
    }


def _figures(
    fast: load.Result, scheduled: load.Result, spent: dict[str, float]
) -> dict[str, Figure]:
    measured = scheduled.phases[-1]
    figures: dict[str, Figure] = {
        "scheduled_rate": round(measured.sent / measured.seconds, 1),
        **spent,
    }
    full = Latency.of_seconds(fast.phases[-1].latencies)
    if full is not None:
        figures |= {"full_load_p50_ms": full.p50, "full_load_p99_ms": full.p99}
    return figures


def _rate(phase: load.PhaseResult) -> float:
    """Return what was answered with a yes, per second."""
    return len(phase.latencies) / phase.seconds
