"""`pitboss games` says exactly what a game returns, and whether rounds agree."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pitboss.app.house import games_build
from pitboss.cli.commands import main
from pitboss.games import house
from pitboss.games.house.model import House


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[object, dict[str, Any]]:
    """Run a command with `--json`; return its status and its object."""
    monkeypatch.setattr(sys, "argv", ["pitboss", "games", *words, "--json"])
    with pytest.raises(SystemExit) as end:
        main()
    said: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return end.value.code, said


def test_a_par_sheet_has_every_number_as_a_fraction(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = run(monkeypatch, capsys, "par", "roulette")

    assert (status, said["ok"]) == (0, True)
    assert {sheet["rtp"]["fraction"] for sheet in said["sheets"]} == {"36/37"}
    assert said["sheets"][0]["notes"] == {"places": 37, "pays": "35 to 1"}


def test_rounds_that_agree_end_well_and_others_do_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("simulate", "slot", "--rounds", "100000", "--seed", "3")
    right = run(monkeypatch, capsys, *words)
    wrong = tuple(replace(sheet, mean=sheet.mean * 2) for sheet in house.pars(House.SLOT))
    monkeypatch.setattr(house, "pars", lambda game: wrong)

    status, said = run(monkeypatch, capsys, *words)

    assert (right[0], right[1]["ok"], right[1]["rounds"]) == (0, True, 100_000)
    assert (status, said["ok"], said["lines"][0]["agrees"]) == (1, False, False)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["acme", "book", "--version", "1 0", "--cycle-ms", "1", "--autoplay"], "--version"),
        (["acme", "b\udcffk", "--version", "1", "--cycle-ms", "1", "--autoplay"], "CODE"),
        (["acme", *["book"] * 201, "--version", "1", "--cycle-ms", "1", "--autoplay"], "CODE"),
        (
            ["acme", "book", "--version", "1", "--cycle-ms", "1", "--autoplay", "--rtp", "0"],
            "--rtp",
        ),
        (
            ["acme", "book", "--version", "1", "--cycle-ms", "1", "--autoplay", "--rtp", "٩٦"],
            "--rtp",
        ),
    ],
)
def test_an_import_that_cannot_be_names_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    named: str,
) -> None:
    status, said = run(monkeypatch, capsys, "import", *words)

    assert (status, said["ok"]) == (1, False)
    assert said["error"].startswith(f"{named}: ")


def test_the_files_of_the_games_are_written_as_certificates_name_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "manifest"

    status, said = run(monkeypatch, capsys, "manifest", "--output", str(target))

    assert (status, said["ok"]) == (0, True)
    assert hashlib.sha256(target.read_bytes()).hexdigest() == said["build"] == games_build()
