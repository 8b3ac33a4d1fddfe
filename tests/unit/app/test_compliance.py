"""The matrix shows what the licences say and what tests have shown, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.app import compliance
from pitboss.app.compliance import Cell, Proof, Row, Standing
from pitboss.kernel.errors import Malformed

ROOT = Path(__file__).parents[3]
RECORD = ROOT / "docs" / "compliance.json"
PAGE = ROOT / "docs" / "compliance.md"
RULE = "limits.increase_hours_min"


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


def test_the_matrix_has_every_rule_of_every_licence_but_the_demonstration() -> None:
    rows = compliance.matrix([])

    assert [row.rule for row in rows] == [entry.key for entry in jurisdictions.entries("GB")]
    for row in rows:
        assert [found.licence for found in row.cells] == [
            code for code in jurisdictions.codes() if code != "demo"
        ]
    assert compliance.figures(rows) == {
        **dict.fromkeys(("passed", "failed", "stale"), 0),
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
        compliance.read_proofs(path)


def test_a_page_shows_values_sources_marks_and_tests() -> None:
    page = compliance.document(compliance.matrix([proof()]))

    source = jurisdictions.get("GB").citations[RULE].source
    assert f"| GB | 24 | {source} | high | ✔ |" in page
    assert "| NJ | none |" in page
    assert "- it waits (`tests/x.py`)" in page


def test_the_page_of_the_docs_is_what_the_record_and_the_licences_make() -> None:
    """If this fails, run `make compliance`."""
    rows = compliance.matrix(compliance.read_proofs(RECORD))

    assert PAGE.read_text(encoding="utf-8") == compliance.document(rows)
    assert compliance.figures(rows)["failed"] == compliance.figures(rows)["stale"] == 0


def test_every_test_of_the_record_exists() -> None:
    for test in {proof.test for proof in compliance.read_proofs(RECORD)}:
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
"""


def test_a_session_writes_what_its_tests_proved(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "proofs", "-p", "no:schemathesis"]
    options = ["-m", "proves", "--proofs", "proofs.json", "--rootdir", str(tmp_path), "."]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT / 'src'}"}

    ran = subprocess.run(
        [*command, *options], cwd=tmp_path, env=environment, capture_output=True, text=True
    )

    assert "2 failed, 2 passed, 1 skipped, 1 deselected" in ran.stdout
    found = json.loads((tmp_path / "proofs.json").read_text())
    said = {(each["rule"], each["licence"]): each for each in found}
    assert set(said) == {("limits.decrease", "GB"), ("limits.caps", "DE"), ("limits.caps", "NL")}
    assert said["limits.decrease", "GB"]["passed"] is False
    assert said["limits.caps", "DE"] == {
        "rule": "limits.caps",
        "licence": "DE",
        "value": cell(compliance.matrix([]), "limits.caps", "DE").entry.value,
        "test": "test_it.py::test_b",
        "passed": True,
    }
