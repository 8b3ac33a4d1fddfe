"""What races at limits found: a line a round, a table and a JSON object at the end."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from pitboss.sim.limits.model import RACES, UNIT, Report, Result, Round


def line_of(done: Round, rounds: int) -> str:
    """Return a round in one line."""
    asked = sum(result.asked for result in done.results)
    taken = sum(result.taken for result in done.results)
    ended = "no limit passed" if not done.faults else f"BROKEN: {done.faults[0]}"
    return (
        f"round {done.number}/{rounds}: {len(done.results)} races, {asked:,} asked,"
        f" {taken:,} taken, {asked - taken:,} refused, {ended}, {done.seconds:.1f} s"
    )


def as_json(report: Report) -> dict[str, object]:
    """Return the report as a JSON object."""
    return {
        "ok": report.ok,
        "rounds": len(report.rounds),
        "wanted": report.config.rounds,
        "racers": report.config.racers,
        "seed": report.config.seed,
        "races": {
            race.name: {
                "asked": sum(result.asked for result in _of(report, race.name)),
                "taken": sum(result.taken for result in _of(report, race.name)),
                "refused": sum(result.refused for result in _of(report, race.name)),
                "limits": [
                    {"kind": each.kind, "period": each.period, "value": each.value}
                    for each in (*race.limits, *([race.lowered] if race.lowered else []))
                ],
            }
            for race in RACES
        },
        "faults": list(report.faults),
        "seconds": round(sum(each.seconds for each in report.rounds), 1),
    }


def as_table(report: Report) -> Table:
    """Return the report as a table for a terminal."""
    title = f"pitboss sim limits: {len(report.rounds)} of {report.config.rounds} rounds"
    table = Table(title=title, title_justify="left")
    table.add_column("race")
    for name in ("limit", "asked", "taken", "refused", "most taken"):
        table.add_column(name, justify="right")
    for race in RACES:
        results = _of(report, race.name)
        most = max((result.taken_micros for result in results), default=0)
        limits = [*race.limits, *([race.lowered] if race.lowered else [])]
        table.add_row(
            race.name,
            "\n".join(
                f"{each.kind} {each.value // (UNIT if each.kind.is_money else 1)}"
                for each in limits
            ),
            *(
                f"{sum(getattr(result, name) for result in results):,}"
                for name in ("asked", "taken", "refused")
            ),
            f"{most / UNIT:,.2f}",
        )
    for fault in report.faults:
        table.add_row(Text("broken", "bold red"), Text(fault))
    return table


def _of(report: Report, name: str) -> list[Result]:
    return [result for each in report.rounds for result in each.results if result.race == name]
