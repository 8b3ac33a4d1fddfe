"""One lock file holds what pyproject.toml asks for, for uv and for pip, from any index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = dict(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", LOCK, re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "wanted",
    [
        *PROJECT["project"]["dependencies"],
        *PROJECT["dependency-groups"]["dev"],
        *PROJECT["build-system"]["requires"],  # nothing is fetched unlocked, even to build
    ],
)
def test_the_lock_holds_every_dependency_at_a_version_that_will_do(wanted: str) -> None:
    requirement = Requirement(wanted)

    assert PINS[canonicalize_name(requirement.name)] in requirement.specifier


def test_every_locked_package_has_a_hash() -> None:
    entries = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)[1:]

    # A package may stand there twice, for two versions of Python.
    assert {entry.partition("==")[0] for entry in entries} == set(PINS)
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_names_no_index() -> None:
    assert re.findall(r"://|--(?:index|extra-index|find-links|trusted)", LOCK) == []
