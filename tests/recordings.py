"""Where recorded streams lie; tests that need them say that they skip where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get("PITBOSS_TEST_BETFAIR_DATA")
    or Path(__file__).parents[2] / "shared" / "data" / "betfair"
)
# A greyhound race with a winner and its places, a horse race with two removed runners and a delay
# in play (the last trades alone), and places with three removed runners.
RACE_WIN, RACE_PLACE = "flumine_1.197931750.bz2", "flumine_1.197931751.bz2"
IN_PLAY, REMOVALS = "flumine_BASIC-1.132153978.bz2", "betfair_parser_1.205822330.bz2"
ALL = (RACE_WIN, RACE_PLACE, IN_PLAY, REMOVALS)


def recording(name: str) -> Path:
    """Return a recorded file, or skip the test."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"no recorded stream at {path}")
    return path
