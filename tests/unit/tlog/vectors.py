"""Published vectors of transparency logs, read in place; absent ones skip with a reason.

`PITBOSS_TEST_VECTORS` names another folder than the `shared/data` beside the repository.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

BESIDE = Path(__file__).parents[3] / ".." / "shared" / "data"
DATA = Path(os.environ.get("PITBOSS_TEST_VECTORS", BESIDE)) / "tlog"

needs_vectors = pytest.mark.skipif(
    not DATA.exists(), reason="the published vectors are not at ../shared/data/tlog"
)


def load(name: str) -> Any:
    """Return what a vector file says, or nothing where it is absent."""
    path = DATA / name
    return json.loads(path.read_text()) if path.exists() else {}
