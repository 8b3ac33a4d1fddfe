"""The matrix shows what the licences say and what tests have shown, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.app import compliance, compliance_page
from pitboss.app.compliance import Cell, Proof, Record, Row, Run, Standing
from pitboss.kernel.errors import Malformed

ROOT = Path(__file__).parents[3]
RECORD = ROOT / "docs" / "compliance.json"
PAGE = ROOT / "docs" / "compliance.md"
RULE = "limits.increase_hours_min"
RUN = Run(software="pitboss 1.2.3", sha256="ab" * 32, day="2026-03-01")


def proof(**changes: Any) -> Proof:
    one = Proof(rule=RULE, licence="GB", value=24, test="tests/x.py::test_it_waits", passed=True)
    return msgspec.structs.replace(one, **changes)


def cell(rows: tuple[Row, ...], rule: str = RULE, licence: str = "GB") -> Cell:
    (row,) = [row for row in rows if row.rule == rule]
    (found,) = [found for found in row.cells if found.licence == licence]
    return found


@pytest.mark.parametrize(
    ("proofs", "standing"),
    [
        ([], Standing.UNTESTED),
        ([proof()], Standing.PASSED),
        ([proof(), proof(test="tests/x.py::test_another")], Standing.PASSED),
        ([proof(), proof(test="tests/x.py::test_another", passed=False)], Standing.FAILED),
        ([proof(value=48)], Standing.STALE),
        ([proof(), proof(test="tests/x.py::test_another", value=48)], Standing.STALE),
        ([proof(value=48, passed=False)], Standing.FAILED),
        ([proof(licence="NJ", value=None)], Standing.UNTESTED),
        ([proof(licence="demo")], Standing.UNTESTED),
    ],
)
def test_a_rule_stands_as_its_tests_say_under_the_value_of_today(
    proofs: list[Proof], standing: Standing
) -> None:
    assert cell(compliance.matrix(proofs)).standing is standing


@pytest.mark.parametrize(
    ("rule", "licence", "value", "standing"),
    [
        ("sessions.minutes_max", "GB", None, Standing.OFF),
        ("sessions.device_bound", "GB", False, Standing.OFF),
        ("limits.caps", "GB", [], Standing.OFF),
        ("location.kind", "MT", "none", Standing.OFF),
        (RULE, "NJ", None, Standing.OFF),
        (RULE, "GB", 24, Standing.PASSED),
        ("sessions.one_at_a_time", "NJ", True, Standing.PASSED),
        # No cancelling, no autoplay, locked until recovered: these are rules.
        ("payments.withdrawal_cancellable", "GB", False, Standing.PASSED),
        ("games.autoplay", "GB", False, Standing.PASSED),
        ("sessions.lock_minutes", "NJ", None, Standing.PASSED),
        ("breaks.time_out_hours_choices", "GB", [], Standing.PASSED),
    ],
)
def test_what_a_licence_does_not_have_is_not_taken_for_what_is_kept(
    rule: str, licence: str, value: object, standing: Standing
) -> None:
    one = proof(rule=rule, licence=licence, value=value)

    assert cell(compliance.matrix([one]), rule, licence).standing is standing
    failed = msgspec.structs.replace(one, passed=False)
    assert cell(compliance.matrix([failed]), rule, licence).standing is Standing.FAILED


def test_a_rule_that_is_off_has_a_mark_of_its_own_and_no_share_in_what_is_kept() -> None:
    off = proof(rule="sessions.device_bound", value=False, step="moves", place=1)
    page = compliance_page.document(Record(run=None, proofs=(off, proof())))

    mark = compliance.MARKS[Standing.OFF]
    assert f"| sessions.device_bound | · | · | · | {mark} |" in page
    assert f"| 1 | moves | sessions.device_bound |  |  |  | {mark} |" in page
    rows = compliance.matrix([off, proof()])
    sections = compliance.figures_by_section(rows)
    rules = sum(row.section == "sessions" for row in rows)
    assert compliance.share(sections["sessions"]["GB"]) == f"0/{rules - 1}"
    assert compliance.share(sections["sessions"]["NJ"]) == f"0/{rules}"


def test_what_is_off_is_named_by_rules_that_exist() -> None:
    known = {entry.key for entry in jurisdictions.entries("GB")}

    assert known >= compliance.SAYS_SOMETHING


def test_the_matrix_has_every_rule_of_every_licence_but_the_demonstration() -> None:
    rows = compliance.matrix([])

    assert [row.rule for row in rows] == [entry.key for entry in jurisdictions.entries("GB")]
    for row in rows:
        assert [found.licence for found in row.cells] == [
            code for code in jurisdictions.codes() if code != "demo"
        ]
    assert compliance.figures(rows) == {
        **dict.fromkeys(("passed", "off", "failed", "stale"), 0),
        "untested": sum(len(row.cells) for row in rows),
    }


@pytest.mark.parametrize("changes", [{"rule": "limits.colour"}, {"licence": "XX"}])
def test_a_proof_of_what_does_not_exist_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(Malformed, match="has no rule"):
        compliance.matrix([proof(**changes)])


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"rule": "x"}]', "\xff"])
def test_what_is_no_record_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "proofs.json"
    path.write_text(text)

    with pytest.raises(Malformed, match=r"proofs\.json is no record"):
        compliance.read_record(path)


def test_a_page_shows_values_sources_marks_and_tests() -> None:
    page = compliance_page.document(Record(run=RUN, proofs=(proof(),)))

    source = jurisdictions.get("GB").citations[RULE].source
    assert f"| GB | 24 | {source} | high | ✔ |" in page
    assert "| NJ | none |" in page
    assert "- it waits (`tests/x.py`)" in page
    assert "Tested was pitboss 1.2.3, on 2026-03-01 (UTC)." in page
    assert f"`{RUN.sha256}`" in page


def test_a_page_sums_up_by_licence_and_by_section_and_names_what_was_not_tested() -> None:
    page = compliance_page.document(Record(run=None, proofs=(proof(),)))

    rules = len(compliance.matrix([]))
    gb = jurisdictions.get("GB")
    assert f"| GB | {gb.licence.name} | {gb.licence.regulator} | `{gb.rules_version}` | 1 " in page
    limits = sum(row.section == "limits" for row in compliance.matrix([]))
    none, one = f"0/{limits}", f"1/{limits}"
    assert f"| limits | {' | '.join([none] * 3 + [one] + [none] * 6)} |" in page
    assert f"    - {RULE}: DE, DK, ES, MT, NJ, NL, ON, PA, SE" in page.splitlines()
    assert "    - limits.caps: all licences" in page.splitlines()
    assert page.count("\n    - ") == rules


def test_what_is_tested_everywhere_is_not_named_as_untested() -> None:
    everywhere = [
        proof(licence=found.licence, value=found.entry.value)
        for row in compliance.matrix([])
        if row.rule == RULE
        for found in row.cells
    ]

    assert RULE not in compliance.untested(compliance.matrix(everywhere))


def test_a_story_has_each_step_once_in_the_order_of_every_licence() -> None:
    def step(code: str, place: int, sentence: str, rule: str = RULE, **changes: Any) -> Proof:
        return proof(licence=code, place=place, step=sentence, rule=rule, **changes)

    told = [
        step("GB", 1, "one"),
        step("GB", 2, "two"),
        step("GB", 2, "two", rule="limits.caps", passed=False),
        step("GB", 4, "four"),
        step("NJ", 1, "one"),
        step("NJ", 3, "three"),
        step("NJ", 4, "four"),
    ]

    (story,) = compliance.stories([*reversed(told), proof()])

    assert [found.sentence for found in story.steps] in (
        ["one", "two", "three", "four"],
        ["one", "three", "two", "four"],
    )
    by_sentence = {found.sentence: found for found in story.steps}
    assert by_sentence["two"].rules == ("limits.caps", RULE)
    assert by_sentence["two"].passed == {"GB": False}
    assert by_sentence["one"].passed == {"GB": True, "NJ": True}


def test_a_page_tells_a_story_step_by_step() -> None:
    told = proof(step="it rains", place=1)
    page = compliance_page.document(Record(run=None, proofs=(told,)))

    assert "## Step by step: it waits" in page
    assert f"| 1 | it rains | {RULE} |  |  |  | ✔ |  |  |  |  |  |  |" in page


def test_a_part_of_the_matrix_is_one_licence_one_section_or_both() -> None:
    rows = compliance.matrix([])

    part = compliance.chosen(rows, licence="NJ", section="limits")

    assert {row.section for row in part} == {"limits"}
    assert {found.licence for row in part for found in row.cells} == {"NJ"}
    assert compliance.chosen(rows) == rows
    for wrong in ({"licence": "XX"}, {"licence": "demo"}, {"section": "colours"}):
        with pytest.raises(Malformed, match="is needed"):
            compliance.chosen(rows, **wrong)


def test_a_record_of_before_runs_were_noted_is_read(tmp_path: Path) -> None:
    path = tmp_path / "proofs.json"
    path.write_bytes(msgspec.json.encode([proof()]))

    assert compliance.read_record(path) == Record(run=None, proofs=(proof(),))


def test_the_page_of_the_docs_is_what_the_record_and_the_licences_make() -> None:
    """If this fails, run `make compliance`."""
    record = compliance.read_record(RECORD)
    rows = compliance.matrix(record.proofs)

    assert PAGE.read_text(encoding="utf-8") == compliance_page.document(record)
    assert compliance.figures(rows)["failed"] == compliance.figures(rows)["stale"] == 0


def test_every_test_of_the_record_exists() -> None:
    for test in {proof.test for proof in compliance.read_record(RECORD).proofs}:
        path, *_, name = test.split("::")
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), test


TESTS = """
import pytest

