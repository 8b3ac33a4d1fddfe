"""What tests of location share: licences that want to know, a small state, and devices in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions import queries
from pitboss.jurisdictions.model import Jurisdiction, LocationKind, LocationRules
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.location.model import (
    Address,
    AddressState,
    CheckRequest,
    Evidence,
    Fix,
    Reason,
    Sighting,
    Source,
    Survey,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN = PlayerId(derived_id("player", "ann"))
SESSION = "session-one"
IP = "216.160.83.56"
AREA = "US-NJ"
HOME = Address(state=AddressState.FOUND, country="US", subdivision="WA")

# As ME 16-633 ch. 62 has it; the other numbers are of these tests.
DEVICE = LocationRules(
    kind=LocationKind.DEVICE,
    area=AREA,
    recheck_seconds=1_200,
    near_border_metres=1_609,
    near_border_recheck_seconds=300,
    speed_kmh=105,
    travel_kmh_max=1_000,
    ip_change_rechecks=True,
    login_rechecks=True,
    buffer_metres=50,
    accuracy_metres_max=200,
    attempts_max=5,
)
BY_IP = msgspec.structs.replace(DEVICE, kind=LocationKind.IP)


def licence(code: str, rules: LocationRules) -> Jurisdiction:
    """Return the demonstration's rulebook under another name, with these rules of location."""
    return msgspec.structs.replace(jurisdictions.get("demo"), code=code, location=rules)


@pytest.fixture
def licences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add licences that want to know: `device` and `ip`."""
    known = {code: jurisdictions.get(code) for code in jurisdictions.codes()}
    known |= {"device": licence("device", DEVICE), "ip": licence("ip", BY_IP)}
    monkeypatch.setattr(queries, "_licences", lambda: known)


def fix(**changes: Any) -> Fix:
    """Return a good reading; whether it is in an area says the survey."""
    good = Fix(latitude=40.5, longitude=-74.5, accuracy_metres=20.0, taken_at=NOW, stopped=True)
    return msgspec.structs.replace(good, **changes)


def evidence(**changes: Any) -> Evidence:
    """Return what a provider signed of Ann's device a moment ago."""
    good = Evidence(
        vendor="vendor",
        key_id="key",
        token_id="token-1",
        player_id=ANN,
        session_id=SESSION,
        device_id="phone",
        issued_at=NOW,
        valid_from=NOW,
        valid_until=NOW + timedelta(hours=1),
        fix=fix(),
        sources=(Source.GPS, Source.WIFI),
        address=IP,
    )
    return msgspec.structs.replace(good, **changes)


def survey(border_metres: float = 10_000.0, zone_metres: float = 40_000.0) -> Survey:
    """Return how a point lies."""
    return Survey(
        boundary=AREA,
        version="0123456789abcdef",
        border_metres=border_metres,
        zone_metres=zone_metres,
        reach_metres=40_000.0,
    )


def sighting(said: Evidence | Reason | None = None, **changes: Any) -> Sighting:
    """Return a sighting of Ann well inside, with this evidence or with good one."""
    good = Sighting(
        asked_at=NOW,
        ip=IP,
        address=HOME,
        token_sha256=bytes(32),
        evidence=evidence() if said is None else said,
        survey=survey(),
    )
    return msgspec.structs.replace(good, **changes)


def request(seen: Sighting | None = None, **changes: Any) -> CheckRequest:
    """Return Ann's wish to be checked."""
    good = CheckRequest(
        check_id=derived_id("check", "1"),
        player_id=ANN,
        session_id=SESSION,
        jurisdiction="device",
        sighting=sighting() if seen is None else seen,
    )
    return msgspec.structs.replace(good, **changes)
