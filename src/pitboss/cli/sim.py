"""`pitboss sim`: what goes wrong in a platform, on purpose and from a seed."""

from __future__ import annotations

from typing import Annotated

import typer

from pitboss.cli.options import JsonOption
from pitboss.cli.outcome import outcome

app = typer.Typer(help="Let things go wrong, from a seed.", no_args_is_help=True)


@app.command()
def crash(
    minutes: Annotated[float, typer.Option(min=0.1, max=1_440, help="How long faults happen.")] = 3,
    seed: Annotated[int, typer.Option(help="Draws the load and the faults.")] = 11,
    keep: Annotated[bool, typer.Option(help="Keep the home, whatever came of it.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Kill, freeze and cut off real processes under load; nothing may be lost or doubled.

    A seed that fails is printed with the command that repeats it, and its home is kept.
    """
    from pitboss.app.parts import uvloop_runner
    from pitboss.sim import crash as room

    config = room.CrashConfig(minutes=minutes, seed=seed, keep=keep)
    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        report = runner.run(room.run(config, tell=told.say))
        told.say(room.as_table(report))
        told.tell(**room.as_json(report))  # type: ignore[arg-type]  # `ok` is a bool in there


@app.command()
def run(
    seed: Annotated[int, typer.Option(help="The first seed.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many, from there.")] = 1,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Worlds at a time.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Play worlds in one process each: the real loops, and a seed that says what goes wrong."""
    from pitboss.sim import world as room

    with outcome(as_json=as_json) as told:
        report = room.run_seeds(range(seed, seed + seeds), processes=processes, tell=told.say)
        told.say(room.as_table(report))
        told.tell(**room.as_json(report))  # type: ignore[arg-type]  # `ok` is a bool in there


@app.command()
def limits(
    rounds: Annotated[int, typer.Option(min=1, max=100_000, help="How often, in a row.")] = 100,
    seed: Annotated[int, typer.Option(help="Orders what is asked for.")] = 1,
    racers: Annotated[
        int, typer.Option(min=50, max=2_000, help="How many requests race in each.")
    ] = 200,
    as_json: JsonOption = False,
) -> None:
    """Race to the edge of every kind of limit, over and over; not one micro may pass it.

    Stops after the first round in which something was taken or refused that should not have been.
    """
    from pitboss.app.parts import uvloop_runner
    from pitboss.sim import limits as room

    config = room.Config(rounds=rounds, seed=seed, racers=racers)
    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        report = runner.run(room.run(config, tell=told.say))
        told.say(room.as_table(report))
        told.tell(**room.as_json(report))  # type: ignore[arg-type]  # `ok` is a bool in there


@app.command()
def exclusion(
    players: Annotated[int, typer.Option(min=8, max=100_000, help="How many are excluded.")] = 1000,
    seed: Annotated[int, typer.Option(help="Draws the load.")] = 1,
    around: Annotated[
        float, typer.Option(min=0.5, max=600, help="Seconds of storm before and after.")
    ] = 2,
    as_json: JsonOption = False,
) -> None:
    """Exclude players in the middle of a storm of bets and deposits; nothing is taken after it.

    Fails if anything was, if a bet was never decided, or if it was no storm.
    """
    from pitboss.app.parts import uvloop_runner
    from pitboss.sim import exclusion as room

    config = room.Config(players=players, seed=seed, seconds_around=around)
    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        report = runner.run(room.run(config, tell=told.say))
        told.say(room.as_table(report))
        told.tell(**room.as_json(report))  # type: ignore[arg-type]  # `ok` is a bool in there
