"""The certified room needs nothing but the standard library, and its contract forgets nobody."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from architecture.test_tidy import PACKAGE, contract

ROOM = PACKAGE / "rng"
# What its process may be told to load is in the manifest; more files are more to certify.
LINES_MAX = 1_800


def imported(path: Path) -> Iterator[str]:
    """Yield the names of the modules that a file imports from outside the room."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def test_the_room_imports_the_standard_library_and_itself() -> None:
    found = {name for path in ROOM.rglob("*.py") for name in imported(path)}

    assert {
        name
        for name in found
        if name.split(".")[0] not in sys.stdlib_module_names and name != "pitboss.rng.process"
    } == set()
    assert not {"random", "secrets", "asyncio", "logging", "pickle"} & found


def test_the_contract_names_every_other_floor() -> None:
    floors = {
        f"pitboss.{path.stem}"
        for path in PACKAGE.iterdir()
        if path.stem not in {"__init__", "__main__", "__pycache__", "rng"}
    }

    assert floors <= set(contract("Certified")["forbidden_modules"])


def test_the_room_stays_small_enough_to_be_read() -> None:
    lines = sum(path.read_text(encoding="utf-8").count("\n") for path in ROOM.rglob("*.py"))

    assert lines <= LINES_MAX


def test_the_room_has_no_numbers_that_are_not_exact() -> None:
    """But for how long somebody may take, nothing is a float."""
    allowed = {"STALL_SECONDS", "LOOK_SECONDS"}
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                if node.targets[0].id in allowed:
                    continue
                for inner in ast.walk(node.value):
                    assert not (
                        isinstance(inner, ast.Constant) and isinstance(inner.value, float)
                    ), path
            elif isinstance(node, ast.BinOp):
                assert not isinstance(node.op, ast.Div) or path.name in {
                    "manifest.py",
                    "__main__.py",
                }, path
