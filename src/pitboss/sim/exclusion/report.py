"""What an exclusion storm found, as JSON for machines and as a table for people."""

from __future__ import annotations

import msgspec
from rich.table import Table
from rich.text import Text

from pitboss.sim.exclusion.model import Report


def as_json(report: Report) -> dict[str, object]:
    """Return the report as a JSON object."""
    return {
        "ok": report.ok,
        "players": report.config.players,
        "seed": report.config.seed,
        "excluded": report.excluded,
        "seconds": round(report.seconds, 2),
        "answer_ms": None if report.answer_ms is None else msgspec.to_builtins(report.answer_ms),
        "taken_after": report.taken_after,
        "products": {
            name: {
                "taken_before": count.taken_before,
                "taken_after": count.taken_after,
                "refused_after": count.refused_after,
            }
            for name, count in report.counts.items()
        },
        "asked": dict(report.asked),
        "turned_away": report.turned_away,
        "paid_out_after": report.paid_out_after,
        "won_after": report.won_after,
        "undecided": report.undecided,
        "faults": list(report.faults),
    }


def as_table(report: Report) -> Table:
    """Return the report as a table for a terminal."""
    title = f"pitboss sim exclusion: {report.excluded:,} of {report.config.players:,} players"
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    table.add_column("value", justify="right")
    for what, number in report.asked.items():
        table.add_row(f"{what} asked for", f"{number:,}")
    table.add_row("turned away at the door", f"{report.turned_away:,}")
    table.add_row("seconds until all were excluded", f"{report.seconds:.1f}")
    took = report.answer_ms
    if took is not None:
        table.add_row("one exclusion ms, p50 / p99", f"{took.p50:,.0f} / {took.p99:,.0f}")
    for name, count in report.counts.items():
        table.add_section()
        table.add_row(f"{name}: taken before the exclusion", f"{count.taken_before:,}")
        table.add_row(f"{name}: refused after it", f"{count.refused_after:,}")
        style = "bold red" if count.taken_after else "bold green"
        table.add_row(f"{name}: taken after it", Text(f"{count.taken_after:,}", style))
    table.add_section()
    table.add_row("withdrawals taken on after it", f"{report.paid_out_after:,}")
    table.add_row("wins of rounds from before, booked after it", f"{report.won_after:,}")
    for fault in report.faults:
        table.add_row(Text("broken", "bold red"), Text(fault))
    return table
