"""`pitboss games` says exactly what a game returns, and whether rounds agree."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import pytest

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
