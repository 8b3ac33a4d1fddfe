"""`pitboss rebuild`: make state again from facts, to check what is there or to show what was."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import datetime
from typing import Annotated, Any

import typer

from pitboss.cli.options import HomeOption, JsonOption, settings_of
from pitboss.cli.outcome import Outcome, outcome
from pitboss.cli.progress import bar
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import parse_id
from pitboss.kernel.instants import parse_instant
from pitboss.settings import Settings


def rebuild(
    home: HomeOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare every row of every table with the facts.")
    ] = False,
    entity: Annotated[
        str | None,
        typer.Option(metavar="KIND:ID", help="Show this as facts make it.", show_default=False),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME|INDEX",
            help="As it was at an instant, or after the fact with this index.",
            show_default=False,
        ),
    ] = None,
    processes: Annotated[
        int,
        typer.Option(min=1, max=64, help="How many check at once.", show_default="one a processor"),
    ] = os.cpu_count() or 1,
    as_json: JsonOption = False,
) -> None:
    """Make state again from facts: check all tables against it, or show one entity as it was."""
    with outcome(as_json=as_json) as told:
        if check == (entity is not None):
            raise Malformed("--check", "say either this or --entity")
        if check and at is not None:
            raise Malformed("--at", "tables are checked as they are now; it goes with --entity")
        settings = settings_of(home)
        if entity is None:
            _check(settings, told, processes)
        else:
            _show(settings, told, entity, at)


def _check(settings: Settings, told: Outcome, processes: int) -> None:
    from pitboss.app.crew import Crew
    from pitboss.app.parts import database_url
    from pitboss.app.record import moment
    from pitboss.audit import rebuild as room
    from pitboss.audit.rebuild.model import Report

    async def work() -> tuple[Report, float]:
        with bar(told.console, "shards") as tell:
            async with moment(settings) as tx:
                crew = Crew(url=database_url(settings), processes=processes)
                started = time.perf_counter()
                report = await room.check(tx, spread=crew.spread, tell=tell)
                return report, time.perf_counter() - started

    report, seconds = asyncio.run(work())
    for name, rows in report.tables.items():
        told.say(f"{name}: {rows:,} rows")
    told.say(f"{report.rows:,} rows against {report.facts:,} facts in {seconds:.1f} s")
    found = [*report.oddities, *map(str, report.differences)]
    told.tell(
        facts=report.facts,
        rows=report.rows,
        tables=report.tables,
        differing=report.differing,
        differences=found,
        facts_per_second=round(report.facts / seconds),
    )
    for item in found[1:]:
        told.console.print(item, markup=False)
    if found:
        told.fail(found[0])
    else:
        told.say("every row follows from facts")


def _show(settings: Settings, told: Outcome, entity: str, at: str | None) -> None:
    from pitboss.app.record import moment
    from pitboss.audit import rebuild as room
    from pitboss.audit.rebuild.model import Kind

    name, _, text = entity.partition(":")
    if name not in [*Kind]:
        raise Malformed("--entity", f"it is one of {', '.join(Kind)}, a colon and an id")
    kind, entity_id = Kind(name), parse_id(text, field="--entity")
    moment_of = None if at is None else _at(at)

    async def work() -> dict[str, list[dict[str, Any]]]:
        async with moment(settings) as tx:
            return await room.show(tx, kind, entity_id, at=moment_of)

    tables = asyncio.run(work())
    for table, rows in tables.items():
        told.say(f"{table}:")
        for row in rows:
            told.console.print_json(data=row)
    told.tell(entity=entity, at=at, tables=tables)


def _at(text: str) -> datetime | int:
    if text.isascii() and text.isdigit():
        if len(text) > len(str(2**63)):
            raise Malformed("--at", "no fact has such an index")
        return int(text)
    return parse_instant(text, field="--at")
