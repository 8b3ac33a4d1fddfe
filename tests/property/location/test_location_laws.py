"""Laws of location: on a real map with a hole, whatever point, radius and time there is."""

from __future__ import annotations

from datetime import timedelta
from math import cos, radians, sin

from hypothesis import assume, given
from hypothesis import strategies as st

from located import DEVICE, NOW, evidence, fix, request, sighting, survey
from maps import LAKE, SQUARE, polygon, written
from pitboss.adapters.locating.boundaries import REACH_METRES, read_shape
from pitboss.location.model import (
    UNPROVEN,
    Decision,
    Evidence,
    Flag,
    Reason,
    Source,
    Survey,
    Verdict,
)
from pitboss.location.rules import judge

AREA = read_shape(written(polygon(SQUARE, LAKE)), name="area")
BUFFER = float(DEVICE.buffer_metres or 0)

latitudes = st.floats(39.9, 41.1)
longitudes = st.floats(-75.1, -73.9)
radii = st.floats(1.0, 200.0)


def judged_at(latitude: float, longitude: float, radius: float, depth: float) -> Verdict:
    place = Survey(
        boundary="area",
        version="1",
        border_metres=depth,
        zone_metres=REACH_METRES,
        reach_metres=REACH_METRES,
    )
    said = evidence(fix=fix(latitude=latitude, longitude=longitude, accuracy_metres=radius))
    return judge(
        DEVICE,
        request(sighting(said, survey=place)),
        device_bound=None,
        device="aaaa",
        replayed=False,
        permit=None,
        last=None,
        now=NOW,
    )


@given(latitudes, longitudes, radii)
def test_deeper_inside_than_radius_and_buffer_passes_and_nothing_else_does(
    latitude: float, longitude: float, radius: float
) -> None:
    depth = AREA.depth_metres(latitude, longitude)

    verdict = judged_at(latitude, longitude, radius, depth)

    assert (verdict.decision is Decision.PASS) is (depth >= radius + BUFFER)
    if depth < 0:
        assert verdict.reasons == (Reason.OUTSIDE,)


@given(latitudes, longitudes, radii, st.floats(0.0, 360.0), st.floats(0.0, 1.0))
def test_every_place_where_somebody_who_passes_may_really_be_is_inside(
    latitude: float, longitude: float, radius: float, bearing: float, share: float
) -> None:
    depth = AREA.depth_metres(latitude, longitude)
    assume(judged_at(latitude, longitude, radius, depth).decision is Decision.PASS)

    other_latitude, other_longitude = step(latitude, longitude, bearing, radius * share)

    assert AREA.depth_metres(other_latitude, other_longitude) > 0


def step(latitude: float, longitude: float, bearing: float, metres: float) -> tuple[float, float]:
    """Return the point so many metres away, to a thousandth of them."""
    north = metres * cos(radians(bearing)) / 111_035
    east = metres * sin(radians(bearing)) / (111_412 * cos(radians(latitude)))
    return latitude + north, longitude + east


@given(
    border=st.floats(-40_000, 40_000),
    zone=st.floats(-40_000, 40_000),
    radius=radii,
    stopped=st.booleans(),
    age=st.integers(0, 120),
    left=st.integers(1, 4_000),
)
def test_no_permit_outlasts_the_interval_the_token_or_the_way_to_a_border(
    border: float, zone: float, radius: float, stopped: bool, age: int, left: int
) -> None:
    said = evidence(
        fix=fix(accuracy_metres=radius, stopped=stopped, taken_at=NOW - timedelta(seconds=age)),
        valid_until=NOW + timedelta(seconds=left),
    )
    verdict = judge(
        DEVICE,
        request(sighting(said, survey=survey(border, zone))),
        device_bound=None,
        device="aaaa",
        replayed=False,
        permit=None,
        last=None,
        now=NOW,
    )

    if verdict.life_seconds is None:
        assert min(border, zone) < radius + BUFFER
        return
    slack = min(border, zone) - radius
    assert 0 <= verdict.life_seconds <= min(1_200, left)
    if slack < 1_609:
        assert verdict.life_seconds <= 300
    if not stopped:
        assert verdict.life_seconds <= max(slack * 3.6 / 105 - age, 0) + 1e-6


@given(
    st.builds(
        evidence,
        player_id=st.sampled_from([evidence().player_id, "bob"]),
        session_id=st.sampled_from([evidence().session_id, "another"]),
        sources=st.lists(st.sampled_from(Source), max_size=3).map(tuple),
        flags=st.lists(st.sampled_from(Flag), max_size=2).map(tuple),
        refused=st.booleans(),
        fix=st.none()
        | st.builds(
            fix,
            latitude=st.floats(),
            longitude=st.floats(),
            accuracy_metres=st.floats(),
            taken_at=st.sampled_from([NOW, NOW - timedelta(days=1), NOW + timedelta(days=1)]),
        ),
    ),
    st.booleans(),
)
def test_a_decision_follows_from_its_reasons_and_a_permit_from_there_being_none(
    said: Evidence, replayed: bool
) -> None:
    verdict = judge(
        DEVICE,
        request(sighting(said)),
        device_bound=None,
        device="aaaa",
        replayed=replayed,
        permit=None,
        last=None,
        now=NOW,
    )

    against = [reason for reason in verdict.reasons if reason not in UNPROVEN]
    assert (verdict.decision is Decision.PASS) == (not verdict.reasons)
    assert (verdict.decision is Decision.PASS) == (verdict.life_seconds is not None)
    assert (verdict.decision is Decision.FAIL) == bool(against)
    assert len(set(verdict.reasons)) == len(verdict.reasons)
