"""Small areas for tests, as GeoJSON, and where real ones lie that cannot be in the repository."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

# Four states of the US, and MaxMind's published test databases.
GEO_DATA = Path(
    os.environ.get("PITBOSS_TEST_GEO_DATA") or Path(__file__).parents[2] / "shared" / "data" / "geo"
)

# A state of one degree by one, between 40 and 41 north, with a lake of a tenth in its middle.
SQUARE = [[-75.0, 40.0], [-74.0, 40.0], [-74.0, 41.0], [-75.0, 41.0], [-75.0, 40.0]]
LAKE = [[-74.55, 40.45], [-74.55, 40.55], [-74.45, 40.55], [-74.45, 40.45], [-74.55, 40.45]]


def supplied(name: str) -> Path:
    """Return one of those files; without it the test is skipped."""
    path = GEO_DATA / name
    if not path.exists():
        pytest.skip(f"there is no {name} in {GEO_DATA}; PITBOSS_TEST_GEO_DATA names the folder")
    return path


def polygon(*rings: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Return a polygon; rings after the first are holes."""
    return {"type": "Polygon", "coordinates": [list(ring) for ring in rings]}


def square(west: float, south: float, size: float) -> dict[str, Any]:
    """Return a square in degrees."""
    east, north = west + size, south + size
    return polygon([[west, south], [east, south], [east, north], [west, north], [west, south]])


def feature(geometry: Any) -> dict[str, Any]:
    """Return a feature with this geometry."""
    return {"type": "Feature", "properties": {}, "geometry": geometry}


def written(geojson: Any) -> bytes:
    """Return the bytes of a file."""
    return json.dumps(geojson).encode()
