"""What a crash simulation found: one noun, as JSON for machines and as a table for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from rich.table import Table
from rich.text import Text

from pitboss.sim.crash.model import Check


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long acknowledgements took, in milliseconds, outages included."""

    p50: float
    p99: float

    @classmethod
    def of_seconds(cls, samples: Iterable[float]) -> Latency | None:
        """Return the percentiles of these durations; None when there is none."""
        ordered = sorted(samples)
        if not ordered:
            return None
        p50, p99 = (
            ordered[min(int(share * len(ordered)), len(ordered) - 1)] for share in (0.5, 0.99)
        )
        return cls(p50=round(p50 * 1000, 2), p99=round(p99 * 1000, 2))


class CrashReport(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a run.

    `acknowledged` counts commands (bets and payments) that clients were told are durable;
    `decided`, `accepted`, `refused` and `settled` count bets.  `retries` are requests that were
    sent again on a doubt, `repeats` those that were sent more than once on purpose.
    `longest_outage_seconds` is the longest time in which nobody was acknowledged anything.
    """

    seed: int
    minutes: float
    faults: Mapping[str, int]
    acknowledged: int
    decided: int
    accepted: int
    refused: int
    settled: int
    payments: int
    requests: int
    retries: int
    repeats: int
    restarts: Mapping[str, int]
    connections_cut: int
    zombies_fenced: int
    longest_outage_seconds: float
    ack_ms: Latency | None
    rest_seconds: float
    checks: tuple[Check, ...]
    home: str | None = None

    @property
    def ok(self) -> bool:
        """Whether every check holds, and something was acknowledged at all."""
        return self.acknowledged > 0 and all(check.ok for check in self.checks)

    @property
    def repeat_with(self) -> str:
        """The command that draws the same schedule and the same wishes again."""
        return f"pitboss sim crash --minutes {self.minutes:g} --seed {self.seed}"


def as_json(report: CrashReport) -> dict[str, object]:
    """Return the report as a JSON object; `home` is there if it was kept for a look."""
    told: dict[str, object] = {
        "ok": report.ok,
        "seed": report.seed,
        "minutes": report.minutes,
        "faults": dict(report.faults),
        "acknowledged": report.acknowledged,
        "decided": report.decided,
        "accepted": report.accepted,
        "refused": report.refused,
        "settled": report.settled,
        "payments": report.payments,
        "requests": report.requests,
        "retries": report.retries,
        "repeats": report.repeats,
        "restarts": dict(report.restarts),
        "connections_cut": report.connections_cut,
        "zombies_fenced": report.zombies_fenced,
        "longest_outage_seconds": round(report.longest_outage_seconds, 2),
        "ack_ms": None if report.ack_ms is None else msgspec.to_builtins(report.ack_ms),
        "rest_seconds": round(report.rest_seconds, 1),
        "checks": {check.name: check.ok for check in report.checks},
        "failed": {check.name: list(check.details) for check in report.checks if not check.ok},
        "repeat_with": report.repeat_with,
    }
    return told if report.home is None else {**told, "home": report.home}


def as_table(report: CrashReport) -> Table:
    """Return the report as a table for a terminal."""
    table = Table(title=f"pitboss sim crash, seed {report.seed}", title_justify="left")
    table.add_column("what")
    table.add_column("value", justify="right")
    for name, value in _lines(report):
        table.add_row(name, value)
    table.add_section()
    kept = sum(check.ok for check in report.checks)
    table.add_row("promises kept", f"{kept} of {len(report.checks)}")
    for check in report.checks:
        if not check.ok:
            table.add_row(
                Text(check.name.replace("_", " "), "bold red"), Text("\n".join(check.details))
            )
    if not report.ok:
        table.add_row("repeat with", report.repeat_with)
    if report.home is not None:
        table.add_row("what is left is in", report.home)
    return table


def _lines(report: CrashReport) -> list[tuple[str, str]]:
    latency = report.ack_ms
    shown = "" if latency is None else f"{latency.p50:,.1f} / {latency.p99:,.1f}"
    return [
        *((kind.replace("_", " "), f"{times:,}") for kind, times in report.faults.items()),
        ("sessions cut in a transaction", f"{report.connections_cut:,}"),
        ("times a zombie was fenced", f"{report.zombies_fenced:,}"),
        *((f"restarts of {name}", f"{times:,}") for name, times in report.restarts.items()),
        ("requests", f"{report.requests:,}"),
        ("sent again on a doubt", f"{report.retries:,}"),
        ("repeated on purpose", f"{report.repeats:,}"),
        ("commands acknowledged", f"{report.acknowledged:,}"),
        ("bets decided", f"{report.decided:,}"),
        ("accepted / refused", f"{report.accepted:,} / {report.refused:,}"),
        ("settled", f"{report.settled:,}"),
        ("payments ended", f"{report.payments:,}"),
        ("acknowledged ms, p50 / p99", shown),
        ("longest outage, seconds", f"{report.longest_outage_seconds:.2f}"),
        ("seconds until all came to rest", f"{report.rest_seconds:.1f}"),
    ]
