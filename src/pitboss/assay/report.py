"""The report: every test with its chance, what counts as rejected and why, and the plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pitboss.assay import chances
from pitboss.assay.findings import Finding, Skipped

# 99 %, as 25 CFR 547.14(b) and AGCO 21.1 ask, over the report as a whole.
ALPHA = 0.01
MARKDOWN, JSON = "report.md", "report.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What all tests found, with the chance that each has among all the others (Holm)."""

    findings: tuple[Finding, ...]
    adjusted: tuple[float, ...]
    skipped: tuple[Skipped, ...]
    what: Mapping[str, Any]

    @property
    def rejected(self) -> tuple[Finding, ...]:
        """The findings that a good generator does not give."""
        pairs = zip(self.findings, self.adjusted, strict=True)
        return tuple(finding for finding, p in pairs if p < ALPHA)

    @property
    def ok(self) -> bool:
        """Whether something was tested and nothing was rejected."""
        return bool(self.findings) and not self.rejected

    def to_json(self) -> dict[str, Any]:
        """Return the members of the JSON object."""
        return {
            "format": "pitboss rng report 1",
            "ok": self.ok,
            "alpha": ALPHA,
            "correction": "Holm, over all findings of the report",
            "what": dict(self.what),
            "rejected": [f"{one.suite}: {one.stream}: {one.test}" for one in self.rejected],
            "findings": [
                {
                    "suite": finding.suite,
                    "stream": finding.stream,
                    "test": finding.test,
                    "p": finding.p,
                    "p_adjusted": adjusted,
                    "detail": finding.detail,
                }
                for finding, adjusted in zip(self.findings, self.adjusted, strict=True)
            ],
            "skipped": [
                {"suite": one.suite, "stream": one.stream, "test": one.test, "why": one.why}
                for one in self.skipped
            ],
        }


def report_of(found: Sequence[Finding | Skipped], what: Mapping[str, Any]) -> Report:
    """Put what was found into a report.

    What gives no chance, as a suite may that divides by nothing, is rejected: it has not passed,
    and it must not stand between the others when they are put in order.
    """
    findings = tuple(
        one if 0 <= one.p <= 1 else replace(one, p=0.0, detail=f"no chance: {one.p}; {one.detail}")
        for one in found
        if isinstance(one, Finding)
    )
    return Report(
        findings=findings,
        adjusted=tuple(chances.holm([finding.p for finding in findings])),
        skipped=tuple(one for one in found if isinstance(one, Skipped)),
        what=what,
    )


def write(report: Report, folder: Path) -> list[str]:
    """Write the report as JSON, as Markdown and as plots; return the names of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    plots = _draw(report, folder)
    (folder / JSON).write_text(json.dumps(report.to_json(), indent=1) + "\n")
    (folder / MARKDOWN).write_text(_markdown(report, plots))
    return [MARKDOWN, JSON, *plots]


def _markdown(report: Report, plots: Sequence[str]) -> str:
    verdict = "nothing is rejected" if report.ok else "REJECTED" if report.findings else "no tests"
    lines = [
        "# Statistical evidence",
        "",
        f"**{verdict}**: {len(report.findings)} tests, {len(report.rejected)} rejected,"
        f" {len(report.skipped)} not run.",
        "",
        *(f"- {name.replace('_', ' ')}: {value}" for name, value in report.what.items()),
        "",
        f"A test is rejected if its chance among all tests of this report (Holm) is below {ALPHA}."
        f" A good generator's report has any rejected test once in {1 / ALPHA:.0f} reports. Chances"
        " of chi-square are two-sided: what is too even is not random either.",
        "",
        *(f"![{Path(plot).stem}]({plot})" for plot in plots),
        *([] if plots else ["No plots: matplotlib is not installed (extra `evidence`)."]),
        "",
        "| suite | stream | test | p | p among all | |",
        "|---|---|---|---:|---:|---|",
        *(
            f"| {one.suite} | {one.stream} | {one.test} | {one.p:.3g} | {adjusted:.3g} |"
            f" {'**rejected**; ' if adjusted < ALPHA else ''}{one.detail} |"
            for one, adjusted in zip(report.findings, report.adjusted, strict=True)
        ),
        "",
    ]
    if report.skipped:
        lines += ["Not run:", ""]
        lines += [f"- {one.suite}, {one.stream}, {one.test}: {one.why}" for one in report.skipped]
        lines.append("")
    return "\n".join(lines)


def _draw(report: Report, folder: Path) -> list[str]:
    try:
        import matplotlib
    except ImportError:
        return []
    matplotlib.use("svg")
    from matplotlib import pyplot

    # The same findings give the same files.
    matplotlib.rcParams["svg.hashsalt"] = "pitboss"
    names = []
    ordered = sorted(finding.p for finding in report.findings)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4))
    left.hist(ordered, bins=10, range=(0, 1), edgecolor="white")
    left.axhline(len(ordered) / 10, color="black", linestyle="dashed")
    left.set(title="p-values", xlabel="p", ylabel="tests")
    right.plot([(place + 0.5) / len(ordered) for place in range(len(ordered))], ordered, ".")
    right.plot([0, 1], [0, 1], color="black", linestyle="dashed")
    right.set(title="p-values in order", xlabel="expected", ylabel="found")
    names.append(_save(figure, folder, "p-values"))
    pyplot.close(figure)
    shown = [finding for finding in report.findings if len(finding.seen) > 1]
    columns = 3
    rows = -(-len(shown) // columns)
    if rows:
        figure, axes = pyplot.subplots(rows, columns, figsize=(12, 2.6 * rows), squeeze=False)
        for place, axis in enumerate(axes.flat):
            if place >= len(shown):
                axis.set_axis_off()
                continue
            one = shown[place]
            away = [
                (seen - expected) / expected**0.5
                for seen, expected in zip(one.seen, one.expected, strict=True)
            ]
            axis.bar(range(len(away)), away, width=1.0)
            axis.set_title(f"{one.stream}: {one.test}", fontsize=8)
            axis.tick_params(labelsize=7)
        figure.suptitle("Cells of the chi-square tests, in units of the root of what is expected")
        names.append(_save(figure, folder, "cells"))
        pyplot.close(figure)
    return names


def _save(figure: Any, folder: Path, name: str) -> str:
    file = f"{name}.svg"
    figure.tight_layout()
    figure.savefig(folder / file, metadata={"Date": None})
    return file
