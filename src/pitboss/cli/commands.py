"""The commands, each a few lines: read options, call what does the work, say what came of it.

Rooms are imported by the command that needs them, so that a worker does not carry the API's
framework with it and `--help` is quick.
"""

from __future__ import annotations

import asyncio
import shlex
import signal
from pathlib import Path
from typing import Annotated

import typer

from pitboss.cli import (
    audit,
    bench,
    compliance,
    conformance,
    demo,
    feed,
    games,
    jurisdictions,
    players,
    rebuild,
    replay,
    rng,
    sim,
    staff,
    witness,
)
from pitboss.cli.options import HomeOption, HostOption, JsonOption, PortOption, settings_of
from pitboss.cli.outcome import Outcome, outcome, run_command
from pitboss.kernel.version import VERSION
from pitboss.settings import Settings

app = typer.Typer(
    name="pitboss",
    help="An open-source core for licensed online gambling.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
worker = typer.Typer(help="Run one of the loops.", no_args_is_help=True)
sandbox = typer.Typer(help="Run a stand-in for the outside world.", no_args_is_help=True)
token = typer.Typer(help="Sign tokens.", no_args_is_help=True)
catalogue = typer.Typer(help="Load what can be bet on.", no_args_is_help=True)
app.add_typer(worker, name="worker")
app.add_typer(sandbox, name="sandbox")
app.add_typer(token, name="token")
app.add_typer(catalogue, name="catalogue")
app.add_typer(feed.app, name="feed")
app.add_typer(audit.app, name="audit")
app.add_typer(replay.app, name="replay")
app.add_typer(rng.app, name="rng")
app.add_typer(players.app, name="players")
app.add_typer(jurisdictions.app, name="jurisdictions")
app.add_typer(compliance.app, name="compliance")
app.add_typer(bench.app, name="bench")
app.add_typer(sim.app, name="sim")
app.add_typer(staff.app, name="staff")
app.add_typer(witness.app, name="witness")
app.add_typer(conformance.app, name="conformance")
app.add_typer(games.app, name="games")
app.command(name="demo")(demo.demo)
app.command(name="rebuild")(rebuild.rebuild)


def main() -> None:
    """Run the command that the arguments name."""
    run_command(app)


@app.command()
def version(as_json: JsonOption = False) -> None:
    """Say which pitboss this is."""
    with outcome(as_json=as_json) as told:
        told.say(VERSION)
        told.tell(version=VERSION)


@app.command()
def up(
    home: HomeOption = None,
    host: HostOption = None,
    port: PortOption = None,
    sandbox_port: Annotated[
        int | None,
        typer.Option(help="The sandbox payment provider's port; 0 is any.", show_default=False),
    ] = None,
    sample: Annotated[bool, typer.Option(help="Offer the sample catalogue.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Run everything on this machine until Ctrl-C: PostgreSQL, API, processors, loops."""
    from pitboss.app import logs
    from pitboss.app.home import Home
    from pitboss.app.parts import uvloop_runner

    with outcome(as_json=as_json) as told:
        settings = settings_of(home, host=host, port=port, sandbox_port=sandbox_port)
        logs.set_up("supervisor", Home(settings.home).logs / "supervisor.log")
        with uvloop_runner() as runner:
            runner.run(_up(settings, told, sample=sample))


async def _up(settings: Settings, told: Outcome, *, sample: bool) -> None:
    from pitboss.app import sample_catalogue
    from pitboss.app.instance import start_instance
    from pitboss.app.parts import clock_of, open_database

    stop = asyncio.Event()
    for number in _ends():
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    told.say(f"pitboss {VERSION} starts in {settings.home}")
    async with start_instance(settings, told=told.say, stop=stop) as instance:
        if sample and not stop.is_set():
            async with open_database(instance.settings) as database:
                opened = await sample_catalogue.load(database, clock_of(instance.settings))
            told.say(f"{opened} sample events opened")
        told.say(f"API    {instance.url}/v1/events")
        told.say(f"docs   {instance.url}/docs")
        told.console.print(
            f"staff  pitboss token staff --home {shlex.quote(str(settings.home))}",
            markup=False,
            soft_wrap=True,
        )
        told.say(f"logs   {settings.home}/logs")
        told.say("Ctrl-C stops everything; what happened stays.")
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((stopping, instance.running), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        told.say("stopping ...")
    told.say("stopped")
    told.tell(home=str(settings.home))


def _ends() -> list[signal.Signals]:
    """Return the signals that end us in order: Ctrl-C, and a terminal that closes."""
    hangs_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # as `nohup` has it
    return [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hangs_up else [])]


@app.command()
def api(
    home: HomeOption = None,
    host: HostOption = None,
    port: PortOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the API alone."""
    from pitboss.app.parts import check_port
    from pitboss.app.processes import api as process

    with outcome(as_json=as_json):
        settings = settings_of(home, host=host, port=port)
        check_port(settings.host, settings.port, option="--port")
        process.run(settings)


@worker.command()
def bets(
    home: HomeOption = None,
    number: Annotated[
        int, typer.Option("--worker", min=0, help="Which of the workers this is, from 0.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Decide on the bets of one worker's share of the log."""
    from pitboss.app.processes import bets as process

    with outcome(as_json=as_json):
        process.run(settings_of(home), number)


@worker.command()
def settlement(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Settle bets whose results are recorded."""
    from pitboss.app.processes import settlement as process

    with outcome(as_json=as_json):
        process.run(settings_of(home))


@worker.command()
def registers(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Ask national registers about everybody whose time has come."""
    from pitboss.app.processes import registers as process

    with outcome(as_json=as_json):
        process.run(settings_of(home))


@worker.command(name="feed")
def worker_feed(
    name: Annotated[str, typer.Option("--feed", help="Which one, by its name in PITBOSS_FEEDS.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a supplier's prices and results."""
    from pitboss.app.feeds import check_feed
    from pitboss.app.processes import feed as process

    with outcome(as_json=as_json):
        settings = settings_of(home)
        check_feed(settings, name)
        process.run(settings, name)


@worker.command()
def sequencer(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Give facts their positions in the one order that every reader follows."""
    from pitboss.app.processes import sequencer as process

    with outcome(as_json=as_json):
        process.run(settings_of(home))


@worker.command()
def payments(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Submit payments to the provider, and ask about silent ones."""
    from pitboss.app.processes import payments as process

    with outcome(as_json=as_json):
        process.run(settings_of(home))


@sandbox.command(name="payments")
def sandbox_payments(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Play a payment provider: slow, forgetful of order, fond of repeating."""
    from pitboss.app.parts import check_port
    from pitboss.app.processes import sandbox as process

    with outcome(as_json=as_json):
        settings = settings_of(home)
        check_port(settings.host, settings.sandbox_port, option="PITBOSS_SANDBOX_PORT")
        process.run(settings)


@sandbox.command(name="feed")
def sandbox_feed(
    folder: Annotated[Path, typer.Argument(help="Messages to send, an .xml file each.")],
    name: Annotated[str, typer.Option("--feed", help="To whose broker, by PITBOSS_FEEDS.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Play a supplier: send recorded messages to a feed's broker, as if they were said now."""
    from pitboss.app.feeds import replay_folder

    with outcome(as_json=as_json) as told:
        sent = asyncio.run(replay_folder(settings_of(home), name, folder))
        told.say(f"{sent} messages sent")
        told.tell(sent=sent)


@app.command()
def top(
    home: HomeOption = None,
    looks: Annotated[
        int, typer.Option(min=0, help="End after so many looks; 0 goes on until Ctrl-C.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Show what waits, how fast it goes and who runs, each second, until Ctrl-C."""
    from pitboss.cli import top as view

    with outcome(as_json=as_json) as told:
        view.watch(settings_of(home), told, looks=looks)


@app.command()
def migrate(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Bring the database's schema up to date; asking again does nothing."""
    from pitboss.app.instance import migrate_database
    from pitboss.app.parts import borrow_server, uvloop_runner

    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        settings = settings_of(home)
        with borrow_server(settings):
            steps = runner.run(migrate_database(settings, told=told.say))
        told.say(f"{steps} steps applied")
        told.tell(steps=steps)


@token.command(name="staff")
def staff_service(
    name: Annotated[str, typer.Argument(help="Whose it is; named in every fact.")] = "local",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a token for a program of the staff's, good for twelve hours; see `pitboss staff`.

    It permits what does not take a person: it neither asks for approvals nor gives any.
    """
    from pitboss.app.instance import staff_token

    with outcome(as_json=as_json) as told:
        text = staff_token(settings_of(home), name)
        told.console.print(text, soft_wrap=True)
        told.tell(token=text)


@catalogue.command()
def sample(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Open the sample events of the coming days; loading again opens nothing twice."""
    from pitboss.app import sample_catalogue
    from pitboss.app.instance import migrate_database
    from pitboss.app.parts import borrow_server, clock_of, open_database, uvloop_runner

    async def load(settings: Settings) -> int:
        await migrate_database(settings, told=told.say)
        async with open_database(settings) as database:
            return await sample_catalogue.load(database, clock_of(settings))

    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        settings = settings_of(home)
        with borrow_server(settings):
            opened = runner.run(load(settings))
        told.say(f"{opened} events opened")
        told.tell(opened=opened)
