"""What a sighting comes to, reason by reason."""

from __future__ import annotations

from datetime import timedelta
from math import inf, nan
from typing import Any

import msgspec
import pytest

from located import ANN, BY_IP, DEVICE, NOW, SESSION, evidence, fix, request, sighting, survey
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.location.model import (
    UNPROVEN,
    Address,
    AddressState,
    Alert,
    CheckRequest,
    Decision,
    Flag,
    Kept,
    LastFix,
    Permit,
    Reason,
    Sharer,
    Source,
    Standing,
    Verdict,
)
from pitboss.location.rules import (
    FIX_AGE_MAX,
    SKEW,
    TOKEN_AGE_MAX,
    distance_metres,
    history,
    judge,
    permit_after,
    personal_values,
    standing,
)

SECOND = timedelta(seconds=1)


def judged(wish: CheckRequest | None = None, **changes: Any) -> Verdict:
    """Return what the rules say, of Ann's good wish if there is no other."""
    case: dict[str, Any] = {
        "device_bound": None,
        "device": "aaaa",
        "replayed": False,
        "permit": None,
        "last": None,
        "now": NOW,
        **changes,
    }
    return judge(case.pop("rules", DEVICE), wish or request(), **case)


def with_evidence(**changes: Any) -> CheckRequest:
    return request(sighting(evidence(**changes)))


def with_fix(**changes: Any) -> CheckRequest:
    return with_evidence(fix=fix(**changes))


def test_good_evidence_from_well_inside_is_a_permit_for_the_licences_interval() -> None:
    verdict = judged()

    assert (verdict.decision, verdict.reasons) == (Decision.PASS, ())
    assert verdict.life_seconds == 1_200
    assert not verdict.near_border
    assert verdict.consumed


UNBELIEVED = [
    (request(sighting(evidence=None)), Reason.TOKEN_MISSING),
    *((request(sighting(reason)), reason) for reason in (
        Reason.TOKEN_UNREADABLE,
        Reason.ALGORITHM_REFUSED,
        Reason.KEY_UNKNOWN,
        Reason.SIGNATURE_WRONG,
        Reason.COORDINATES_IMPOSSIBLE,
    )),
    (with_evidence(player_id="bob"), Reason.OTHER_PLAYER),
    (with_evidence(session_id="another"), Reason.OTHER_SESSION),
    (request(device_id="tablet"), Reason.OTHER_DEVICE),
    (with_evidence(address="216.160.83.57"), Reason.OTHER_ADDRESS),
    (with_evidence(valid_until=NOW), Reason.TOKEN_EXPIRED),
    (with_evidence(valid_from=NOW + SKEW + SECOND), Reason.TOKEN_NOT_YET_VALID),
    (with_evidence(issued_at=NOW + SKEW + SECOND), Reason.TOKEN_FROM_THE_FUTURE),
    (with_evidence(issued_at=NOW - TOKEN_AGE_MAX - SECOND), Reason.FIX_STALE),
    (with_fix(taken_at=NOW - FIX_AGE_MAX - SECOND), Reason.FIX_STALE),
    (with_fix(taken_at=NOW + SKEW + SECOND), Reason.FIX_STALE),
    (with_evidence(fix=None), Reason.FIX_MISSING),
    (with_evidence(fix=None, refused=True), Reason.FIX_MISSING),
    *((with_fix(latitude=value), Reason.COORDINATES_IMPOSSIBLE) for value in (nan, inf, 90.1)),
    *((with_fix(longitude=value), Reason.COORDINATES_IMPOSSIBLE) for value in (nan, -inf, 180.1)),
    *((with_fix(accuracy_metres=value), Reason.ACCURACY_IMPOSSIBLE)
      for value in (nan, inf, -1.0, 0.0, 1e9)),
    (with_fix(accuracy_metres=200.1), Reason.INACCURATE),
    (with_evidence(sources=(Source.IP,)), Reason.ADDRESS_ALONE),
    (with_evidence(sources=()), Reason.ADDRESS_ALONE),
    (request(sighting(survey=None)), Reason.BOUNDARY_MISSING),
    (request(sighting(address=Address(state=AddressState.NOT_LOOKED_UP))),
     Reason.ADDRESSES_MISSING),
]  # fmt: skip


@pytest.mark.parametrize(("wish", "reason"), UNBELIEVED)
def test_evidence_that_cannot_be_believed_says_nothing_and_says_why(
    wish: CheckRequest, reason: Reason
) -> None:
    verdict = judged(wish)

    assert (verdict.decision, verdict.reasons) == (Decision.INDETERMINATE, (reason,))
    assert reason in UNPROVEN
    assert not verdict.ends_permit
    assert not verdict.seen