@pytest.mark.parametrize("good", [True, False])
def test_a(proves, good):
    proves("limits.decrease", "GB")
    assert good

def test_b(proves):
    proves("limits.caps", "DE", "NL")

def test_c(proves):
    proves("limits.decrease", "GB")
    pytest.skip("not today")

def test_d():
    pass

def test_e(proves):
    proves("limits.colour", "GB")

def test_f(step):
    with step("it begins", "NJ", "limits.window", "limits.periods"):
        pass
    with step("it breaks", "NJ", "limits.kinds"):
        assert False
    with step("it never comes to this", "NJ", "limits.scope"):
        pass
"""


def test_a_session_writes_what_its_tests_proved(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "proofs", "-p", "no:schemathesis"]
    options = ["-m", "proves", "--proofs", "proofs.json", "--rootdir", str(tmp_path), "."]
    paths = f"{ROOT / 'tests'}:{ROOT / 'src'}"
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "PYTHONPATH": paths}

    ran = subprocess.run(
        [*command, *options], cwd=tmp_path, env=environment, capture_output=True, text=True
    )

    assert "3 failed, 2 passed, 1 skipped, 1 deselected" in ran.stdout
    found = compliance.read_record(tmp_path / "proofs.json")
    assert found.run is not None
    assert found.run.software.startswith("pitboss ")
    said = {(each.rule, each.licence): msgspec.to_builtins(each) for each in found.proofs}
    steps = {
        rule: (each["step"], each["place"], each["passed"])
        for (rule, code), each in said.items()
        if code == "NJ"
    }
    assert steps == {
        "limits.window": ("it begins", 1, True),
        "limits.periods": ("it begins", 1, True),
        "limits.kinds": ("it breaks", 2, False),
    }
    assert {place for place in said if place[1] != "NJ"} == {
        ("limits.decrease", "GB"),
        ("limits.caps", "DE"),
        ("limits.caps", "NL"),
    }
    assert said["limits.decrease", "GB"]["passed"] is False
    assert said["limits.caps", "DE"] == {
        "rule": "limits.caps",
        "licence": "DE",
        "value": cell(compliance.matrix([]), "limits.caps", "DE").entry.value,
        "test": "test_it.py::test_b",
        "passed": True,
        "step": None,
        "place": None,
    }
