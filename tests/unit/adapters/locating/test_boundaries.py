"""Areas from GeoJSON: what lies inside, how far the border is, and how exact that is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from geodesics import metres_between
from maps import LAKE, SQUARE, feature, polygon, square, supplied, written
from pitboss.adapters.locating.boundaries import (
    REACH_METRES,
    BoundaryFiles,
    Shape,
    edge_metres,
    metres_east_north,
    read_shape,
)
from pitboss.adapters.locating.watched import WatchedFile
from pitboss.location.errors import BoundaryMalformed


def shape(*geometries: Any) -> Shape:
    collection = {"type": "FeatureCollection", "features": [feature(item) for item in geometries]}
    return read_shape(written(collection), name="test")


def depth(area: Shape, latitude: float, longitude: float) -> float:
    return area.depth_metres(latitude, longitude)


def test_vincenty_is_right_where_the_answer_is_known() -> None:
    # Flinders Peak to Buninyong, as Geoscience Australia gives it (on GRS 80, a hair from WGS 84).
    peak = (-37.95103341666667, 144.42486788888888)
    buninyong = (-37.65282113888889, 143.92649552777777)

    assert metres_between(*peak, buninyong) == pytest.approx(54_972.271, abs=0.002)


@pytest.mark.parametrize("latitude", [0.0, 25.0, 40.5, 52.0, 60.0])
def test_the_way_to_a_point_is_right_to_a_millionth(latitude: float) -> None:
    for north, east in ((0.3, 0.0), (0.0, 0.3), (0.25, -0.25), (-0.01, 0.005), (1e-5, 1e-5)):
        x, y = metres_east_north(latitude, 10.0, latitude + north, 10.0 + east)

        true = metres_between(latitude, 10.0, (latitude + north, 10.0 + east))
        assert (x * x + y * y) ** 0.5 == pytest.approx(true, rel=2e-6, abs=1e-4)


def test_a_point_is_as_deep_as_the_nearest_edge_is_far() -> None:
    area = shape(polygon(SQUARE))

    west = metres_between(40.5, -74.99, (40.5, -75.0))
    assert depth(area, 40.5, -74.99) == pytest.approx(west, rel=3e-4)
    assert depth(area, 40.5, -75.01) == pytest.approx(-west, rel=3e-4)
    assert depth(area, 40.01, -74.5) == pytest.approx(
        metres_between(40.01, -74.5, (40.0, -74.5)), rel=1e-3
    )
    assert abs(depth(area, 41.0, -74.5)) < 1e-6


def test_nobody_measures_farther_than_the_reach() -> None:
    area = shape(polygon(SQUARE))

    assert depth(area, 40.5, -74.5) == REACH_METRES
    assert depth(area, 10.0, 100.0) == -REACH_METRES
    assert depth(area, 90.0, 0.0) == -REACH_METRES


def test_a_hole_is_outside_and_its_border_is_a_border() -> None:
    area = shape(polygon(SQUARE, LAKE))

    assert depth(area, 40.5, -74.5) < 0
    to_lake = metres_between(40.5, -74.56, (40.5, -74.55))
    assert depth(area, 40.5, -74.56) == pytest.approx(to_lake, rel=3e-4)


def test_parts_that_touch_are_one_area_without_a_border_between_them() -> None:
    area = shape(square(-75.0, 40.0, 1.0), square(-74.0, 40.0, 1.0))

    assert depth(area, 40.5, -74.0) == REACH_METRES


@pytest.mark.parametrize("latitude", [0.0, 40.0, 59.0])
def test_a_distance_is_never_longer_than_it_is_and_hardly_shorter(latitude: float) -> None:
    """How exact the geometry is: three ten-thousandths a kilometre, on the safe side."""
    chance = random.Random(5)
    ring = [
        [chance.uniform(0.45, 0.55) * side[0] + 10.0, chance.uniform(0.45, 0.55) * side[1]
         + latitude]
        for side in ((-1, -1), (0, -1.2), (1, -1), (1.2, 0), (1, 1), (0, 1.2), (-1, 1), (-1.2, 0))
    ]  # fmt: skip
    area = shape(polygon([*ring, ring[0]]))
    corners = list(zip([*ring[-1:], *ring[:-1]], ring, strict=True))
    for _ in range(60):
        at = (latitude + chance.uniform(-0.7, 0.7), 10 + chance.uniform(-0.7, 0.7))
        true = min(_true_metres(at, a, b) for a, b in corners)
        if true > REACH_METRES:
            continue

        found = abs(area.depth_metres(*at))

        # An edge sags by a centimetre or two.
        assert found <= true + 0.05
        assert found >= true * (1 - 3.1e-4 * true / 1_000 - 1e-5) - 0.05


def _true_metres(at: tuple[float, float], a: Sequence[float], b: Sequence[float]) -> float:
    """Return how far the nearest point of an edge is, by looking closer and closer."""

    def metres(share: float) -> float:
        return metres_between(*at, (a[1] + (b[1] - a[1]) * share, a[0] + (b[0] - a[0]) * share))

    low, high = 0.0, 1.0
    for _ in range(60):
        third = (high - low) / 3
        if metres(low + third) < metres(high - third):
            high -= third
        else:
            low += third
    return metres((low + high) / 2)


def test_an_edge_without_a_length_is_a_point() -> None:
    true = metres_between(40.0, 10.0, (40.01, 10.01))

    assert edge_metres((10.01, 40.01), (10.01, 40.01), 40.0, 10.0) == pytest.approx(true, rel=1e-6)


def test_zones_are_cut_out_and_both_versions_are_told(tmp_path: Path) -> None:
    area, zone = tmp_path / "area.geojson", tmp_path / "zone.geojson"
    area.write_bytes(written(polygon(SQUARE)))
    zone.write_bytes(written(feature(square(-74.6, 40.4, 0.1))))
    files = BoundaryFiles({"US-NJ": area}, {"US-NJ": zone})

    inside = files.survey("US-NJ", 40.45, -74.55)
    near = files.survey("US-NJ", 40.45, -74.61)

    assert inside is not None
    assert near is not None
    assert inside.zone_metres < 0 < inside.border_metres
    assert near.zone_metres == pytest.approx(
        metres_between(40.45, -74.61, (40.45, -74.6)), rel=3e-4
    )
    assert len(near.version) == 33
    assert files.survey("US-PA", 40.45, -74.61) is None


def test_a_map_that_is_replaced_is_read_again_and_a_bad_one_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WatchedFile, "LOOK_SECONDS", 0.0)
    path, aside = tmp_path / "area.geojson", tmp_path / "aside"
    path.write_bytes(written(polygon(SQUARE)))
    files = BoundaryFiles({"US-NJ": path})
    first = files.survey("US-NJ", 40.5, -75.5)

    aside.write_bytes(written(square(-76.0, 40.0, 1.0)))
    aside.replace(path)
    second = files.survey("US-NJ", 40.5, -75.5)
    aside.write_bytes(b"{")
    aside.replace(path)
    third = files.survey("US-NJ", 40.5, -75.5)
    path.unlink()
    fourth = files.survey("US-NJ", 40.5, -75.5)

    assert first is not None
    assert second is not None
    assert first.border_metres < 0 < second.border_metres
    assert first.version != second.version
    assert third == fourth == second


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"type": "Point", "coordinates": [1, 2]}',
        b'{"type": "FeatureCollection", "features": []}',
        b'{"type": "FeatureCollection"}',
        b'{"type": "Feature", "geometry": null}',
        b'{"type": "Polygon", "coordinates": []}',
        b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}',
        b'{"type": "Polygon", "coordinates": [[["a", 0], [1, 1], [0, 1], ["a", 0]]]}',
        # A bow tie, which has no inside.
        b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}',
        # Across the antimeridian, written as nobody should.
        b'{"type": "Polygon", "coordinates": [[[170, 0], [190, 0], [190, 9], [170, 0]]]}',
        b'{"type": "Polygon", "coordinates": [[[0, 80], [9, 80], [9, 95], [0, 80]]]}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_area_is_refused_with_the_name_of_the_file(content: bytes) -> None:
    with pytest.raises(BoundaryMalformed, match=r"the map"):
        read_shape(content, name="the map")


def test_a_file_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(BoundaryMalformed, match="cannot be read"):
        BoundaryFiles({"US-NJ": tmp_path / "none"})
    path = tmp_path / "area"
    path.write_bytes(written(polygon(SQUARE)))
    with pytest.raises(BoundaryMalformed, match="no area"):
        BoundaryFiles({"US-NJ": path}, {"US-PA": path})


# Places by their coordinates, and whether they are in the state.
PLACES = [
    ("new_jersey", 40.2206, -74.7597, True),  # Trenton
    ("new_jersey", 40.7357, -74.1724, True),  # Newark
    ("new_jersey", 39.9526, -75.1652, False),  # Philadelphia
    ("new_jersey", 40.7484, -73.9857, False),  # Manhattan
    ("pennsylvania", 39.9526, -75.1652, True),
    ("pennsylvania", 40.2732, -76.8867, True),  # Harrisburg
    ("pennsylvania", 40.2206, -74.7597, False),
    ("new_york", 40.7484, -73.9857, True),
    ("new_york", 42.6526, -73.7562, True),  # Albany
    ("delaware", 39.1582, -75.5244, True),  # Dover
    ("delaware", 39.9526, -75.1652, False),
]


@pytest.mark.parametrize(("state", "latitude", "longitude", "inside"), PLACES)
def test_cities_lie_in_their_states(
    state: str, latitude: float, longitude: float, inside: bool
) -> None:
    files = BoundaryFiles({"state": supplied(f"{state}.geojson")})

    found = files.survey("state", latitude, longitude)

    assert found is not None
    assert (found.border_metres > 0) is inside