def test_a_token_that_was_used_up_is_refused_and_not_used_up_again() -> None:
    verdict = judged(replayed=True)

    assert verdict.reasons == (Reason.TOKEN_REPLAYED,)
    assert not verdict.consumed


def test_a_session_stays_with_the_device_that_it_began_with() -> None:
    assert judged(device_bound="aaaa", device="aaaa").decision is Decision.PASS
    assert judged(device_bound="aaaa", device="bbbb").reasons == (Reason.OTHER_DEVICE,)


def test_somebody_elses_token_is_not_used_up_by_who_brings_it() -> None:
    assert not judged(with_evidence(player_id="bob")).consumed


def test_an_address_of_another_family_is_no_other_address() -> None:
    assert judged(with_evidence(address="2001:db8::1")).decision is Decision.PASS
    assert judged(with_evidence(address=f"::ffff:{request().sighting.ip}")).reasons == ()


AGAINST = [
    (request(sighting(survey=survey(border_metres=-1.0))), Reason.OUTSIDE),
    (request(sighting(survey=survey(border_metres=69.9))), Reason.BORDER_TOO_NEAR),
    (request(sighting(survey=survey(zone_metres=-5.0))), Reason.IN_EXCLUSION_ZONE),
    (request(sighting(survey=survey(zone_metres=69.9))), Reason.EXCLUSION_ZONE_TOO_NEAR),
    (with_evidence(refused=True), Reason.PROVIDER_REFUSED),
    *((with_evidence(flags=(flag,)), Reason(f"fraud_{flag}")) for flag in Flag),
    *(
        (request(sighting(address=Address(
            state=AddressState.FOUND, country="US", reasons=(reason,)))), reason)
        for reason in (
            Reason.ADDRESS_VPN,
            Reason.ADDRESS_PROXY,
            Reason.ADDRESS_RESIDENTIAL_PROXY,
            Reason.ADDRESS_TOR,
            Reason.ADDRESS_HOSTING,
            Reason.ADDRESS_ANONYMOUS,
        )
    ),
    (request(sighting(address=Address(state=AddressState.FOUND, country="CA"))),
     Reason.ADDRESS_ELSEWHERE),
]  # fmt: skip


@pytest.mark.parametrize(("wish", "reason"), AGAINST)
def test_what_speaks_against_a_place_ends_a_permit_with_a_reason_of_its_own(
    wish: CheckRequest, reason: Reason
) -> None:
    verdict = judged(wish)

    assert (verdict.decision, verdict.reasons) == (Decision.FAIL, (reason,))
    assert verdict.ends_permit
    assert reason not in UNPROVEN


def test_every_reason_is_given_somewhere() -> None:
    given = {reason for _, reason in UNBELIEVED} | {reason for _, reason in AGAINST}
    elsewhere = {
        Reason.TOKEN_REPLAYED,
        Reason.TOO_MANY_ATTEMPTS,
        Reason.IMPOSSIBLE_TRAVEL,
        Reason.ADDRESS_UNKNOWN,
    }

    assert given | elsewhere == set(Reason)
    assert len(given) + len(elsewhere) == len(Reason)


def test_all_that_speaks_against_a_place_is_told_at_once() -> None:
    wish = request(
        sighting(
            evidence(flags=(Flag.VPN, Flag.MOCKED)),
            survey=survey(border_metres=-9.0),
            address=Address(state=AddressState.FOUND, country="CA"),
        )
    )

    assert judged(wish).reasons == (
        Reason.FRAUD_VPN,
        Reason.FRAUD_MOCKED,
        Reason.OUTSIDE,
        Reason.ADDRESS_ELSEWHERE,
    )


def test_the_other_state_of_a_network_does_not_matter_where_the_device_was_located() -> None:
    elsewhere = Address(state=AddressState.FOUND, country="US", subdivision="NY")
    unknown = Address(state=AddressState.UNKNOWN)

    assert judged(request(sighting(address=elsewhere))).decision is Decision.PASS
    assert judged(request(sighting(address=unknown))).decision is Decision.PASS


# The licence wants 20 min, 5 within a mile, and no longer than the way to the border takes.
@pytest.mark.parametrize(
    ("metres", "stopped", "seconds", "near"),
    [
        (10_000, True, 1_200, False),
        (1_609 + 20, True, 1_200, False),
        (1_609 + 19, True, 300, True),
        (70, True, 300, True),
        (40_000, False, 1_200, False),
        (10_020, False, 10_000 * 3.6 / 105, False),
        (1_020, False, 1_000 * 3.6 / 105, True),
    ],
)
def test_a_permit_ends_by_the_interval_the_border_and_the_way_there(
    metres: float, stopped: bool, seconds: float, near: bool
) -> None:
    """GEO-03, GEO-04; AT-16."""
    wish = request(sighting(evidence(fix=fix(stopped=stopped)), survey=survey(metres)))

    verdict = judged(wish)

    assert verdict.life_seconds == pytest.approx(seconds)
    assert verdict.near_border is near


