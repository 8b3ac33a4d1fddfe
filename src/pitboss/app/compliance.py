"""The matrix of rule by licence: what each says, where, and whether tests have shown it is kept.

Tests note what they proved (`tests/proofs.py`) in a record of JSON.  A proof names the rule, the
licence and the value that the licence had when the test ran: where the value is another today the
proof is stale and counts for nothing.  Where the value is that there is no such rule, a test shows
no more than that nothing happens, and that is told apart from a rule that is kept.

A record says which software was tested on which day, and nothing else in it depends on the time or
on the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Entry
from pitboss.kernel.errors import Malformed

# It is no licence, so there is no regulator to comply with.
_NO_LICENCE = "demo"

# Where no or none is a rule itself: it forbids something, or lasts until somebody acts.
SAYS_SOMETHING = frozenset(
    {
        "registration.open",
        "sessions.lock_minutes",
        "breaks.time_out_hours_choices",
        "exclusion.withdrawals_open",
        "payments.withdrawal_cancellable",
        "sportsbook.in_play_allowed",
        "sportsbook.in_play_kinds",
        "games.autoplay",
        "games.rewards",
    }
)


class Standing(StrEnum):
    """Whether a test has shown that a rule is kept, or that nothing happens without one."""

    PASSED = "passed"
    OFF = "off"
    FAILED = "failed"
    STALE = "stale"
    UNTESTED = "untested"


MARKS = {
    Standing.PASSED: "✔",
    Standing.OFF: "–",  # noqa: RUF001 - a dash, as tables have it
    Standing.FAILED: "✘",
    Standing.STALE: "stale",
    Standing.UNTESTED: "·",
}


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One test's word on one rule of one licence, under the value that it had then.

    A scenario's proof names the step of the story that gave it, and where in the story it stands.
    """

    rule: str
    licence: str
    value: object
    test: str
    passed: bool
    step: str | None = None
    place: int | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was tested and when: its name and version, the digest of its files, the day in UTC."""

    software: str
    sha256: str
    day: str


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one run of the tests proved; `run` is None in records of before runs were noted."""

    run: Run | None
    proofs: tuple[Proof, ...]


