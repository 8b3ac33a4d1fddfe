"""What a bench found: one noun, as JSON for machines and as a table for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from rich.table import Table

Figure = int | float | str | bool


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took, in milliseconds, for the typical and for the unlucky."""

    p50: float
    p99: float
    p999: float

    @classmethod
    def of_seconds(cls, samples: Iterable[float]) -> Latency | None:
        """Return the percentiles of these durations; None when there is none."""
        ordered = sorted(samples)
        if not ordered:
            return None
        p50, p99, p999 = (
            round(percentile(ordered, share) * 1000, 3) for share in (0.5, 0.99, 0.999)
        )
        return cls(p50=p50, p99=p99, p999=p999)


class BenchReport(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one bench.

    `rate` and `baseline_rate` count `unit` per second.  `figures` are what this bench alone has to
    tell, `options` what it was asked for.  `rss_mb` is the most that each process had resident.
    """

    bench: str
    unit: str
    rate: float
    baseline_rate: float | None
    rss_mb: Mapping[str, float]
    durability: Mapping[str, str]
    machine: Mapping[str, Figure]
    versions: Mapping[str, str]
    options: Mapping[str, Figure]
    invariants: Mapping[str, bool]
    figures: Mapping[str, Figure] = msgspec.field(default_factory=dict)
    ack_ms: Latency | None = None
    decide_ms: Latency | None = None

    @property
    def ok(self) -> bool:
        """Whether every invariant held, and something was done at all."""
        return self.rate > 0 and all(self.invariants.values())

    @property
    def ratio(self) -> float | None:
        """How many times the baseline's rate this is."""
        return self.rate / self.baseline_rate if self.baseline_rate else None


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest sample that at least this share of them does not exceed."""
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


def as_json(report: BenchReport) -> dict[str, object]:
    """Return the report as a JSON object; what does not apply to its bench is left out."""
    told: dict[str, object] = {
        "bench": report.bench,
        "ok": report.ok,
        "unit": report.unit,
        "rate": round(report.rate, 1),
        "baseline_rate": None if report.baseline_rate is None else round(report.baseline_rate, 1),
        "ratio": None if report.ratio is None else round(report.ratio, 2),
        "ack_ms": report.ack_ms,
        "decide_ms": report.decide_ms,
        "figures": report.figures,
        "rss_mb": report.rss_mb,
        "invariants": report.invariants,
        "durability": report.durability,
        "machine": report.machine,
        "versions": report.versions,
        "options": report.options,
    }
    kept = {name: value for name, value in told.items() if value is not None}
    plain: dict[str, object] = msgspec.to_builtins(kept)
    return plain


def as_table(report: BenchReport) -> Table:
    """Return the report as a table for a terminal."""
    table = Table(title=f"pitboss bench {report.bench}", title_justify="left")
    table.add_column("what")
    table.add_column("value", justify="right")
    for name, value in _lines(report):
        table.add_row(name, value)
    table.add_section()
    for name, held in report.invariants.items():
        table.add_row(name.replace("_", " "), "yes" if held else "[red]NO[/red]")
    table.add_section()
    settings = " ".join(f"{name}={value}" for name, value in report.durability.items())
    for name, value in (
        ("durability", settings),
        ("machine", _joined(report.machine)),
        ("versions", _joined(report.versions)),
    ):
        table.add_row(name, value)
    return table


def _lines(report: BenchReport) -> list[tuple[str, str]]:
    lines = [(report.unit, f"{report.rate:,.0f}")]
    if report.baseline_rate:
        lines.append((f"row at a time, {report.unit}", f"{report.baseline_rate:,.0f}"))
    if report.ratio:
        lines.append(("ratio", f"{report.ratio:.1f}x"))
    for name, latency in (("acknowledged", report.ack_ms), ("decided", report.decide_ms)):
        if latency is not None:
            shown = f"{latency.p50:.1f} / {latency.p99:.1f} / {latency.p999:.1f}"
            lines.append((f"{name} ms, p50 / p99 / p99.9", shown))
    lines += [(name.replace("_", " "), _shown(value)) for name, value in report.figures.items()]
    lines += [(f"{name}, MB resident", f"{mb:,.0f}") for name, mb in report.rss_mb.items()]
    return lines


def _shown(value: Figure) -> str:
    if isinstance(value, str | bool):
        return str(value)
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def _joined(words: Mapping[str, Figure]) -> str:
    return ", ".join(f"{name} {value}" for name, value in words.items())
