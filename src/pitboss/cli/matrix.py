"""The matrix of rule by licence in a terminal: its tables and lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE
from rich.table import Column, Table

from pitboss.app import compliance, compliance_page
from pitboss.app.compliance import MARKS, Record, Row
from pitboss.jurisdictions.model import said


def marks(rows: Sequence[Row]) -> Table:
    """Return a mark for each rule of each licence."""
    table = _table("rule", *(cell.licence for cell in rows[0].cells))
    for row in rows:
        table.add_row(row.rule, *(MARKS[cell.standing] for cell in row.cells))
    return table


def sections(rows: Sequence[Row]) -> Table:
    """Return how many rules are kept, of how many there are, by section and licence."""
    table = _table("kept of all", *(cell.licence for cell in rows[0].cells))
    for section, by_licence in compliance.figures_by_section(rows).items():
        table.add_row(section, *map(compliance.share, by_licence.values()))
    table.add_section()
    figures = compliance.figures_by_licence(rows)
    table.add_row("all", *map(compliance.share, figures.values()))
    return table


def citations(rows: Sequence[Row]) -> Table:
    """Return the rules of one licence with everything that is known of them."""
    table = Table(
        Column("rule", overflow="fold"),
        Column("value", overflow="fold"),
        "tested",
        Column("source", overflow="fold"),
        "confidence",
        box=SIMPLE,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for row in rows:
        for cell in row.cells:
            citation = cell.entry.citation
            table.add_row(
                row.rule,
                said(cell.entry.value),
                MARKS[cell.standing],
                citation.source,
                citation.confidence.value,
            )
    return table


def untested(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the names of what no test has shown."""
    found = compliance.untested(rows)
    if found:
        yield "what no test has shown:"
    for rule, codes in found.items():
        yield f"  {rule}: {compliance_page.places(rows, codes)}"


def stories(record: Record) -> Iterator[str]:
    """Yield how many steps each scenario has told, and which of them failed."""
    for story in compliance.stories(record.proofs):
        yield f"{compliance_page.sentence_of(story.test)}: {len(story.steps)} steps"
        for step in story.steps:
            failed = [code for code, passed in step.passed.items() if not passed]
            if failed:
                yield f"  failed for {', '.join(failed)}: {step.sentence}"


def run(record: Record) -> Iterator[str]:
    """Yield what was tested and when, if the record knows."""
    found = record.run
    if found is not None:
        yield f"tested on {found.day}: {found.software}, SHA-256 of its files {found.sha256}"


def _table(*names: str) -> Table:
    return Table(
        *(Column(name, no_wrap=True) for name in names),
        box=SIMPLE,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