def test_the_nearest_exclusion_zone_is_a_border_too() -> None:
    wish = request(sighting(survey=survey(zone_metres=500.0)))

    assert judged(wish).life_seconds == 300


def test_the_way_is_counted_from_when_the_fix_was_taken() -> None:
    moving = fix(stopped=False, taken_at=NOW - timedelta(seconds=60))

    verdict = judged(request(sighting(evidence(fix=moving), survey=survey(10_020))))

    assert verdict.life_seconds == pytest.approx(10_000 * 3.6 / 105 - 60)


def test_a_permit_lasts_no_longer_than_the_provider_stands_by_its_token() -> None:
    wish = with_evidence(valid_until=NOW + timedelta(seconds=40))

    assert judged(wish).life_seconds == 40


def seen_at(latitude: float, longitude: float, seconds_ago: float) -> LastFix:
    return LastFix(
        player_id=ANN,
        latitude_centi=round(latitude * 100),
        longitude_centi=round(longitude * 100),
        taken_at=NOW - timedelta(seconds=seconds_ago),
    )


@pytest.mark.parametrize(
    ("last", "possible"),
    [
        (seen_at(40.5, -74.5, 1), True),
        # About 111 km north, an hour and a minute ago.
        (seen_at(41.5, -74.5, 3_600), True),
        (seen_at(41.5, -74.5, 60), False),
        # From London, by an aircraft and by no aircraft.
        (seen_at(51.5, -0.1, 8 * 3_600), True),
        (seen_at(51.5, -0.1, 3 * 3_600), False),
        # A fix from before the last one is as impossible.
        (seen_at(41.5, -74.5, -60), False),
    ],
)
def test_nobody_travels_faster_than_the_licence_believes(last: LastFix, possible: bool) -> None:
    verdict = judged(last=last)

    assert verdict.reasons == (() if possible else (Reason.IMPOSSIBLE_TRAVEL,))
    # Then it is not remembered either: the next one is held against the same last fix.
    assert verdict.seen is possible


def failed(times: int, seconds_ago: float = 0.0) -> Permit:
    return Permit(
        player_id=ANN,
        session_id=SESSION,
        failures=times,
        failed_at=NOW - timedelta(seconds=seconds_ago),
    )


def test_the_last_of_too_many_failures_ends_the_permit_and_the_next_has_to_wait() -> None:
    """GEO-06."""
    lost = with_evidence(fix=None)

    assert judged(lost, permit=failed(3)).ends_permit is False
    assert judged(lost, permit=failed(4)).ends_permit is True
    assert judged(permit=failed(5)).reasons == (Reason.TOO_MANY_ATTEMPTS,)
    assert judged(permit=failed(5, 299)).reasons == (Reason.TOO_MANY_ATTEMPTS,)


def test_after_the_wait_there_are_as_many_attempts_again_and_a_pass_clears_them() -> None:
    """GEO-15."""
    assert judged(permit=failed(5, 300)).failures == 0
    assert judged(permit=failed(5, 300)).decision is Decision.PASS
    assert judged(with_evidence(fix=None), permit=failed(5, 300)).failures == 1
    assert judged(permit=failed(4)).decision is Decision.PASS


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (Address(state=AddressState.FOUND, country="US", subdivision="NJ"), None),
        (Address(state=AddressState.FOUND, country="US", subdivision="NY"),
         Reason.ADDRESS_ELSEWHERE),
        (Address(state=AddressState.FOUND, country="GB"), Reason.ADDRESS_ELSEWHERE),
        (Address(state=AddressState.FOUND, country="US"), Reason.ADDRESS_UNKNOWN),
        (Address(state=AddressState.UNKNOWN), Reason.ADDRESS_UNKNOWN),
        (Address(state=AddressState.NOT_LOOKED_UP), Reason.ADDRESSES_MISSING),
    ],
)  # fmt: skip
def test_where_the_address_alone_counts_it_must_be_in_the_area(
    address: Address, reason: Reason | None
) -> None:
    wish = request(sighting(evidence=None, survey=None, token_sha256=None, address=address))

    verdict = judged(wish, rules=BY_IP, device=None)

    assert verdict.reasons == (() if reason is None else (reason,))
    assert verdict.life_seconds == (1_200 if reason is None else None)


