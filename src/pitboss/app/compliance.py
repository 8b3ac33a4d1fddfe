"""The matrix of rule by licence: what each says, where, and whether tests have shown it is kept.

Tests note what they proved (`tests/proofs.py`) in a record of JSON.  A proof names the rule, the
licence and the value that the licence had when the test ran: where the value is another today the
proof is stale and counts for nothing.  Neither the record nor the document depends on the time or
on the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path

import msgspec

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Entry, said
from pitboss.kernel.errors import Malformed

# It is no licence, so there is no regulator to comply with.
_NO_LICENCE = "demo"
_TEST_WORD = "test_"


class Standing(StrEnum):
    """Whether a test has shown that a rule is kept."""

    PASSED = "passed"
    FAILED = "failed"
    STALE = "stale"
    UNTESTED = "untested"


MARKS = {
    Standing.PASSED: "✔",
    Standing.FAILED: "✘",
    Standing.STALE: "stale",
    Standing.UNTESTED: "·",
}


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One test's word on one rule of one licence, under the value that it had then."""

    rule: str
    licence: str
    value: object
    test: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One rule of one licence, how it stands, and the tests that say so."""

    licence: str
    entry: Entry
    standing: Standing
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One rule, as each licence has it."""

    rule: str
    cells: tuple[Cell, ...]


def read_proofs(path: Path) -> tuple[Proof, ...]:
    """Return the proofs of a record.

    Raises:
        Malformed: the file is no record of proofs.
        OSError: it cannot be read.
    """
    try:
        return tuple(msgspec.json.decode(path.read_bytes(), type=list[Proof]))
    except msgspec.DecodeError as error:
        raise Malformed("proofs", f"{path} is no record of proofs: {error}") from None


def matrix(proofs: Iterable[Proof]) -> tuple[Row, ...]:
    """Return every rule of every licence, with how it stands.

    Raises:
        Malformed: a proof is about a rule or a licence that does not exist.
    """
    codes = [code for code in jurisdictions.codes() if code != _NO_LICENCE]
    entries = {code: jurisdictions.entries(code) for code in codes}
    known = {(entry.key, code) for code in codes for entry in entries[code]}
    given: dict[tuple[str, str], list[Proof]] = {}
    for proof in proofs:
        if proof.licence == _NO_LICENCE:
            continue
        if (proof.rule, proof.licence) not in known:
            raise Malformed("proofs", f"{proof.licence} has no rule {proof.rule!r} ({proof.test})")
        given.setdefault((proof.rule, proof.licence), []).append(proof)
    return tuple(
        Row(
            rule=of_all[0].key,
            cells=tuple(
                _cell(code, entry, given.get((entry.key, code), []))
                for code, entry in zip(codes, of_all, strict=True)
            ),
        )
        for of_all in zip(*entries.values(), strict=True)
    )


def _cell(code: str, entry: Entry, proofs: Sequence[Proof]) -> Cell:
    tests = tuple(sorted({proof.test for proof in proofs}))
    return Cell(licence=code, entry=entry, standing=_standing(entry, proofs), tests=tests)


def _standing(entry: Entry, proofs: Sequence[Proof]) -> Standing:
    if not proofs:
        return Standing.UNTESTED
    if not all(proof.passed for proof in proofs):
        return Standing.FAILED
    fresh = all(proof.value == entry.value for proof in proofs)
    return Standing.PASSED if fresh else Standing.STALE


def figures(rows: Iterable[Row]) -> dict[str, int]:
    """Return how many rules of licences stand how."""
    cells = [cell for row in rows for cell in row.cells]
    return {
        standing.value: sum(cell.standing is standing for cell in cells) for standing in Standing
    }


def members(rows: Iterable[Row]) -> dict[str, dict[str, dict[str, object]]]:
    """Return the matrix as JSON has it: by rule, and then by licence."""
    return {
        row.rule: {
            cell.licence: {
                "value": cell.entry.value,
                "source": cell.entry.citation.source,
                "confidence": cell.entry.citation.confidence.value,
                "standing": cell.standing.value,
                "tests": list(cell.tests),
            }
            for cell in row.cells
        }
        for row in rows
    }


def document(rows: Sequence[Row]) -> str:
    """Return the matrix as a page of Markdown."""
    return "\n".join([*_head(rows), *_overview(rows), *_details(rows)])


def _head(rows: Sequence[Row]) -> Iterator[str]:
    count = figures(rows)
    yield "# Compliance"
    yield ""
    yield "Rule by licence: what the licence says, where that is written, and whether a test has"
    yield "shown that pitboss keeps it. `make compliance` writes this page, nobody does by hand;"
    yield "[jurisdictions.md](jurisdictions.md) says how. It is no legal advice and no certificate."
    yield ""
    yield "| mark | means | cells |"
    yield "|---|---|---|"
    meanings = {
        Standing.PASSED: "every test of this rule for this licence passed, with the value of today",
        Standing.FAILED: "a test of it failed",
        Standing.STALE: "it was tested with another value than that of today",
        Standing.UNTESTED: "no test has shown it; the value is there and nothing more is said",
    }
    for standing, meaning in meanings.items():
        yield f"| {MARKS[standing]} | {meaning} | {count[standing.value]} |"
    yield ""


def _overview(rows: Sequence[Row]) -> Iterator[str]:
    yield "## Which rules are tested"
    yield ""
    codes = [cell.licence for cell in rows[0].cells]
    yield f"| rule | {' | '.join(codes)} |"
    yield f"|---|{'---|' * len(codes)}"
    for row in rows:
        yield f"| {row.rule} | {' | '.join(MARKS[cell.standing] for cell in row.cells)} |"
    yield ""


def _details(rows: Sequence[Row]) -> Iterator[str]:
    for section, of_section in groupby(rows, key=lambda row: row.rule.partition(".")[0]):
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
    """Yield the tests of a row: as the sentences that their names are."""
    tests = sorted({test for cell in row.cells for test in cell.tests})
    for test in tests:
        path, _, name = test.partition("::")
        sentence = name.rpartition("::")[2].removeprefix(_TEST_WORD).replace("_", " ")
        yield f"- {sentence} (`{path}`)"
    if tests:
        yield ""


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
