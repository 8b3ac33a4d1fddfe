"""`pitboss bench location`: checks of where players are, beside the same with the usual parts.

One process and one core: a token's signature, the point in the area and its way to the border, the
address, and all rules.  The baseline reads tokens with a JOSE library and draws the circle of
accuracy, without anything prepared.  Rates are by the processor's own time, so that whatever else
runs on the machine does not count.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import cos, pi, radians, sin
from pathlib import Path
from typing import Any, TypeVar

import psutil
import shapely
from joserfc import jws
from joserfc.jwk import ECKey, KeyParameters, OKPKey, RSAKey

from pitboss.adapters.locating.addresses import MaxMindBook
from pitboss.adapters.locating.boundaries import BoundaryFiles
from pitboss.adapters.locating.keys import KeyRing
from pitboss.adapters.locating.tokens import JwsReader
from pitboss.bench import server
from pitboss.bench.report import BenchReport
from pitboss.jurisdictions.model import LocationKind, LocationRules
from pitboss.kernel.clock import SystemClock
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.location import gather, rehearse
from pitboss.location.model import Address, AddressState, CheckRequest, Decision, Reason, Verdict
from pitboss.location.ports import AddressBook, Instruments

Tell = Callable[[str], None]
Key = ECKey | RSAKey | OKPKey
T = TypeVar("T")
U = TypeVar("U")

ALGORITHMS = ("ES256", "RS256", "EdDSA")
AREA, VENDOR, SESSION = "US-NJ", "bench", "session"
# A state's outline in good detail.
CORNERS = 3_000
MIDDLE = (40.5, -74.5)
ACCURACY_METRES = 20.0
# Two kilometres or so: nobody is refused for a border.
DEEP_DEGREES = 0.02
# How often each side runs; the best counts, because the others were disturbed.
TRIES = 3

RULES = LocationRules(
    kind=LocationKind.DEVICE,
    area=AREA,
    recheck_seconds=1_200,
    near_border_metres=1_609,
    near_border_recheck_seconds=300,
    speed_kmh=105,
    travel_kmh_max=1_000,
    ip_change_rechecks=True,
    login_rechecks=True,
    buffer_metres=100,
    accuracy_metres_max=500,
    attempts_max=5,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationOptions:
    """What to run.

    Args of note: `area` is a GeoJSON file, if not a made-up coast; `cities` and `anonymous` are
    MaxMind's databases, without which no address is looked up; `folder` is where keys and maps are
    written.
    """

    checks: int = 5_000
    algorithm: str = "ES256"
    area: Path | None = None
    cities: Path | None = None
    anonymous: Path | None = None
    seed: int = 1
    folder: Path | None = None


class _Everywhere:
    """Knows every address without looking."""

    def find(self, ip: str) -> Address:
        """Say where it is."""
        return Address(state=AddressState.FOUND, country="US")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What comes with one request."""

    player_id: PlayerId
    token: str
    ip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What both sides are given."""

    instruments: Instruments
    key: Key
    shape: Any
    now: datetime


async def run(options: LocationOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Measure checks a second on one core, and the baseline, on the same tokens."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        return _measure(options, Path(folder), tell)


def _measure(options: LocationOptions, folder: Path, tell: Tell) -> BenchReport:
    chance = random.Random(options.seed)  # noqa: S311 - nothing is secret here
    now = SystemClock().now()
    keys = {algorithm: _key(algorithm) for algorithm in ALGORITHMS}
    instruments, shape = _instruments(options, folder, keys)
    scene = _Scene(instruments=instruments, key=keys[options.algorithm], shape=shape, now=now)
    tell(f"signing {options.checks:,} tokens with {options.algorithm}")
    points = _points(shape, options.checks, chance)
    wishes = [
        _wish(scene, number, options.algorithm, scene.key, point)
        for number, point in enumerate(points)
    ]
    tell("checks, and the usual parts: a JOSE library, circles that are drawn, nothing prepared")
    (slow, agreed), (fast, verdicts) = _timed_in_turn(
        lambda: _slow_checks(scene, options.algorithm, wishes[::10]),
        lambda: [_check(scene, wish) for wish in wishes],
    )
    forged = [instruments.tokens.read(_bent(wish.token)) for wish in wishes[:100]]
    return BenchReport(
        bench="location",
        unit="checks/s/core",
        rate=len(wishes) / fast,
        baseline_rate=len(agreed) / slow,
        rss_mb={"bench": psutil.Process().memory_info().rss / 1e6},
        durability={"written": "nothing: a check is gathered and judged, and kept in its turn"},
        machine=server.describe_machine(folder),
        versions=server.describe_versions(),
        options={
            "checks": options.checks,
            "algorithm": options.algorithm,
            "corners": len(shapely.get_coordinates(shape)),
            "addresses": "looked up" if options.cities else "not looked up",
            "seed": options.seed,
        },
        invariants={
            "every_good_check_passes": all(item.decision is Decision.PASS for item in verdicts),
            "the_baseline_agrees": all(agreed),
            "no_bent_token_is_read": set(forged) == {Reason.SIGNATURE_WRONG},
        },
        figures=_figures(scene, keys, points[:1_000], [wish.ip for wish in wishes[:1_000]]),
    )


def _check(scene: _Scene, wish: _Wish) -> Verdict:
    """Check as the API does, but for the turn."""
    sighting = gather(scene.instruments, RULES, token=wish.token, ip=wish.ip, now=scene.now)
    request = CheckRequest(
        check_id=wish.player_id,
        player_id=wish.player_id,
        session_id=SESSION,
        jurisdiction="bench",
        sighting=sighting,
    )
    return rehearse(RULES, request, now=scene.now)


def _slow_checks(scene: _Scene, algorithm: str, wishes: Sequence[_Wish]) -> list[bool]:
    """Say who may play, as it is usually written."""
    agreed = []
    for wish in wishes:
        read = jws.deserialize_compact(wish.token, scene.key, algorithms=[algorithm])
        claims = json.loads(read.payload)
        place = claims["location"]
        address = scene.instruments.addresses.find(wish.ip)
        circle = _circle(place["latitude"], place["longitude"], place["accuracy"])
        fresh = claims["exp"] > scene.now.timestamp() and claims["sub"] == wish.player_id
        agreed.append(
            fresh and scene.shape.covers(circle) and address.state is not AddressState.NOT_LOOKED_UP
        )
    return agreed


def _circle(latitude: float, longitude: float, metres: float) -> Any:
    """Draw a circle of accuracy and buffer in degrees."""
    radius = metres + (RULES.buffer_metres or 0)
    high, wide = radius / 111_035, radius / (111_412 * cos(radians(latitude)))
    turns = [2 * pi * step / 64 for step in range(64)]
    return shapely.Polygon(
        [(longitude + wide * cos(turn), latitude + high * sin(turn)) for turn in turns]
    )


def _figures(
    scene: _Scene,
    keys: Mapping[str, Key],
    points: Sequence[tuple[float, float]],
    ips: Sequence[str],
) -> dict[str, float]:
    """Return what each part of a check costs, in microseconds."""
    read, survey = scene.instruments.tokens.read, scene.instruments.boundaries.survey
    tokens = {
        algorithm: [
            _wish(scene, number, algorithm, key, point).token
            for number, point in enumerate(points[:300])
        ]
        for algorithm, key in keys.items()
    }
    return {
        **{
            f"token_us_{algorithm.lower()}": _micros(read, [(token,) for token in some])
            for algorithm, some in tokens.items()
        },
        "area_us": _micros(survey, [(AREA, *point) for point in points]),
        "address_us": _micros(scene.instruments.addresses.find, [(ip,) for ip in ips]),
    }


def _micros(work: Callable[..., object], calls: Sequence[tuple[Any, ...]]) -> float:
    seconds, _ = _timed(lambda: [work(*call) for call in calls])
    return round(seconds / len(calls) * 1e6, 1)


def _timed(work: Callable[[], list[T]]) -> tuple[float, list[T]]:
    """Do something a few times; return the processor's seconds of the best, and what came of it."""
    return min((_time(work) for _ in range(TRIES)), key=_seconds)


