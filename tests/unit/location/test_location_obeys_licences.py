"""Every licence's own rules of location decide, whatever they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from located import ANN, NOW, SESSION, evidence, fix, request, sighting, survey
from pitboss import jurisdictions
from pitboss.jurisdictions.model import LocationKind, LocationRules
from pitboss.location.model import (
    Address,
    AddressState,
    CheckRequest,
    Decision,
    LastFix,
    Permit,
    Reason,
    Standing,
    Survey,
    Verdict,
)
from pitboss.location.rules import RECHECK_SECONDS, judge, permit_after, standing
from proofs import Proves

CODES = jurisdictions.codes()
RULES = {code: jurisdictions.get(code).location for code in CODES}
ASKING = [code for code in CODES if RULES[code].kind is not LocationKind.NONE]
LOCATING = [code for code in CODES if RULES[code].kind is LocationKind.DEVICE]
ADDRESSED = [code for code in CODES if RULES[code].kind is LocationKind.IP]
# What a licence says of coordinates, which an address has not.
OF_DEVICES = (
    *("near_border_metres", "near_border_recheck_seconds", "speed_kmh", "travel_kmh_max"),
    *("buffer_metres", "accuracy_metres_max"),
)


def inside(rules: LocationRules) -> CheckRequest:
    """Return a sighting from well inside a licence's area, by device and by address."""
    country, _, subdivision = (rules.area or "").partition("-")
    address = Address(state=AddressState.FOUND, country=country, subdivision=subdivision or None)
    return request(sighting(address=address))


def judged(rules: LocationRules, wish: CheckRequest | None = None, **changes: object) -> Verdict:
    """Return what a licence says of a sighting in a session without a history."""
    known = {"permit": None, "last": None, **changes}
    return judge(
        rules,
        wish or inside(rules),
        device_bound=None,
        device="aaaa",
        replayed=False,
        now=NOW,
        **known,  # type: ignore[arg-type]
    )


def changed(wish: CheckRequest, **changes: object) -> CheckRequest:
    """Return a wish with other things seen."""
    return msgspec.structs.replace(wish, sighting=msgspec.structs.replace(wish.sighting, **changes))


def at_border(metres: float) -> Survey:
    return survey(border_metres=metres)


@pytest.mark.parametrize("code", CODES)
def test_a_stake_needs_a_location_where_the_licence_asks_for_one(code: str, proves: Proves) -> None:
    proves("location.kind", code)

    stands = standing(RULES[code], None, network="1234", now=NOW)

    needed = RULES[code].kind is not LocationKind.NONE
    assert stands is (Standing.NOT_SHOWN if needed else Standing.NOT_NEEDED)


@pytest.mark.parametrize("code", ASKING)
def test_who_is_in_the_licences_area_is_permitted_and_who_is_abroad_is_not(
    code: str, proves: Proves
) -> None:
    proves("location.area", code)
    rules = RULES[code]
    abroad = changed(inside(rules), address=Address(state=AddressState.FOUND, country="XX"))

    assert judged(rules).decision is Decision.PASS
    assert judged(rules, abroad).reasons == (Reason.ADDRESS_ELSEWHERE,)


@pytest.mark.parametrize("code", ASKING)
def test_a_permit_lasts_as_long_as_the_licence_lets_it(code: str, proves: Proves) -> None:
    proves("location.recheck_seconds", code)

    wish = changed(inside(RULES[code]), evidence=evidence(valid_until=NOW + timedelta(days=1)))

    assert judged(RULES[code], wish).life_seconds == (
        RULES[code].recheck_seconds or RECHECK_SECONDS
    )


@pytest.mark.parametrize("code", ASKING)
def test_a_change_of_address_wants_another_check_where_the_licence_says_so(
    code: str, proves: Proves
) -> None:
    proves("location.ip_change_rechecks", code)
    rules = RULES[code]
    permit = permit_after(
        None, inside(rules), judged(rules), device="aaaa", network="1234", now=NOW
    )

    stands = standing(rules, permit, network="4321", now=NOW)

    wanted = Standing.NETWORK_CHANGED if rules.ip_change_rechecks else Standing.PERMITTED
    assert stands is wanted


@pytest.mark.parametrize("code", LOCATING)
def test_near_the_border_a_permit_is_as_short_as_the_licence_says(
    code: str, proves: Proves
) -> None:
    proves("location.near_border_metres", code)
    proves("location.near_border_recheck_seconds", code)
    rules = RULES[code]
    assert rules.near_border_metres is not None
    far, near = (
        changed(inside(rules), survey=at_border(rules.near_border_metres + 20.0 + more))
        for more in (0.0, -0.1)
    )

    assert judged(rules, far).life_seconds == rules.recheck_seconds
    assert judged(rules, near).life_seconds == rules.near_border_recheck_seconds


@pytest.mark.parametrize("code", LOCATING)
def test_who_is_on_the_way_to_the_border_has_as_long_as_that_takes(
    code: str, proves: Proves
) -> None:
    proves("location.speed_kmh", code)
    rules = RULES[code]
    assert rules.speed_kmh is not None
    moving = changed(
        inside(rules), evidence=evidence(fix=fix(stopped=False)), survey=at_border(5_020.0)
    )

    assert judged(rules, moving).life_seconds == pytest.approx(5_000 * 3.6 / rules.speed_kmh)


