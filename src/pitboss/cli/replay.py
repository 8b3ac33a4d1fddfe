"""`pitboss replay`: work settlements out again from facts alone, and rounds from their draws."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

import typer

from pitboss.cli.options import HomeOption, JsonOption, settings_of
from pitboss.cli.outcome import Outcome, outcome
from pitboss.cli.progress import bar
from pitboss.kernel.ids import BetId, parse_id
from pitboss.kernel.instants import parse_instant

app = typer.Typer(help="Work settlements and rounds out again.", no_args_is_help=True)


@app.command()
def bet(
    bet_id: Annotated[str, typer.Argument(metavar="BET_ID", help="The id of the bet.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show each fact that a settlement rests on, and what its rules make of them."""
    from pitboss.app.record import moment
    from pitboss.audit import replay
    from pitboss.audit.replay.model import BetReplay
    from pitboss.sportsbook import betting

    with outcome(as_json=as_json) as told:
        settings = settings_of(home)
        wanted = BetId(parse_id(bet_id, field="BET_ID"))

        async def work() -> BetReplay:
            async with moment(settings) as tx:
                player_id = await betting.find_owner(tx, wanted)
                return await replay.replay_bet(tx, wanted, player_id=player_id)

        document = asyncio.run(work()).document()
        for item in document["inputs"]:
            told.say(
                f"{item['what']}: index {item['index']} (fact {item['seq']} of shard"
                f" {item['shard']}), hash {item['hash']}"
            )
            told.console.print_json(data=item["said"])
        told.say(f"rules: {document['rules']}, rounding: {document['rounding']}")
        for name in ("told", "replayed", "coin"):
            told.say(f"{name}: {document[name]}")
        for item in document["corrections"]:
            told.say(f"correction {item['version']}:")
            told.console.print_json(data=item)
        told.tell(**document)
        wrong = [why for item in document["corrections"] for why in item["disagreements"]]
        _name_disagreements(told, [*document["disagreements"], *wrong])


@app.command(name="all")
def all_bets(
    home: HomeOption = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only what was settled from this instant on.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Work every settlement out again; fail with the first one that does not agree."""
    from pitboss.app import collector
    from pitboss.app.parts import clock_of, uvloop_runner
    from pitboss.app.record import moment
    from pitboss.audit import replay
    from pitboss.audit.replay.model import Report

    with outcome(as_json=as_json) as told, bar(told.console, "shards") as tell:
        settings = settings_of(home)
        instant = None if since is None else parse_instant(since, field="--since")
        now = clock_of(settings).now()

        async def work() -> Report:
            async with moment(settings) as tx:
                return await replay.replay_all(tx, since=instant, now=now, tell=tell)

        collector.look_rarely()
        started = time.perf_counter()
        with uvloop_runner() as runner:
            report = runner.run(work())
        seconds = time.perf_counter() - started
        told.say(
            f"{report.settlements:,} settlements, {report.corrections:,} corrections,"
            f" {report.voids:,} bets void before their results"
            f" and {report.results:,} results of markets, from {report.facts:,} facts in"
            f" {seconds:.1f} s"
        )
        told.tell(
            facts=report.facts,
            settlements=report.settlements,
            voids=report.voids,
            corrections=report.corrections,
            sales=report.sales,
            results=report.results,
            waiting=report.waiting,
            disagreeing=report.disagreeing,
            disagreements=[str(item) for item in report.disagreements],
            settlements_per_second=round(report.settlements / seconds),
        )
        _name_disagreements(told, told.members["disagreements"])


@app.command()
def games(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Play every round of the house's games again; fail with the first that does not agree.

    Rounds of a version whose rules this build has not are counted apart: they stand as recorded.
    """
    from pitboss.app.record import moment
    from pitboss.games import dealing
    from pitboss.games.dealing.model import Replayed

    with outcome(as_json=as_json) as told:
        settings = settings_of(home)

        async def work() -> Replayed:
            async with moment(settings) as tx:
                return await dealing.replay_all(tx)

        report = asyncio.run(work())
        told.say(f"{report.rounds:,} rounds of the house's games")
        for (game, version), count in report.gone.items():
            told.say(f"{count:,} of {game} {version} stand as recorded: its rules are not here")
        told.tell(
            rounds=report.rounds,
            gone=[
                {"game": game, "version": version, "rounds": count}
                for (game, version), count in report.gone.items()
            ],
            disagreements=list(report.disagreements),
        )
        _name_disagreements(told, list(report.disagreements))


def _name_disagreements(told: Outcome, disagreements: list[Any]) -> None:
    if not disagreements:
        told.say("everything agrees")
        return
    for item in disagreements[1:]:
        told.console.print(item, markup=False)
    told.fail(str(disagreements[0]))