def _timed_in_turn(
    first: Callable[[], list[T]], second: Callable[[], list[U]]
) -> tuple[tuple[float, list[T]], tuple[float, list[U]]]:
    """Do two things by turns, so that what else goes on is as much in the way of both."""
    tries = [(_time(first), _time(second)) for _ in range(TRIES)]
    return min((one for one, _ in tries), key=_seconds), min(
        (two for _, two in tries), key=_seconds
    )


def _time(work: Callable[[], list[T]]) -> tuple[float, list[T]]:
    started = time.process_time()
    came = work()
    return time.process_time() - started, came


def _seconds(timed: tuple[float, object]) -> float:
    return timed[0]


def _key(algorithm: str) -> Key:
    parameters: KeyParameters = {"alg": algorithm, "kid": algorithm, "use": "sig"}
    match algorithm:
        case "RS256":
            return RSAKey.generate_key(2048, parameters)
        case "EdDSA":
            return OKPKey.generate_key("Ed25519", parameters)
        case _:
            return ECKey.generate_key("P-256", parameters)


def _instruments(
    options: LocationOptions, folder: Path, keys: Mapping[str, Key]
) -> tuple[Instruments, Any]:
    """Put together what is configured, as the API does; return the plain area too."""
    key_file, area_file = folder / "keys.json", folder / "area.geojson"
    public = [key.as_dict(private=False) for key in keys.values()]
    key_file.write_text(json.dumps({"keys": public}))
    made_up = {"type": "Polygon", "coordinates": [_outline(options.seed), _lake()]}
    content = json.dumps(made_up) if options.area is None else options.area.read_text()
    area_file.write_text(content)
    addresses: AddressBook = _Everywhere()
    if options.cities is not None or options.anonymous is not None:
        addresses = MaxMindBook(options.cities, options.anonymous)
    instruments = Instruments(
        tokens=JwsReader(KeyRing({VENDOR: key_file})),
        addresses=addresses,
        boundaries=BoundaryFiles({AREA: area_file}),
    )
    return instruments, shapely.from_geojson(content)


