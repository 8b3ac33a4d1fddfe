"""`pitboss jurisdictions` and `pitboss compliance` print what the licences say."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pitboss import jurisdictions
from pitboss.cli.commands import main


class Printed:
    """Runs commands in this process and gives what they printed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def text(self, *words: str, status: int = 0) -> str:
        """Run a command; return all that it said."""
        self.monkeypatch.setattr(sys, "argv", ["pitboss", *words])
        self.monkeypatch.setenv("COLUMNS", "400")
        with pytest.raises(SystemExit) as end:
            main()
        assert (end.value.code or 0) == status
        return self.capsys.readouterr().out

    def document(self, *words: str, status: int = 0) -> dict[str, Any]:
        """Run a command with `--json`; return its object."""
        said: dict[str, Any] = json.loads(self.text(*words, "--json", status=status))
        return said


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Printed:
    """Give what runs commands."""
    return Printed(monkeypatch, capsys)


def test_the_licences_are_listed(printed: Printed) -> None:
    found = printed.document("jurisdictions", "list")

    assert sorted(found["licences"]) == sorted(jurisdictions.codes())
    assert "Gambling Commission" in printed.text("jurisdictions", "list")


def test_a_licence_is_shown_whole(printed: Printed) -> None:
    found = printed.document("jurisdictions", "show", "GB")

    assert found["rules_version"] == jurisdictions.get("GB").rules_version
    assert set(found["rules"]) == set(jurisdictions.get("GB").citations)
    assert found["rules"]["limits.increase_hours_min"]["value"] == 24
    assert found["rules"]["sessions.minutes_max"]["value"] is None


def test_every_value_and_source_of_a_licence_is_shown_to_people(printed: Printed) -> None:
    text = printed.text("jurisdictions", "show", "NL")

    for entry in jurisdictions.entries("NL"):
        assert entry.key.partition(".")[2] in text
        assert entry.citation.source.split()[0] in text
    assert "age_from=25 kind=net_deposit period=month micros=700,000,000 currency=EUR" in text


def test_two_licences_differ_in_these_keys_and_in_no_others(printed: Printed) -> None:
    found = printed.document("jurisdictions", "diff", "GB", "NJ")["differences"]

    first, second = jurisdictions.entries("GB"), jurisdictions.entries("NJ")
    differing = {
        one.key for one, other in zip(first, second, strict=True) if one.value != other.value
    }
    assert set(found) == differing
    assert [said["value"] for said in found["registration.age_min"]] == [18, 21]
    assert "sessions.failed_logins_max" in printed.text("jurisdictions", "diff", "GB", "NJ")


def test_a_licence_does_not_differ_from_itself(printed: Printed) -> None:
    assert printed.document("jurisdictions", "diff", "SE", "SE")["differences"] == {}
    assert "say the same" in printed.text("jurisdictions", "diff", "SE", "SE")


@pytest.mark.parametrize(
    "words",
    [("show", "XX"), ("show", "gb"), ("diff", "GB", "XX"), ("diff", "XX", "GB")],
    ids=" ".join,
)
def test_an_unknown_code_names_those_that_exist(printed: Printed, words: tuple[str, ...]) -> None:
    found = printed.document("jurisdictions", *words, status=1)

    assert not found["ok"]
    for code in jurisdictions.codes():
        assert code in found["error"]


def test_the_matrix_is_printed_and_written(printed: Printed, tmp_path: Path) -> None:
    proofs, page = tmp_path / "proofs.json", tmp_path / "page.md"
    proof = {"rule": "limits.decrease", "licence": "GB", "value": "now", "passed": True}
    proofs.write_text(json.dumps([{**proof, "test": "tests/x.py::test_it_counts_at_once"}]))
    options = ("compliance", "matrix", "--proofs", str(proofs), "--write", str(page))

    found = printed.document(*options)

    assert found["figures"]["passed"] == 1
    cell = found["rules"]["limits.decrease"]["GB"]
    assert (cell["standing"], cell["value"]) == ("passed", "now")
    assert "it counts at once" in page.read_text(encoding="utf-8")
    shown = printed.text(*options)
    assert "1 passed" in shown
    assert "what no test has shown:" in shown
    assert "limits.caps: all licences" in shown


def test_one_licence_is_shown_with_its_sources(printed: Printed, tmp_path: Path) -> None:
    proofs = tmp_path / "proofs.json"
    run = {"software": "pitboss 1.2.3", "sha256": "ab" * 32, "day": "2026-03-01"}
    step = {"step": "it is set", "place": 1, "test": "tests/x.py::test_a_walk", "passed": False}
    proof = {"rule": "limits.decrease", "licence": "GB", "value": "now", **step}
    proofs.write_text(json.dumps({"run": run, "proofs": [proof]}))
    options = ("compliance", "matrix", "--proofs", str(proofs), "--licence", "GB")

    shown = " ".join(printed.text(*options, "--section", "limits", status=1).split())
    found = printed.document(*options, status=1)

    assert "12D" in shown
    assert "sessions.minutes_max" not in shown
    assert "tested on 2026-03-01: pitboss 1.2.3" in shown
    assert "a walk: 1 steps failed for GB: it is set" in shown
    assert list(found["licences"]) == ["GB"]
    assert found["stories"][0]["steps"][0]["passed"] == {"GB": False}


@pytest.mark.parametrize("option", [("--licence", "XX"), ("--section", "colours")])
def test_a_part_that_does_not_exist_is_refused(printed: Printed, option: tuple[str, str]) -> None:
    assert "is needed" in printed.document("compliance", "matrix", *option, status=1)["error"]


@pytest.mark.parametrize("changes", [{"passed": False}, {"value": "next_login"}])
def test_the_matrix_fails_if_a_rule_is_broken_or_was_tested_with_another_value(
    printed: Printed, tmp_path: Path, changes: dict[str, Any]
) -> None:
    proofs = tmp_path / "proofs.json"
    proof = {"rule": "limits.decrease", "licence": "GB", "value": "now", "passed": True}
    proofs.write_text(json.dumps([{**proof, "test": "tests/x.py::test_it", **changes}]))

    printed.document("compliance", "matrix", "--proofs", str(proofs), status=1)


def test_without_a_record_nothing_counts_as_tested(
    printed: Printed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert printed.document("compliance", "matrix")["figures"]["passed"] == 0
    assert "nothing counts as tested" in printed.text("compliance", "matrix")
