"""`pitboss bench`: how fast it is, on this machine, with nothing left out."""

from __future__ import annotations

import typer

app = typer.Typer(help="Measure, against a baseline of the same run.", no_args_is_help=True)


@app.command()
def wallet() -> None:
    """Measure batched holds."""
