"""The documents say what is there: paths exist, links lead somewhere, commands are commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pitboss.cli.commands import app

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "pitboss"
DOCUMENTS = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]

_LINK = re.compile(r"\]\(([^)#]+)\)")
_TESTS = re.compile(r"`(tests/[\w./]+)`")
_TREE = re.compile(r"^    (\w[\w.]*)/? ", re.MULTILINE)


def names_of(pairs: list[tuple[Path, str]]) -> list[str]:
    """Return readable names of test cases."""
    return [f"{path.relative_to(ROOT)}:{text}" for path, text in pairs]


def found(pattern: re.Pattern[str]) -> list[tuple[Path, str]]:
    """Return every match in every document."""
    return [(path, text) for path in DOCUMENTS for text in pattern.findall(path.read_text())]


@pytest.mark.parametrize(("path", "target"), found(_LINK), ids=names_of(found(_LINK)))
def test_a_link_leads_somewhere(path: Path, target: str) -> None:
    assert (path.parent / target).exists()


@pytest.mark.parametrize(("path", "target"), found(_TESTS), ids=names_of(found(_TESTS)))
def test_a_test_that_keeps_a_promise_exists(path: Path, target: str) -> None:
    assert (ROOT / target).exists()


def test_the_tree_in_the_architecture_is_the_real_one() -> None:
    tree = (ROOT / "docs" / "architecture.md").read_text().split("```")[1]

    assert sorted(_TREE.findall(tree)) == sorted(rooms())


def rooms() -> Iterator[str]:
    """Yield the names on the floors, as they are."""
    for path in PACKAGE.iterdir():
        if path.name not in {"__init__.py", "__pycache__"}:
            yield path.name


def test_every_command_of_the_readme_is_one() -> None:
    readme = (ROOT / "README.md").read_text()
    lines = re.findall(r"^pitboss ([a-z|\[\] ]+?)(?:  |$)", readme, re.MULTILINE)
    commands = [
        command for line in lines for command in spread(line.split(" [")[0].split()) if command
    ]

    assert commands
    for command in commands:
        done = CliRunner().invoke(app, [*command, "--help"])
        assert done.exit_code == 0, (command, done.output)
        assert "Usage: " in done.output


def spread(words: list[str]) -> Iterator[list[str]]:
    """Yield the commands that `worker bets|payments` stands for."""
    if not words:
        yield []
        return
    for word in words[0].split("|"):
        for rest in spread(words[1:]):
            yield [word, *rest]


def test_make_lists_every_target_of_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    assert {"setup", "run", "test", "check", "bench", "clean"} <= targets


def test_every_decision_names_what_keeps_it() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    numbers = [int(path.name[:4]) for path in decisions]

    assert numbers == list(range(1, len(numbers) + 1))
    for path in decisions:
        assert "**Kept by**" in path.read_text(), path.name
