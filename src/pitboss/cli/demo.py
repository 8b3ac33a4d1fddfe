"""`pitboss demo`: a season of real results, played on a whole instance."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pitboss.cli.options import HomeOption, JsonOption, PortOption, settings_of
from pitboss.cli.outcome import outcome

T = TypeVar("T")


def demo(
    season: Annotated[
        Path,
        typer.Option("--season", metavar="FILE.csv", help="A season file of football-data.co.uk."),
    ],
    players: Annotated[int, typer.Option(min=1, max=100_000, help="How many players.")] = 100,
    bets: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many bets.")] = 5_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same books.")] = 1,
    home: HomeOption = None,
    port: PortOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Play a season: players register, pay in and bet; events end, bets settle, books balance.

    It brings its own instance up, in a temporary home unless one is named.
    """
    from pitboss.app import logs
    from pitboss.app.parts import uvloop_runner
    from pitboss.sim import season as room

    config = room.SeasonConfig(path=season, players=players, bets=bets, seed=seed)
    ends = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_DFL  # ignored by `nohup`, which we respect
    ]
    for number in ends:
        signal.signal(number, _end_as_by_ctrl_c)
    with (
        outcome(as_json=as_json) as told,
        _home_or_temporary(home) as place,
        _bar(told.console) as bar,
        uvloop_runner() as runner,
    ):
        logs.set_up("demo", place / "demo.log")
        play = room.play(config, settings_of(place, port=port), bar)
        report = runner.run(_until_told(play, ends))
        told.say(room.to_tables(report))
        told.tell(**room.to_json(report))  # type: ignore[arg-type]  # `ok` is a bool in there


def _end_as_by_ctrl_c(number: int, frame: FrameType | None) -> None:
    """Leave nothing behind, whoever tells us to end."""
    raise KeyboardInterrupt


async def _until_told(work: Coroutine[Any, Any, T], ends: Sequence[signal.Signals]) -> T:
    """Do this work; stop the instance and leave nothing behind if one of these signals comes.

    Not by way of SIGINT: a script's command in the background has to ignore that, and ends all the
    same when it is told to.

    Raises:
        KeyboardInterrupt: a signal came.
    """
    doing = asyncio.ensure_future(work)
    told = asyncio.Event()

    def end() -> None:
        # Once: what is being stopped is not broken off by who is impatient.
        if not told.is_set():
            told.set()
            doing.cancel()

    for number in ends:
        asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        return await doing
    except asyncio.CancelledError:
        if told.is_set():
            raise KeyboardInterrupt from None
        raise


class _Bar:
    """A progress bar as a season's `Progress`."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def advance(self, text: str, done: int, total: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, description=text, completed=done, total=total)


@contextlib.contextmanager
def _bar(console: Console) -> Iterator[_Bar]:
    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Bar(bar)


@contextlib.contextmanager
def _home_or_temporary(home: Path | None) -> Iterator[Path]:
    if home is not None:
        home.mkdir(parents=True, exist_ok=True)
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="pitboss-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)