NOTHING = Record(run=None, proofs=())


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

    @property
    def section(self) -> str:
        """The part of the licence's file that the rule is in."""
        return section_of(self.rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a scenario: which rules it is about, and whether it passed, by licence.

    A licence whose rules give no occasion for it is not among `passed`; one that has none of these
    rules is among `off` too.
    """

    sentence: str
    rules: tuple[str, ...]
    passed: Mapping[str, bool]
    off: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A scenario that is told in steps, in their order."""

    test: str
    steps: tuple[Step, ...]


def section_of(rule: str) -> str:
    """Return the part of a licence's file that a rule is in."""
    return rule.partition(".")[0]


def is_off(rule: str, value: object) -> bool:
    """Say whether a licence has no such rule, by the value that its file has for it.

    That is no, none or an empty list, but where these forbid something themselves.
    """
    return rule not in SAYS_SOMETHING and (value is None or value is False or value in ([], "none"))


def read_record(path: Path) -> Record:
    """Return a record of proofs.

    Raises:
        Malformed: the file is no record of proofs.
        OSError: it cannot be read.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Record | list[Proof])
    except msgspec.DecodeError as error:
        raise Malformed("proofs", f"{path} is no record of proofs: {error}") from None
    return found if isinstance(found, Record) else Record(run=None, proofs=tuple(found))


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
    if not all(proof.value == entry.value for proof in proofs):
        return Standing.STALE
    return Standing.OFF if is_off(entry.key, entry.value) else Standing.PASSED


def share(count: Mapping[str, int]) -> str:
    """Return how many rules are kept, of how many there are; what is off is none of them."""
    return f"{count[Standing.PASSED]}/{sum(count.values()) - count[Standing.OFF]}"


def figures(rows: Iterable[Row]) -> dict[str, int]:
    """Return how many rules of licences stand how."""
    return _counted(cell for row in rows for cell in row.cells)


def figures_by_licence(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """Return how many rules of each licence stand how."""
    cells: dict[str, list[Cell]] = {}
    for row in rows:
        for cell in row.cells:
            cells.setdefault(cell.licence, []).append(cell)
    return {code: _counted(of_one) for code, of_one in cells.items()}


def figures_by_section(rows: Iterable[Row]) -> dict[str, dict[str, dict[str, int]]]:
    """Return how many rules stand how, by section and then by licence."""
    by_section: dict[str, list[Row]] = {}
    for row in rows:
        by_section.setdefault(row.section, []).append(row)
    return {section: figures_by_licence(of_one) for section, of_one in by_section.items()}


def untested(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Return of which licences each rule was never tested; rules that always were are left out."""
    found = {
        row.rule: tuple(cell.licence for cell in row.cells if cell.standing is Standing.UNTESTED)
        for row in rows
    }
    return {rule: codes for rule, codes in found.items() if codes}


def stories(proofs: Iterable[Proof]) -> tuple[Story, ...]:
    """Return the scenarios that told their steps, each step once for all licences."""
    told: dict[str, list[Proof]] = {}
    for proof in proofs:
        if proof.step is not None and proof.licence != _NO_LICENCE:
            told.setdefault(proof.test, []).append(proof)
    return tuple(Story(test=test, steps=_steps(told[test])) for test in sorted(told))


def _steps(proofs: Sequence[Proof]) -> tuple[Step, ...]:
    by_step: dict[str, list[Proof]] = {}
    for proof in proofs:
        by_step.setdefault(proof.step or "", []).append(proof)
    return tuple(_step(sentence, by_step[sentence]) for sentence in _in_order(proofs))


def _step(sentence: str, proofs: Sequence[Proof]) -> Step:
    by_licence: dict[str, list[Proof]] = {}
    for proof in sorted(proofs, key=lambda proof: proof.licence):
        by_licence.setdefault(proof.licence, []).append(proof)
    return Step(
        sentence=sentence,
        rules=tuple(sorted({proof.rule for proof in proofs})),
        passed={code: all(proof.passed for proof in own) for code, own in by_licence.items()},
        off=tuple(
            code
            for code, own in by_licence.items()
            if all(is_off(proof.rule, proof.value) for proof in own)
        ),
    )


def _in_order(proofs: Sequence[Proof]) -> list[str]:
    """Return the sentences as the story tells them.

    Not every licence has every step, so each licence's steps are put behind those that come before
    them in its own story.
    """
    merged: list[str] = []
    for code in sorted({proof.licence for proof in proofs}):
        own = sorted(
            {(proof.place or 0, proof.step or "") for proof in proofs if proof.licence == code}
        )
        behind = 0
        for _, sentence in own:
            if sentence not in merged:
                merged.insert(behind, sentence)
            behind = merged.index(sentence) + 1
    return merged


def _counted(cells: Iterable[Cell]) -> dict[str, int]:
    found = list(cells)
    return {
        standing.value: sum(cell.standing is standing for cell in found) for standing in Standing
    }


def chosen(
    rows: Sequence[Row], *, licence: str | None = None, section: str | None = None
) -> tuple[Row, ...]:
    """Return a part of the matrix: one licence's column, one section's rows, or both.

    Raises:
        Malformed: there is no such licence, or no such section.
    """
    codes = [cell.licence for cell in rows[0].cells]
    sections = list(dict.fromkeys(row.section for row in rows))
    if licence is not None and licence not in codes:
        raise Malformed("licence", f"one of {', '.join(codes)} is needed")
    if section is not None and section not in sections:
        raise Malformed("section", f"one of {', '.join(sections)} is needed")
    return tuple(
        Row(
            rule=row.rule,
            cells=tuple(cell for cell in row.cells if licence in (None, cell.licence)),
        )
        for row in rows
        if section in (None, row.section)
    )


def members(rows: Sequence[Row], record: Record) -> dict[str, object]:
    """Return the matrix and what it was made from as JSON has it."""
    return {
        "run": None if record.run is None else msgspec.to_builtins(record.run),
        "figures": figures(rows),
        "licences": figures_by_licence(rows),
        "sections": figures_by_section(rows),
        "untested": {rule: list(codes) for rule, codes in untested(rows).items()},
        "stories": [
            {
                "test": story.test,
                "steps": [
                    {
                        "step": step.sentence,
                        "rules": list(step.rules),
                        "passed": dict(step.passed),
                        "off": list(step.off),
                    }
                    for step in story.steps
                ],
            }
            for story in stories(record.proofs)
        ],
        "rules": {row.rule: {cell.licence: _member(cell) for cell in row.cells} for row in rows},
    }


def _member(cell: Cell) -> dict[str, object]:
    return {
        "value": cell.entry.value,
        "source": cell.entry.citation.source,
        "confidence": cell.entry.citation.confidence.value,
        "standing": cell.standing.value,
        "tests": list(cell.tests),
    }
