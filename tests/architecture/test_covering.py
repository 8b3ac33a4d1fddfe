"""The rooms that are judged by coverage are watched, in tests that exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import covering

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"


def test_the_rooms_that_are_judged_are_those_that_are_watched() -> None:
    makefile = (ROOT / "Makefile").read_text()
    judged = re.search(r"^COVERED_ROOMS := (.*)$", makefile, re.MULTILINE)
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]

    assert judged
    assert sorted(config["source"]) == sorted(f"pitboss.{room}" for room in judged[1].split())


def test_every_place_that_counts_exists() -> None:
    kinds = ("unit", "property", "integration")

    assert [
        room for room in covering.ROOMS if not any((TESTS / kind / room).is_dir() for kind in kinds)
    ] == []
    assert [place for place in covering.ELSEWHERE if not (TESTS / place).is_file()] == []


def test_no_room_of_money_has_tests_that_are_not_counted() -> None:
    makefile = (ROOT / "Makefile").read_text()
    judged = re.search(r"^COVERED_ROOMS := (.*)$", makefile, re.MULTILINE)
    assert judged
    inside = {
        part.name
        for room in judged[1].split()
        for part in (ROOT / "src" / "pitboss" / room).iterdir()
        if part.is_dir()
    }
    named = {*judged[1].split(), *inside}

    forgotten = [
        folder.relative_to(TESTS)
        for kind in ("unit", "property", "integration")
        for folder in (TESTS / kind).iterdir()
        if folder.name in named - covering.ROOMS
    ]

    assert forgotten == []


def test_the_tests_of_a_room_of_money_count_and_those_of_others_do_not() -> None:
    assert covering.counts(TESTS / "unit" / "wallet" / "test_wallet_table.py")
    assert covering.counts(TESTS / "integration" / "audit" / "test_rebuild.py")
    assert not covering.counts(TESTS / "integration" / "audit" / "test_replay.py")
    assert not covering.counts(TESTS / "architecture" / "test_tidy.py")