def _outline(seed: int) -> list[tuple[float, float]]:
    """Return a ragged coast: long from north to south, with bays and capes."""
    chance = random.Random(seed)  # noqa: S311 - nothing is secret here
    ring = []
    for corner in range(CORNERS):
        turn = 2 * pi * corner / CORNERS
        far = 1 + 0.25 * sin(5 * turn) + 0.1 * cos(17 * turn) + chance.uniform(0, 0.02)
        ring.append((MIDDLE[1] + 0.5 * far * cos(turn), MIDDLE[0] + 1.2 * far * sin(turn)))
    return [*ring, ring[0]]


def _lake() -> list[tuple[float, float]]:
    """Return a hole in the middle."""
    turns = [2 * pi * step / 100 for step in range(100)]
    ring = [(MIDDLE[1] + 0.05 * cos(turn), MIDDLE[0] + 0.05 * sin(turn)) for turn in turns]
    return [*ring, ring[0]]


def _points(shape: Any, number: int, chance: random.Random) -> list[tuple[float, float]]:
    """Return points of an area that are far enough from its border to pass."""
    deep = shape.buffer(-DEEP_DEGREES)
    shapely.prepare(deep)
    west, south, east, north = deep.bounds
    points: list[tuple[float, float]] = []
    while len(points) < number:
        x, y = chance.uniform(west, east), chance.uniform(south, north)
        if shapely.intersects_xy(deep, x, y):
            points.append((y, x))
    return points


def _wish(
    scene: _Scene, number: int, algorithm: str, key: Key, point: tuple[float, float]
) -> _Wish:
    """Return what one player sends."""
    player_id = PlayerId(derived_id("bench player", str(number)))
    latitude, longitude = point
    claims = {
        "jti": f"{algorithm} {number}",
        "iss": VENDOR,
        "sub": player_id,
        "sid": SESSION,
        "iat": scene.now.timestamp(),
        "exp": (scene.now + timedelta(minutes=20)).timestamp(),
        "device": {"id": f"device {number}"},
        "passed": True,
        "fraud": dict.fromkeys(("vpn", "proxy", "mocked", "rooted", "remote_desktop"), False),
        "location": {
            "latitude": latitude,
            "longitude": longitude,
            "accuracy": ACCURACY_METRES,
            "at": scene.now.timestamp(),
            "source": ["gps", "wifi"],
            "stopped": True,
        },
    }
    token = jws.serialize_compact(
        {"alg": algorithm, "kid": algorithm}, json.dumps(claims), key, algorithms=[algorithm]
    )
    return _Wish(player_id=player_id, token=token, ip=f"216.160.83.{56 + number % 8}")


def _bent(token: str) -> str:
    """Return a token with another letter in what was signed."""
    head, payload, mark = token.split(".")
    place = len(payload) // 2
    letter = "A" if payload[place] != "A" else "B"
    return f"{head}.{payload[:place]}{letter}{payload[place + 1 :]}.{mark}"
