"""How a test says which rule of which licence it proves.

A test asks for the fixture `proves` and calls it first, once for each rule and licence that it is
about: `proves("limits.increase_hours_min", "GB")`.  With `--proofs=FILE tests` pytest writes what
came of it when the session ends, and `pitboss compliance matrix` reads that.  What was skipped is
not written.  Tests that ask for the fixture have the marker `proves` without saying so.

Without the equals sign pytest takes a file that exists for a place of tests, and looks only there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pitboss import jurisdictions

Proves = Callable[..., None]
_PROPERTY = "proves"


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
                key = json.dumps([said["rule"], said["licence"], test])
                earlier = self.proofs.get(key, {"passed": True})
                passed = bool(earlier["passed"]) and report.passed
                self.proofs[key] = {**said, "test": test, "passed": passed}

    def pytest_sessionfinish(self) -> None:
        """Write the record: in order, and without anything of this machine or hour."""
        lines = [json.dumps(self.proofs[key], ensure_ascii=False) for key in sorted(self.proofs)]
        self.path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


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
            values = {entry.key: entry.value for entry in jurisdictions.entries(code)}
            assert rule in values, f"{code} has no rule {rule}"
            said = {"rule": rule, "licence": code, "value": values[rule]}
            request.node.user_properties.append((_PROPERTY, said))

    return note
