"""`pitboss demo`: a season of real results, played on a whole instance."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from pitboss.cli.options import HomeOption, JsonOption, PortOption, settings_of
from pitboss.cli.outcome import outcome


def demo(
    season: Annotated[
        Path, typer.Option(metavar="FILE.csv", help="A season file of football-data.co.uk.")
    ],
    players: Annotated[int, typer.Option(min=1, max=100_000, help="How many players.")] = 100,
    bets: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many bets.")] = 5_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same books.")] = 1,
    home: HomeOption = None,
    port: PortOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Play a season: players register, pay in and bet; events end, bets settle, books balance."""
    with outcome(as_json=as_json) as told:
        told.say(season, players, bets, seed, home, port, settings_of, tempfile)
