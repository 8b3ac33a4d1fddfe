"""The matrix of rule by licence as a page of Markdown, from the whole to the single value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from pitboss import jurisdictions
from pitboss.app import compliance
from pitboss.app.compliance import MARKS, Record, Row, Standing, Step, Story
from pitboss.jurisdictions.model import said

_TEST_WORD = "test_"
_MEANINGS = {
    Standing.PASSED: "every test of this rule for this licence passed, with the value of today",
    Standing.OFF: "the licence has no such rule, and a test showed that nothing happens",
    Standing.FAILED: "a test of it failed",
    Standing.STALE: "it was tested with another value than that of today",
    Standing.UNTESTED: "no test has shown it; the value is there and nothing more is said",
}


def document(record: Record) -> str:
    """Return what a record proves as a page of Markdown.

    Raises:
        Malformed: a proof is about a rule or a licence that does not exist.
    """
    rows = compliance.matrix(record.proofs)
    stories = compliance.stories(record.proofs)
    return "\n".join(
        [
            *_head(rows, record),
            *_licences(rows),
            *_sections(rows),
            *_overview(rows),
            *_untested(rows),
            *(line for story in stories for line in _story(story, rows)),
            *_details(rows),
        ]
    )


def sentence_of(test: str) -> str:
    """Return the sentence that a test's name is."""
    return test.rpartition("::")[2].removeprefix(_TEST_WORD).replace("_", " ")


def places(rows: Sequence[Row], codes: Sequence[str]) -> str:
    """Return licences in words: all of them, or which."""
    return "all licences" if 1 < len(codes) == len(rows[0].cells) else ", ".join(codes)


def _head(rows: Sequence[Row], record: Record) -> Iterator[str]:
    count = compliance.figures(rows)
    yield "# Compliance"
    yield ""
    yield "Rule by licence: what the licence says, where that is written, and whether a test has"
    yield "shown that pitboss keeps it. `make compliance` writes this page, nobody does by hand;"
    yield "[jurisdictions.md](jurisdictions.md) says how. It is no legal advice and no certificate."
    yield ""
    run = record.run
    if run is not None:
        yield f"Tested was {run.software}, on {run.day} (UTC). The SHA-256 over its files, by which"
        yield f"anybody finds out whether theirs are the same, is `{run.sha256}`."
        yield ""
    yield "| mark | means | cells |"
    yield "|---|---|---|"
    for standing, meaning in _MEANINGS.items():
        yield f"| {MARKS[standing]} | {meaning} | {count[standing.value]} |"
    yield ""


def _licences(rows: Sequence[Row]) -> Iterator[str]:
    yield "## By licence"
    yield ""
    yield "The version is of the licence's file, over every byte of it."
    yield ""
    yield f"| licence | name | regulator | version | {' | '.join(MARKS.values())} |"
    yield f"|---|---|---|---|{'---|' * len(MARKS)}"
    for code, count in compliance.figures_by_licence(rows).items():
        rules = jurisdictions.get(code)
        texts = (code, rules.licence.name, rules.licence.regulator, f"`{rules.rules_version}`")
        counts = " | ".join(str(count[standing.value]) for standing in MARKS)
        yield f"| {' | '.join(_escaped(text) for text in texts)} | {counts} |"
    yield ""


def _sections(rows: Sequence[Row]) -> Iterator[str]:
    yield "## By section"
    yield ""
    yield "How many of the section's rules are shown to be kept, of how many that the licence has:"
    yield "those that are off are left out, and failed and stale ones are not kept."
    yield ""
    codes = _codes(rows)
    yield f"| section | {' | '.join(codes)} |"
    yield f"|---|{'---|' * len(codes)}"
    for section, by_licence in compliance.figures_by_section(rows).items():
        shares = map(compliance.share, by_licence.values())
        yield f"| {section} | {' | '.join(shares)} |"
    yield ""


def _overview(rows: Sequence[Row]) -> Iterator[str]:
    yield "## Which rules are tested"
    yield ""
    codes = _codes(rows)
    yield f"| rule | {' | '.join(codes)} |"
    yield f"|---|{'---|' * len(codes)}"
    for row in rows:
        yield f"| {row.rule} | {' | '.join(MARKS[cell.standing] for cell in row.cells)} |"
    yield ""


def _untested(rows: Sequence[Row]) -> Iterator[str]:
    yield "## What no test has shown"
    yield ""
    found = compliance.untested(rows)
    if not found:
        yield "Nothing: every rule of every licence is tested."
        yield ""
        return
    for section, of_section in groupby(
        found.items(), key=lambda item: compliance.section_of(item[0])
    ):
        yield f"- {section}"
        for rule, codes in of_section:
            yield f"    - {rule}: {places(rows, codes)}"
    yield ""


def _story(story: Story, rows: Sequence[Row]) -> Iterator[str]:
    path = story.test.partition("::")[0]
    yield f"## Step by step: {sentence_of(story.test)}"
    yield ""
    yield f"`{path}` goes through these steps once for each licence, with the licence's own values."
    yield "Where a licence has no rule that gives occasion for a step, its column is empty."
    yield ""
    codes = _codes(rows)
    yield f"| | step | rules | {' | '.join(codes)} |"
    yield f"|---|---|---|{'---|' * len(codes)}"
    for number, step in enumerate(story.steps, start=1):
        marks = (_mark(step, code) for code in codes)
        yield (
            f"| {number} | {_escaped(step.sentence)} | {', '.join(step.rules)}"
            f" | {' | '.join(marks)} |"
        )
    yield ""


def _mark(step: Step, code: str) -> str:
    if code not in step.passed:
        return ""
    if not step.passed[code]:
        return MARKS[Standing.FAILED]
    return MARKS[Standing.OFF if code in step.off else Standing.PASSED]


def _details(rows: Sequence[Row]) -> Iterator[str]:
    for section, of_section in groupby(rows, key=lambda row: row.section):
        yield f"## {section}"
        yield ""
        for row in of_section:
            yield f"### {row.rule}"
            yield ""
            yield "| licence | value | source | confidence | tested |"
            yield "|---|---|---|---|---|"
            for cell in row.cells:
                citation = cell.entry.citation
                texts = (cell.licence, said(cell.entry.value), citation.source)
                yield (
                    f"| {' | '.join(_escaped(text) for text in texts)}"
                    f" | {citation.confidence} | {MARKS[cell.standing]} |"
                )
            yield ""
            yield from _tests(row)


def _tests(row: Row) -> Iterator[str]:
    """Yield the tests of a row, as the sentences that their names are."""
    tests = sorted({test for cell in row.cells for test in cell.tests})
    for test in tests:
        yield f"- {sentence_of(test)} (`{test.partition('::')[0]}`)"
    if tests:
        yield ""


def _codes(rows: Sequence[Row]) -> list[str]:
    return [cell.licence for cell in rows[0].cells]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
