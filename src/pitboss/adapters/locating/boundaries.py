"""Licensed areas from GeoJSON, and how far a point in one is from its border.

Edges are straight in longitude and latitude, as GeoJSON says, and are cut into short ones, so that
near a fix they are straight on the ground too.  A tree finds the nearest on a map that is true to
angles; its distance is taken on the ellipsoid.  Source: RFC 7946, section 3.1.1; WGS 84.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from math import atanh, cos, degrees, hypot, radians, sin, sqrt, tan
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from pitboss.adapters.locating.watched import WatchedFile
from pitboss.location.errors import BoundaryMalformed
from pitboss.location.model import Survey

# Farther than anybody gets in the longest interval between two checks: 20 minutes at 65 mph.
REACH_METRES = 40_000.0
# The length of an edge, in degrees, at most: about a kilometre.  It sags by a centimetre or two.
EDGE_DEGREES_MAX = 0.01
# Sixteen hexadecimal digits tell the versions of one file apart.
_VERSION_DIGITS = 16
# A file of a whole country in full detail has some ten million bytes.
FILE_BYTES_MAX = 64 * 1024 * 1024

_SEMI_MAJOR_METRES = 6_378_137.0
_FLATTENING = 1 / 298.257223563
_ECCENTRICITY_SQUARED = _FLATTENING * (2 - _FLATTENING)
_ECCENTRICITY = sqrt(_ECCENTRICITY_SQUARED)
# The least radius of curvature there is, along a meridian at the equator.
_RADIUS_METRES_MIN = _SEMI_MAJOR_METRES * (1 - _ECCENTRICITY_SQUARED)
# Nobody plays beyond it, and the map goes on for ever.
_LATITUDE_DRAWN_MAX = 88.0

Numbers = npt.NDArray[np.float64]


class BoundaryFiles:
    """The maps of an operator, by ISO 3166 code (`US-NJ`): areas, and the zones cut out of them.

    Files are read again when they are replaced.
    """

    def __init__(self, areas: Mapping[str, Path], zones: Mapping[str, Path] | None = None) -> None:
        """Read the files.

        Raises:
            BoundaryMalformed: one cannot be read, is not GeoJSON, or has no area in it; or there
                are zones without an area.
        """
        zones = dict(zones or {})
        if strays := sorted(zones.keys() - areas.keys()):
            raise BoundaryMalformed(f"there are exclusion zones of {strays[0]}, and no area")
        self._areas = {area: WatchedFile(path, _read_file) for area, path in areas.items()}
        self._zones = {area: WatchedFile(path, _read_file) for area, path in zones.items()}

    def survey(self, area: str, latitude: float, longitude: float) -> Survey | None:
        """Return how a possible point lies in an area; None if there is no map of that."""
        file = self._areas.get(area)
        if file is None:
            return None
        shape = file.value
        zone_file = self._zones.get(area)
        zones = None if zone_file is None else zone_file.value
        return Survey(
            boundary=area,
            version=shape.version if zones is None else f"{shape.version}+{zones.version}",
            border_metres=shape.depth_metres(latitude, longitude),
            zone_metres=(
                REACH_METRES if zones is None else -zones.depth_metres(latitude, longitude)
            ),
            reach_metres=REACH_METRES,
        )


class Shape:
    """An area on the ellipsoid: what lies inside, and how far the border is."""

    def __init__(self, geometry: BaseGeometry, *, version: str) -> None:
        self.version = version
        short = shapely.segmentize(geometry, EDGE_DEGREES_MAX)
        self._edges = _edges(short)
        # Drawn with the same short edges, so that inside and the nearest edge never disagree.
        self._drawn = shapely.transform(short, _draw)
        shapely.prepare(self._drawn)
        lines: Any = shapely.linestrings(_draw(self._edges.reshape(-1, 2)).reshape(-1, 2, 2))
        self._tree = STRtree(lines)

    def depth_metres(self, latitude: float, longitude: float) -> float:
        """Return the way to the border in metres, below zero outside; never beyond the reach.

        Never longer than it is; shorter by three ten-thousandths for each kilometre at most, up to
        60 degrees north or south: by half a metre a mile away.
        """
        # At a pole the map has no end.
        drawn = max(min(latitude, _LATITUDE_DRAWN_MAX), -_LATITUDE_DRAWN_MAX)
        point = shapely.Point(longitude, isometric_degrees(drawn))
        west, south, east, north = self._edges[self._tree.nearest(point)].tolist()
        metres = edge_metres((west, south), (east, north), latitude, longitude)
        if metres >= 2 * REACH_METRES:
            # The doubt below is less than half of that.
            metres = REACH_METRES
        else:
            # The nearest on the map is the nearest on the ground, but for how much the map's scale
            # changes on the way there: nothing is nearer than this.
            share = metres / _RADIUS_METRES_MIN
            doubt = 1.1 * abs(tan(radians(drawn))) * share + share * share + 1e-6
            metres = min(metres * max(1 - doubt, 0.0), REACH_METRES)
        return metres if self._drawn.intersects(point) else -metres


def isometric_degrees(latitude: float) -> float:
    """Return where a latitude lies on a map that is true to angles: Mercator's, of the ellipsoid.

    There all directions at a point have one scale, so what is nearest on the map is nearest.
    """
    sine = sin(radians(latitude))
    return degrees(atanh(sine) - _ECCENTRICITY * atanh(_ECCENTRICITY * sine))


def metres_east_north(
    latitude: float, longitude: float, to_latitude: float, to_longitude: float
) -> tuple[float, float]:
    """Return the way from one point to another, with the lengths of a degree half-way.

    Right to a millionth within the reach.
    """
    middle = radians((latitude + to_latitude) / 2)
    root = sqrt(1 - _ECCENTRICITY_SQUARED * sin(middle) ** 2)
    parallel = _SEMI_MAJOR_METRES / root * cos(middle)
    meridian = _SEMI_MAJOR_METRES * (1 - _ECCENTRICITY_SQUARED) / root**3
    return (
        radians(to_longitude - longitude) * parallel,
        radians(to_latitude - latitude) * meridian,
    )


def edge_metres(
    start: tuple[float, float], end: tuple[float, float], latitude: float, longitude: float
) -> float:
    """Return how far a short edge is: ends as longitude and latitude."""
    x, y = metres_east_north(latitude, longitude, start[1], start[0])
    x_end, y_end = metres_east_north(latitude, longitude, end[1], end[0])
    x_step, y_step = x_end - x, y_end - y
    square = x_step * x_step + y_step * y_step
    along = max(0.0, min(1.0, -(x * x_step + y * y_step) / square)) if square else 0.0
    return hypot(x + along * x_step, y + along * y_step)


def read_shape(content: bytes, *, name: str) -> Shape:
    """Read GeoJSON: polygons, with holes, as a geometry, a feature or a collection of them.

    Everything in it together is one area.

    Raises:
        BoundaryMalformed: it is not GeoJSON, has no polygon, or one that crosses itself or leaves
            the map: cut it at the antimeridian (RFC 7946, section 3.1.9).
    """
    try:
        read = msgspec.json.decode(content)
        polygons = [_polygon(item, name) for item in _geometries(read, name)]
        area = shapely.union_all(polygons)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BoundaryMalformed(f"{name} is not JSON: {error}") from None
    except (shapely.errors.ShapelyError, ValueError, TypeError) as error:
        raise BoundaryMalformed(f"{name} is not GeoJSON: {error}") from None
    if area.is_empty or not area.area:
        raise BoundaryMalformed(f"{name} has no area in it")
    west, south, east, north = area.bounds
    if max(-west, east) > 180 or max(-south, north) > 90:
        raise BoundaryMalformed(f"{name} has points that are not on the map")
    return Shape(area, version=hashlib.sha256(content).hexdigest()[:_VERSION_DIGITS])


def _read_file(path: Path) -> Shape:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BoundaryMalformed(f"{path} has more than {FILE_BYTES_MAX} bytes")
        return read_shape(path.read_bytes(), name=str(path))
    except OSError as error:
        raise BoundaryMalformed(f"{path} cannot be read: {error.strerror}") from None


def _geometries(item: Any, name: str) -> Iterable[Mapping[str, Any]]:
    """Return the geometries of a GeoJSON object, however they are wrapped."""
    if not isinstance(item, Mapping):
        raise BoundaryMalformed(f"{name} is not GeoJSON")
    match item.get("type"):
        case "FeatureCollection":
            for feature in item.get("features") or ():
                yield from _geometries(feature, name)
        case "Feature":
            yield from _geometries(item.get("geometry"), name)
        case "GeometryCollection":
            for part in item.get("geometries") or ():
                yield from _geometries(part, name)
        case "Polygon" | "MultiPolygon":
            yield item
        case kind:
            raise BoundaryMalformed(f"{name} has a {str(kind)[:40]!r}, which is no area")


def _polygon(item: Mapping[str, Any], name: str) -> BaseGeometry:
    polygon = shapely.from_geojson(msgspec.json.encode(item))
    if not polygon.is_valid:
        raise BoundaryMalformed(f"{name}: {shapely.is_valid_reason(polygon)}")
    return polygon


def _edges(short: BaseGeometry) -> Numbers:
    """Return all edges of an area's border."""
    rings = [
        np.asarray(ring.coords, dtype=np.float64)[:, :2]
        for polygon in shapely.get_parts(short)
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    return np.concatenate([np.hstack((ring[:-1], ring[1:])) for ring in rings])


def _draw(points: Numbers) -> Numbers:
    """Return points in degrees as they lie on the map."""
    drawn = points.copy()
    sines = np.sin(np.radians(np.clip(points[:, 1], -_LATITUDE_DRAWN_MAX, _LATITUDE_DRAWN_MAX)))
    drawn[:, 1] = np.degrees(np.arctanh(sines) - _ECCENTRICITY * np.arctanh(_ECCENTRICITY * sines))
    return drawn
