"""How a test says which rule of which licence it proves.

A test asks for the fixture `proves` and calls it first, once for each rule and licence that it is
about: `proves("limits.increase_hours_min", "GB")`.  With `--proofs=FILE tests` pytest writes what
came of it when the session ends, and `pitboss compliance matrix` reads that.  What was skipped is
not written.  Tests that ask for the fixture have the marker `proves` without saying so.

A scenario asks for `step` instead and tells its story in steps, each with what it proves:
`with step("at midnight there is room again", "GB", "limits.window"): ...`.  If a later step fails,
those before it have passed all the same; what was never begun says nothing.

Without the equals sign pytest takes a file that exists for a place of tests, and looks only there.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import pitboss
from pitboss import jurisdictions
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.version import VERSION

Proves = Callable[..., None]
Step = Callable[..., AbstractContextManager[None]]
_PROPERTY = "proves"
_DONE = "done"


class Recorder:
    """Gathers the proofs of a session; with pytest-xdist, in the process that all report to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.proofs: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a test proved, once it has run; a failure of any part is a failure."""
        if not (report.failed or (report.passed and report.when == "call")):
            return
        test = report.nodeid.partition("[")[0]
        for name, said in report.user_properties:
            if name == _PROPERTY and isinstance(said, dict):
                key = json.dumps([said["rule"], said["licence"], test, said.get("step", "")])
                earlier = self.proofs.get(key, {"passed": True})
                kept = report.passed or bool(said.get(_DONE))
                shown = {name: value for name, value in said.items() if name != _DONE}
                passed = bool(earlier["passed"]) and kept
                self.proofs[key] = {**shown, "test": test, "passed": passed}

    def pytest_sessionfinish(self) -> None:
        """Write the record: what ran and on which day, and what it proved, in order."""
        run = json.dumps(_run_of_today(), ensure_ascii=False)
        lines = [json.dumps(self.proofs[key], ensure_ascii=False) for key in sorted(self.proofs)]
        proofs = ",\n".join(lines)
        self.path.write_text(f'{{"run": {run},\n"proofs": [\n{proofs}\n]}}\n', encoding="utf-8")


def _run_of_today() -> dict[str, str]:
    """Return which software proves something today; a day is as much as anybody needs.

    Its digest is of what is proved, the package's own files by their names, so that it is the same
    on every machine and nobody has to believe a version number.
    """
    digest = hashlib.sha256()
    home = Path(pitboss.__file__).parent
    for path in sorted(home.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(home).as_posix()} {content}\n".encode())
    return {
        "software": f"pitboss {VERSION}",
        "sha256": digest.hexdigest(),
        "day": SystemClock().now().date().isoformat(),
    }


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the name of the file."""
    parser.addoption("--proofs", metavar="FILE", help="write which rules the tests proved")


def pytest_configure(config: pytest.Config) -> None:
    """Gather proofs if somebody asks for them; workers of pytest-xdist report to who does."""
    path = config.getoption("--proofs")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(Path(path)))


@pytest.hookimpl(tryfirst=True)  # before pytest looks at `-m`
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that prove something, so that they can be run by themselves."""
    for item in items:
        if _PROPERTY in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.proves)


@pytest.fixture
def proves(request: pytest.FixtureRequest) -> Proves:
    """Give the function with which a test says what it proves: a rule, and licences.

    A rule or a licence that does not exist fails the test.
    """

    def note(rule: str, *codes: str) -> None:
        assert codes, f"for which licence does this prove {rule}?"
        for code in codes:
            request.node.user_properties.append((_PROPERTY, _said(rule, code)))

    return note


@pytest.fixture
def step(request: pytest.FixtureRequest, proves: Proves) -> Step:
    """Give the context manager that a step of a scenario is taken in: what happens, and which
    rules of a licence that proves; it may prove none.

    A rule or a licence that does not exist fails the test.
    """

    begun = itertools.count(1)

    @contextlib.contextmanager
    def taken(sentence: str, code: str, *rules: str) -> Iterator[None]:
        told = {"step": sentence, "place": next(begun), _DONE: False}
        notes = [{**_said(rule, code), **told} for rule in rules]
        request.node.user_properties.extend((_PROPERTY, note) for note in notes)
        yield
        for note in notes:
            note[_DONE] = True

    return taken


def _said(rule: str, code: str) -> dict[str, Any]:
    values = {entry.key: entry.value for entry in jurisdictions.entries(code)}
    assert rule in values, f"{code} has no rule {rule}"
    return {"rule": rule, "licence": code, "value": values[rule]}