def test_where_the_address_alone_counts_a_whole_country_has_no_parts() -> None:
    address = Address(state=AddressState.FOUND, country="GB")
    rules = msgspec.structs.replace(BY_IP, area="GB")

    verdict = judged(request(sighting(evidence=None, address=address)), rules=rules)

    assert verdict.decision is Decision.PASS


def permitted(verdict: Verdict, before: Permit | None = None) -> Permit:
    return permit_after(before, request(), verdict, device="aaaa", network="1234", now=NOW)


def test_a_permit_is_good_for_its_session_network_and_time() -> None:
    """GEO-01, GEO-05."""
    permit = permitted(judged())
    end = NOW + timedelta(seconds=1_200)

    def stands(permit: Permit | None, network: str = "1234", now: Any = NOW) -> Standing:
        return standing(DEVICE, permit, network=network, now=now)

    assert stands(permit) is Standing.PERMITTED
    assert stands(permit, now=end - timedelta(microseconds=1)) is Standing.PERMITTED
    assert stands(permit, now=end) is Standing.EXPIRED
    assert stands(permit, network="4321") is Standing.NETWORK_CHANGED
    assert stands(None) is Standing.NOT_SHOWN
    assert stands(failed(1)) is Standing.BLOCKED


def test_a_licence_that_does_not_recheck_on_a_change_of_address_does_not() -> None:
    rules = msgspec.structs.replace(DEVICE, ip_change_rechecks=False)

    assert standing(rules, permitted(judged()), network=None, now=NOW) is Standing.PERMITTED


def test_only_what_speaks_against_a_place_ends_a_permit_at_once() -> None:
    before = permitted(judged())

    lost = permitted(judged(with_evidence(fix=None), permit=before), before)
    outside = permitted(judged(request(sighting(survey=survey(-1.0))), permit=before), before)

    assert standing(DEVICE, lost, network="1234", now=NOW) is Standing.PERMITTED
    assert (lost.failures, lost.check_id) == (1, before.check_id)
    assert standing(DEVICE, outside, network="1234", now=NOW) is Standing.BLOCKED


def test_a_fix_is_kept_only_of_whose_it_is() -> None:
    own, other = personal_values(request()), personal_values(with_evidence(player_id="bob"))

    assert [path.rpartition("/")[2] for path in own] == ["address", "fix"]
    assert list(own.values())[1] == "40.5000000,-74.5000000,20.0"
    assert [path.rpartition("/")[2] for path in other] == ["address"]


def test_distances_on_the_sphere_are_those_of_an_atlas() -> None:
    assert distance_metres(51.4775, -0.4614, 40.6413, -73.7781) == pytest.approx(5_540e3, rel=0.005)
    assert distance_metres(10.0, 179.5, 10.0, -179.5) == pytest.approx(109.5e3, rel=0.005)
    assert distance_metres(1.0, 2.0, 1.0, 2.0) == 0


def kept(number: int, decision: Decision) -> Kept:
    """Return one of a player's checks."""
    passed = decision is Decision.PASS
    return Kept(
        check_id=f"check {number}",
        player_id=ANN,
        session_id=SESSION,
        token_sha256=None,
        evidence=None,
        decision=decision,
        reasons=() if passed else (Reason.FIX_MISSING,),
        expires_at=NOW if passed else None,
        checked_at=NOW,
    )


@pytest.mark.parametrize(
    ("newest_first", "failures", "is_pointed_out"),
    [
        ((), 0, False),
        ((Decision.PASS, Decision.FAIL, Decision.FAIL, Decision.FAIL), 0, False),
        ((Decision.FAIL, Decision.INDETERMINATE, Decision.PASS, Decision.FAIL), 2, False),
        ((Decision.FAIL, Decision.INDETERMINATE, Decision.FAIL, Decision.PASS), 3, True),
        ((Decision.FAIL,) * 5, 5, True),
    ],
)
def test_three_failures_since_the_last_pass_are_pointed_out_to_staff(
    newest_first: tuple[Decision, ...], failures: int, is_pointed_out: bool
) -> None:
    checks = [kept(number, decision) for number, decision in enumerate(newest_first)]
    other = Sharer(player_id=PlayerId(derived_id("bob")), seen_at=NOW)

    alone, shared = history(checks, []), history(checks, [other])

    assert alone.failures == failures
    assert (Alert.REPEATED_FAILURES in alone.alerts) == is_pointed_out
    assert set(shared.alerts) - set(alone.alerts) == {Alert.SHARED_DEVICE}
