"""`pitboss bench`: how fast it is, on this machine, with nothing left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from pitboss.cli.options import JsonOption
from pitboss.cli.outcome import outcome

OutputOption = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="Write the JSON there too.", show_default=False),
]
SecondsOption = Annotated[
    float, typer.Option("--seconds", min=0.1, max=3_600, help="How long each side runs.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Draws what is asked for, and by whom.")]
LegsOption = Annotated[
    int, typer.Option(min=1, max=20, help="With more than one, bets are accumulators.")
]

# What a bench is: told where to say how it goes, it returns its `bench.report.BenchReport`.
Bench = Callable[[Callable[[str], None]], Coroutine[Any, Any, Any]]

app = typer.Typer(help="Measure, against a baseline of the same run.", no_args_is_help=True)


@app.command()
def wallet(
    seconds: SecondsOption = 10.0,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Holds in batches, beside one transaction for each hold."""
    from pitboss.bench import wallet as bench

    options = bench.WalletOptions(seconds=seconds, seed=seed)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def bets(
    seconds: SecondsOption = 20.0,
    wallets: Annotated[int, typer.Option(min=100, help="Players who bet.")] = 10_000,
    history: Annotated[int, typer.Option(min=0, help="Bets that are there before.")] = 0,
    flush_ms: Annotated[
        float, typer.Option(min=0, max=1_000, help="Added to each flush of the server.")
    ] = 0.0,
    legs: LegsOption = 1,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Commands in the log, decided and booked, beside one transaction for each bet."""
    from pitboss.bench import bets as bench

    options = bench.BetsOptions(
        seconds=seconds,
        wallets=wallets,
        history=history,
        flush_ms=flush_ms,
        legs=legs,
        seed=seed,
    )
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def games(
    seconds: SecondsOption = 10.0,
    connections: Annotated[int, typer.Option(min=1, max=1_024)] = 64,
    players: Annotated[int, typer.Option(min=100, help="Players who play.")] = 5_000,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Signed stakes and wins of a game provider over HTTP, beside one request a transaction."""
    from pitboss.bench import games as bench

    options = bench.GamesOptions(
        seconds=seconds, connections=connections, players=players, seed=seed
    )
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def gate(
    bets: Annotated[
        int, typer.Option(min=10_000, max=10_000_000, help="Bets in each part.")
    ] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Parts that ask the gate.")] = 5,
    limited: Annotated[bool, typer.Option(help="Whether players have limits.")] = True,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """What asking the gate costs a bet, beside the same processors that ask nobody."""
    from pitboss.bench import gate as bench

    options = bench.GateOptions(bets=bets, rounds=rounds, limited=limited, seed=seed)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def settle(
    bets: Annotated[int, typer.Option(min=100, max=10_000_000, help="Bets on one market.")] = (
        200_000
    ),
    legs: LegsOption = 1,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """One market with very many singles, beside one transaction for each bet."""
    from pitboss.bench import settle as bench

    options = bench.SettleOptions(bets=bets, legs=legs, seed=seed)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def location(
    checks: Annotated[
        int, typer.Option(min=100, max=1_000_000, help="Tokens, each checked once.")
    ] = 5_000,
    algorithm: Annotated[str, typer.Option(help="ES256, RS256 or EdDSA.")] = "ES256",
    area: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="GeoJSON, if not a made-up area.", show_default=False),
    ] = None,
    cities: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="MaxMind's City database.", show_default=False),
    ] = None,
    anonymous: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="MaxMind's Anonymous IP database.", show_default=False),
    ] = None,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Checks of where players are on one core, beside the same with the usual parts."""
    from pitboss.bench import location as bench

    if algorithm not in bench.ALGORITHMS:
        raise typer.BadParameter(f"one of {', '.join(bench.ALGORITHMS)}", param_hint="--algorithm")
    if (cities is None) != (anonymous is None):
        raise typer.BadParameter("both databases or neither", param_hint="--cities, --anonymous")
    options = bench.LocationOptions(
        checks=checks,
        algorithm=algorithm,
        area=area,
        cities=cities,
        anonymous=anonymous,
        seed=seed,
    )
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def record(
    bets: Annotated[
        int, typer.Option(min=10_000, max=10_000_000, help="Bets without the record, and with it.")
    ] = 200_000,
    rate: Annotated[
        float, typer.Option(min=1, help="Bets/s of the steady part, which times signing.")
    ] = 15_000.0,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the provable record costs the processors, and how far behind the facts it is."""
    from pitboss.bench import record as bench

    options = bench.RecordOptions(bets=bets, rate=rate, seed=seed)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def http(
    seconds: SecondsOption = 10.0,
    connections: Annotated[
        int, typer.Option(min=1, max=1_000, help="How many clients at once.")
    ] = 64,
    rate: Annotated[
        float, typer.Option(min=0, help="Requests/s of the schedule; 0: from what was reached.")
    ] = 0.0,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Requests with bets to durable acknowledgements, beside plain ASGI and COPY."""
    from pitboss.bench import http as bench

    options = bench.HttpOptions(seconds=seconds, connections=connections, rate=rate, seed=seed)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def e2e(
    seconds: SecondsOption = 10.0,
    rate: Annotated[float, typer.Option(min=1, help="Requests/s, whatever the answers do.")] = (
        2_000.0
    ),
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Requests over HTTP to decided bets, with the latency of both, on a whole instance."""
    from pitboss.bench import e2e as bench

    options = bench.E2eOptions(seconds=seconds, rate=rate, seed=seed)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def spike(
    steady: Annotated[
        float, typer.Option(min=0.1, help="Requests/s before and after; 100 times that between.")
    ] = 40.0,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, max=3_600, help="How long the spike lasts.")
    ] = 30.0,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Steady load, then a hundred times as much, then steady; nothing is lost or doubled."""
    from pitboss.bench import spike as bench

    options = bench.SpikeOptions(steady=steady, spike_seconds=seconds, seed=seed)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def logins(
    seconds: SecondsOption = 10.0,
    players: Annotated[int, typer.Option(min=1, max=100_000, help="Who log in.")] = 50,
    clients: Annotated[int, typer.Option(min=1, max=64, help="How many do at once.")] = 16,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Logins with their argon2id hashes in threads, beside hashes on the event loop."""
    from pitboss.bench import logins as bench

    options = bench.LoginsOptions(seconds=seconds, players=players, clients=clients)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def registers(
    players: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Who a register is asked about.")
    ] = 100_000,
    rate: Annotated[float, typer.Option(min=1, help="Bets/s, whatever the answers do.")] = 1_000.0,
    seconds: SecondsOption = 10.0,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """A register's daily check of very many players, and what bets beside it wait."""
    from pitboss.bench import registers as bench

    options = bench.RegistersOptions(players=players, rate=rate, seconds=seconds, seed=seed)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def feed(
    seconds: SecondsOption = 10.0,
    rate: Annotated[float, typer.Option(min=500, help="Price updates/s that are pushed.")] = (
        10_000.0
    ),
    bets: Annotated[float, typer.Option(min=1, help="Bets/s beside them.")] = 5_000.0,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prices pushed beside bets until displays see them, beside one transaction for each price."""
    from pitboss.bench import feed as bench

    options = bench.FeedOptions(seconds=seconds, rate=rate, bets_rate=bets, seed=seed)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def rng(
    seconds: SecondsOption = 3.0,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draws of the certified generator, in process and over its socket, beside HMAC alone."""
    from pitboss.bench import rng as bench

    options = bench.RngOptions(seconds=seconds)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


@app.command()
def returns(
    bets: Annotated[int, typer.Option(min=1, max=1_000_000, help="Goliaths to work out.")] = 20_000,
    seed: SeedOption = 1,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """What goliaths pay, by sums over all lines at once, beside line by line."""
    from pitboss.bench import returns as bench

    options = bench.ReturnsOptions(bets=bets, seed=seed)
    _run(lambda tell: bench.run(options, tell=tell), output, as_json=as_json)


def _run(bench: Bench, output: Path | None, *, as_json: bool) -> None:
    """Run a bench, show its table, write its JSON; it fails if an invariant does."""
    from pitboss.app.parts import uvloop_runner
    from pitboss.bench import report

    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        found = runner.run(bench(told.say))
        told.say(report.as_table(found))
        members: dict[str, Any] = dict(report.as_json(found))
        if output is not None:
            output.write_text(json.dumps(members, indent=2) + "\n")
        told.tell(**members)
