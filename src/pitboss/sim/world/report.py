"""What many worlds came to: one noun, as JSON for machines and as a table for people."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pitboss.sim.world.outcome import Outcome

# Who has ten seeds that fail has one bug to look for first.
FAILURES_SHOWN_MAX = 10
DETAILS_SHOWN_MAX = 3
STORY_LINES_SHOWN_MAX = 60


class SimReport(msgspec.Struct, frozen=True, kw_only=True):
    """The outcomes of some seeds.

    `digest` covers those of all seeds, so two runs that did the same have the same.  `stories`
    are of the seeds that failed, step by step.
    """

    seeds: int
    failures: Mapping[int, Mapping[str, tuple[str, ...]]]
    stories: Mapping[int, tuple[str, ...]]
    faults: Mapping[str, int]
    statements: int
    decided: int
    seconds: float
    processes: int
    digest: str
    bug: str | None = None

    @property
    def ok(self) -> bool:
        """Whether every world was as it must be, and there was one at all."""
        return self.seeds > 0 and not self.failures

    def repeating(self, seed: int) -> str:
        """Return the command that plays a seed again."""
        planted = "" if self.bug is None else f" --bug {self.bug}"
        return f"pitboss sim run --seed {seed}{planted}"

    @classmethod
    def of(
        cls, outcomes: Iterable[Outcome], *, seconds: float, processes: int, bug: str | None
    ) -> SimReport:
        """Put outcomes together, in whatever order they came."""
        ordered = sorted(outcomes, key=lambda outcome: outcome.seed)
        faults: Counter[str] = Counter()
        for outcome in ordered:
            faults.update(outcome.faults)
        digests = "".join(f"{outcome.seed}:{outcome.digest};" for outcome in ordered)
        return cls(
            seeds=len(ordered),
            failures={outcome.seed: outcome.findings for outcome in ordered if not outcome.ok},
            stories={outcome.seed: outcome.story for outcome in ordered if not outcome.ok},
            faults=dict(faults.most_common()),
            statements=sum(outcome.statements for outcome in ordered),
            decided=sum(outcome.decided for outcome in ordered),
            seconds=seconds,
            processes=processes,
            digest=hashlib.sha256(digests.encode()).hexdigest(),
            bug=bug,
        )


def as_json(report: SimReport) -> dict[str, object]:
    """Return the report as a JSON object; a story is told by playing its seed again."""
    told: dict[str, object] = {
        "ok": report.ok,
        "seeds": report.seeds,
        "failed": len(report.failures),
        "failures": [
            {
                "seed": seed,
                "findings": {name: list(details) for name, details in findings.items()},
                "repeat": report.repeating(seed),
            }
            for seed, findings in list(report.failures.items())[:FAILURES_SHOWN_MAX]
        ],
        "faults": dict(report.faults),
        "commands_decided": report.decided,
        "statements": report.statements,
        "seconds": round(report.seconds, 2),
        "seeds_per_second": round(report.seeds / report.seconds, 1) if report.seconds else None,
        "processes": report.processes,
        "digest": report.digest,
    }
    return told if report.bug is None else {**told, "bug": report.bug}


def as_table(report: SimReport) -> RenderableType:
    """Return the report as tables for a terminal, and the story of the first seed that failed."""
    return Group(_figures(report), *_failures(report))


def _figures(report: SimReport) -> Table:
    table = Table(title="pitboss sim run", title_justify="left")
    table.add_column("what")
    table.add_column("value", justify="right")
    for name, value in (
        ("worlds", f"{report.seeds:,}"),
        ("worlds that failed", f"{len(report.failures):,}"),
        ("commands decided", f"{report.decided:,}"),
        ("statements", f"{report.statements:,}"),
        ("seconds", f"{report.seconds:,.1f}"),
        ("digest", report.digest[:16]),
    ):
        table.add_row(name, value)
    table.add_section()
    for name, times in report.faults.items():
        table.add_row(name, f"{times:,}")
    return table


def _failures(report: SimReport) -> list[RenderableType]:
    shown: list[RenderableType] = []
    for seed, findings in list(report.failures.items())[:FAILURES_SHOWN_MAX]:
        shown.append(Text(f"seed {seed} failed; again: {report.repeating(seed)}", "bold red"))
        for name, details in findings.items():
            shown.append(Text(f"  {name.replace('_', ' ')}"))
            shown += (Text(f"    {detail}") for detail in details[:DETAILS_SHOWN_MAX])
    if len(report.failures) > FAILURES_SHOWN_MAX:
        shown.append(Text(f"and {len(report.failures) - FAILURES_SHOWN_MAX} more", "red"))
    for seed, story in list(report.stories.items())[:1]:
        if report.seeds == 1:
            shown += (Text(line) for line in story)
        else:
            shown.append(Text(f"the end of the story of seed {seed}:", "bold"))
            shown += (Text(line) for line in story[-STORY_LINES_SHOWN_MAX:])
    return shown