@pytest.mark.parametrize("code", LOCATING)
def test_the_circle_and_the_licences_buffer_lie_wholly_inside(code: str, proves: Proves) -> None:
    proves("location.buffer_metres", code)
    rules = RULES[code]
    needed = 20.0 + (rules.buffer_metres or 0)

    assert judged(rules, changed(inside(rules), survey=at_border(needed))).reasons == ()
    assert judged(rules, changed(inside(rules), survey=at_border(needed - 0.1))).reasons == (
        Reason.BORDER_TOO_NEAR,
    )


@pytest.mark.parametrize("code", LOCATING)
def test_a_fix_is_as_accurate_as_the_licence_wants(code: str, proves: Proves) -> None:
    proves("location.accuracy_metres_max", code)
    rules = RULES[code]
    assert rules.accuracy_metres_max is not None
    good, bad = (
        changed(inside(rules), evidence=evidence(fix=fix(accuracy_metres=metres)))
        for metres in (rules.accuracy_metres_max, rules.accuracy_metres_max + 0.1)
    )

    assert judged(rules, good).reasons == ()
    assert judged(rules, bad).reasons == (Reason.INACCURATE,)


@pytest.mark.parametrize("code", LOCATING)
def test_nobody_travels_faster_than_the_licence_believes(code: str, proves: Proves) -> None:
    proves("location.travel_kmh_max", code)
    rules = RULES[code]
    assert rules.travel_kmh_max is not None
    # Ten degrees north: 1,112 km, less what nobody knows exactly.
    hours = 1_112 / rules.travel_kmh_max

    def last(share: float) -> LastFix:
        return LastFix(
            player_id=ANN,
            latitude_centi=5_050,
            longitude_centi=-7_450,
            taken_at=NOW - timedelta(hours=hours * share),
        )

    assert judged(rules, last=last(1.0)).reasons == ()
    assert judged(rules, last=last(0.95)).reasons == (Reason.IMPOSSIBLE_TRAVEL,)


@pytest.mark.parametrize("code", LOCATING)
def test_there_are_as_many_attempts_as_the_licence_gives(code: str, proves: Proves) -> None:
    proves("location.attempts_max", code)
    rules = RULES[code]
    assert rules.attempts_max is not None

    def after(failures: int) -> Verdict:
        permit = Permit(player_id=ANN, session_id=SESSION, failures=failures, failed_at=NOW)
        return judged(rules, permit=permit)

    assert after(rules.attempts_max - 1).decision is Decision.PASS
    assert after(rules.attempts_max).reasons == (Reason.TOO_MANY_ATTEMPTS,)


@pytest.mark.parametrize("code", ADDRESSED)
def test_where_the_address_alone_is_looked_at_no_coordinates_count(
    code: str, proves: Proves
) -> None:
    """Whatever a device says of itself: at the border, hardly knowing where, on the way, abroad."""
    for rule in OF_DEVICES:
        proves(f"location.{rule}", code)
        assert getattr(RULES[code], rule) is None
    rules = RULES[code]
    plain = judged(rules)
    told: list[dict[str, Any]] = [
        {"survey": at_border(0.1)},
        {"survey": at_border(-50_000.0)},
        {"evidence": evidence(fix=fix(accuracy_metres=90_000.0))},
        {"evidence": evidence(fix=fix(stopped=False)), "survey": at_border(25.0)},
    ]
    elsewhere = LastFix(
        player_id=ANN, latitude_centi=-8_000, longitude_centi=100, taken_at=NOW - timedelta(hours=1)
    )

    assert plain.decision is Decision.PASS
    for changes in told:
        assert judged(rules, changed(inside(rules), **changes)) == plain
    assert judged(rules, last=elsewhere) == plain


@pytest.mark.parametrize("code", ADDRESSED)
def test_an_address_may_be_shown_as_often_as_anybody_likes(code: str, proves: Proves) -> None:
    proves("location.attempts_max", code)
    assert RULES[code].attempts_max is None
    permit = Permit(player_id=ANN, session_id=SESSION, failures=10_000, failed_at=NOW)

    assert judged(RULES[code], permit=permit).decision is Decision.PASS


@pytest.mark.parametrize("code", [code for code in CODES if code not in ASKING])
def test_where_nobody_is_asked_where_they_are_nothing_that_was_seen_keeps_them_from_play(
    code: str, proves: Proves
) -> None:
    for rule in (*OF_DEVICES, "area", "recheck_seconds", "attempts_max"):
        proves(f"location.{rule}", code)
        assert getattr(RULES[code], rule) is None
    for rule in ("ip_change_rechecks", "login_rechecks"):
        proves(f"location.{rule}", code)
        assert not getattr(RULES[code], rule)
    failed = Permit(player_id=ANN, session_id=SESSION, failures=10_000, failed_at=NOW)
    seen = permit_after(
        None, inside(RULES["GB"]), judged(RULES["GB"]), device="aaaa", network="1234", now=NOW
    )

    for permit in (None, failed, seen):
        for network in ("1234", "4321", None):
            for now in (NOW, NOW + timedelta(days=365)):
                stands = standing(RULES[code], permit, network=network, now=now)
                assert stands is Standing.NOT_NEEDED
