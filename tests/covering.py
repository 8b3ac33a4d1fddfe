"""Which tests count for the coverage of the rooms of money: those written for these rooms.

Watching every line doubles the time of a test, in whatever package the lines are.  The suite is
judged by what is left out of three rooms; their own tests have to reach that without the help of
all others, and only these are watched.  What a module does as it is imported is seen as well,
because that happens before.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

_TESTS = Path(__file__).parent
# Folders below `unit`, `property` and `integration`.
ROOMS = {
    *("betting", "catalog", "feeds", "messages", "pricing", "registry", "returns", "settlement"),
    *("sportsbook", "trading", "voiding", "wallet"),
}
# What facts make of the rooms' tables is asked where that is compared with the tables.
ELSEWHERE = {Path("integration/audit/test_rebuild.py")}


def counts(path: Path) -> bool:
    """Return whether what a test of this file reaches is counted."""
    place = path.relative_to(_TESTS)
    return place in ELSEWHERE or (len(place.parts) > 2 and place.parts[1] in ROOMS)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Stop watching while a test runs that does not count; its fixtures belong to it."""
    plugin = item.config.pluginmanager.get_plugin("_cov")
    # Without `--cov` there is no plugin, and with `--no-cov` too there is nothing in it.
    watching = plugin and plugin.cov_controller
    if not watching or counts(item.path):
        return (yield)
    watching.pause()
    try:
        return (yield)
    finally:
        watching.resume()
