"""`pitboss feed`: what suppliers of prices have recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pitboss.cli.options import HomeOption, JsonOption, settings_of
from pitboss.cli.outcome import outcome

app = typer.Typer(help="Play recorded feeds.", no_args_is_help=True)


@app.command()
def replay(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Betfair's stream, played side by side.")
    ],
    speed: Annotated[
        float, typer.Option(min=0, help="So many times as fast as it was; 0 waits for nothing.")
    ] = 0.0,
    today: Annotated[bool, typer.Option(help="As if the first message were of now.")] = True,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play recorded markets into the catalogue: prices, suspensions, and how they ended."""
    from pitboss.app.instance import migrate_database
    from pitboss.app.parts import borrow_server, clock_of, open_database, uvloop_runner
    from pitboss.app.replaying import Replay, Replayed
    from pitboss.kernel.entropy import SystemEntropy
    from pitboss.settings import Settings

    async def play(settings: Settings) -> Replayed:
        await migrate_database(settings, told=told.say)
        async with open_database(settings) as database:
            replay = Replay(
                database=database,
                clock=clock_of(settings),
                entropy=SystemEntropy(),
                speed=speed,
                today=today,
            )
            return await replay.play(files)

    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        settings = settings_of(home)
        with borrow_server(settings):
            done = runner.run(play(settings))
        told.say(f"{done.messages} messages, {done.steps} changes, {done.refused} refused")
        told.say(f"{len(done.settled)} markets have results, {len(done.undecided)} have none")
        for line in done.left_out:
            told.say(f"left out: {line}")
        told.tell(
            messages=done.messages,
            changes=done.steps,
            refused=done.refused,
            settled=len(done.settled),
            undecided=len(done.undecided),
            left_out=done.left_out,
        )
