"""What a sighting comes to: where somebody may play, for how long, and why not.

Pure.  Geometry comes as distances in metres: a circle lies wholly inside an area if its middle does
and the border is farther away than its radius, so nothing has to be drawn.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import asin, cos, isfinite, radians, sin, sqrt

import msgspec

from pitboss.jurisdictions.model import LocationKind, LocationRules
from pitboss.kernel.ids import PlayerId
from pitboss.location.model import (
    FAILURES_WARNED,
    UNPROVEN,
    Address,
    AddressState,
    Alert,
    CheckRequest,
    Decision,
    Evidence,
    Fix,
    Flag,
    History,
    Kept,
    LastFix,
    Permit,
    Reason,
    Sharer,
    Sighting,
    Source,
    Standing,
    Survey,
    Verdict,
    canonical_ip,
)
from pitboss.players.personal.model import Path

# How far two clocks that are kept by NTP may be apart, and some more for a phone's.
SKEW = timedelta(seconds=30)
# A position that is older than this says where somebody was.
FIX_AGE_MAX = timedelta(seconds=120)
# A token is sent at once; one that is kept back longer than this was kept for later.
TOKEN_AGE_MAX = timedelta(seconds=300)
# Beyond this a circle says nothing; no licence reaches so far.
ACCURACY_METRES_MAX = 1_000_000.0
# Half of a hundredth of a degree, on both axes, of the remembered fix.
COARSE_METRES = 790.0
EARTH_METRES = 6_371_008.8
# By so much a distance on the sphere may differ from one on the ellipsoid.
SPHERE_SHARE = 0.006
# For licences that do not say: nobody waits shorter, and no permit lasts longer.
RECHECK_SECONDS = 1_200
# Two fixes within this of each other are one moment: a device reads its clock in seconds.
TRAVEL_SECONDS_MIN = 1.0

_FRAUD = {flag: Reason(f"fraud_{flag}") for flag in Flag}


def evidence_digest(evidence: Evidence) -> bytes:
    """Return what a token is remembered by: 32 bytes of whose it is and its id."""
    return hashlib.sha256(f"{evidence.vendor}\x00{evidence.token_id}".encode()).digest()


def is_possible(fix: Fix) -> bool:
    """Say whether there is such a place on earth."""
    # Comparisons with what is no number are false.
    return abs(fix.latitude) <= 90.0 and abs(fix.longitude) <= 180.0


def judge(
    rules: LocationRules,
    request: CheckRequest,
    *,
    device_bound: str | None,
    device: str | None,
    replayed: bool,
    permit: Permit | None,
    last: LastFix | None,
    now: datetime,
) -> Verdict:
    """Say what a sighting comes to.

    All reasons are given, of the first group that has any: a token that cannot be believed says
    nothing about a place.  `INDETERMINATE` is that; it ends no permit until there were too many in
    a row, while `FAIL` ends it at once.

    Args:
        rules: of the player's licence, whose kind is not `none`.
        request: what was gathered.
        device_bound: the tag of the device that the session belongs to, if it does to one.
        device: the tag of the token's device.
        replayed: this token was used up by another check.
        permit: what the session's earlier checks came to.
        last: where the player was last seen.
        now: the platform's time, in which permits live.
    """
    before = 0 if permit is None else permit.failures
    if is_blocked(rules, permit, now):
        return Verdict(
            decision=Decision.INDETERMINATE,
            reasons=(Reason.TOO_MANY_ATTEMPTS,),
            ends_permit=True,
            failures=before,
        )
    if rules.attempts_max is not None and before >= rules.attempts_max:
        before = 0
    unproven = tuple(
        _unproven(rules, request, device_bound=device_bound, device=device, replayed=replayed)
    )
    against: tuple[Reason, ...] = ()
    if not unproven:
        unproven, against = _grouped(_against(rules, request.sighting, last))
    return _verdict(
        rules, request, unproven, against, failures_before=before, consumed=not replayed
    )


def _verdict(
    rules: LocationRules,
    request: CheckRequest,
    unproven: tuple[Reason, ...],
    against: tuple[Reason, ...],
    *,
    failures_before: int,
    consumed: bool,
) -> Verdict:
    """Return what follows from the reasons that were found."""
    consumed = consumed and _is_own(request)
    seen = consumed and not unproven and not _untrusted(against)
    if not (against or unproven):
        life, near = permit_life(rules, request.sighting)
        return Verdict(
            decision=Decision.PASS,
            life_seconds=life,
            near_border=near,
            consumed=consumed,
            seen=seen,
        )
    failures = failures_before + 1
    exhausted = rules.attempts_max is not None and failures >= rules.attempts_max
    return Verdict(
        decision=Decision.FAIL if against else Decision.INDETERMINATE,
        reasons=against + unproven,
        ends_permit=bool(against) or exhausted,
        failures=failures,
        consumed=consumed,
        seen=seen,
    )


def is_blocked(rules: LocationRules, permit: Permit | None, now: datetime) -> bool:
    """Say whether so many checks failed in a row that the next one has to wait.

    It waits as long as a permit near the border lasts, counted from the last failure.
    Source: ME 16-633 ch. 62, s. 3.B(4), GEO-06 in the reference.
    """
    if rules.attempts_max is None or permit is None or permit.failed_at is None:
        return False
    pause = rules.near_border_recheck_seconds or rules.recheck_seconds or RECHECK_SECONDS
    return permit.failures >= rules.attempts_max and now < permit.failed_at + timedelta(
        seconds=pause
    )


def permit_life(rules: LocationRules, sighting: Sighting) -> tuple[float, bool]:
    """Return how many seconds a permit lasts, and whether that is a border's doing.

    The licence's interval; a shorter one near the border; for who is on the way, no longer than it
    takes to get there; and no longer than the provider stands by its token.
    Source: ME 16-633 ch. 62, s. 3.B(2); GEO-03 and GEO-04 in the reference.
    """
    life = float(rules.recheck_seconds or RECHECK_SECONDS)
    evidence, survey = sighting.evidence, sighting.survey
    if not isinstance(evidence, Evidence):
        return life, False
    fix, near = evidence.fix, False
    if survey is not None and fix is not None:
        slack = min(survey.border_metres, survey.zone_metres) - fix.accuracy_metres
        if rules.near_border_metres is not None and slack < rules.near_border_metres:
            near = True
            life = min(life, float(rules.near_border_recheck_seconds or life))
        if rules.speed_kmh is not None and not fix.stopped:
            on_the_way = (sighting.asked_at - fix.taken_at).total_seconds()
            life = min(life, slack * 3.6 / rules.speed_kmh - max(on_the_way, 0.0))
    left = (evidence.valid_until - sighting.asked_at).total_seconds()
    return max(min(life, left), 0.0), near


def standing(
    rules: LocationRules, permit: Permit | None, *, network: str | None, now: datetime
) -> Standing:
    """Say whether a session may stake now, from this network.

    Source: ME 16-633 ch. 62, s. 1 and 3.B; N.J.A.C. 13:69O-1.2(e); GEO-01, 02, 05 and 15 in the
    reference.
    """
    if rules.kind is LocationKind.NONE:
        return Standing.NOT_NEEDED
    if permit is None:
        return Standing.NOT_SHOWN
    if permit.expires_at is None or now >= permit.expires_at:
        return Standing.BLOCKED if permit.failures else Standing.EXPIRED
    if rules.ip_change_rechecks and permit.network != network:
        return Standing.NETWORK_CHANGED
    return Standing.PERMITTED


def distance_metres(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float
) -> float:
    """Return how far two points are apart on a sphere: within 0.6 % of the truth."""
    south, north = radians(latitude), radians(other_latitude)
    half_chord = (
        sin((north - south) / 2) ** 2
        + cos(south) * cos(north) * sin(radians(other_longitude - longitude) / 2) ** 2
    )
    return 2 * EARTH_METRES * asin(min(sqrt(half_chord), 1.0))


def coarse(player_id: PlayerId, fix: Fix) -> LastFix:
    """Return a fix as it is remembered: in whole hundredths of a degree."""
    return LastFix(
        player_id=player_id,
        latitude_centi=round(fix.latitude * 100),
        longitude_centi=round(fix.longitude * 100),
        taken_at=fix.taken_at,
    )


def permit_after(
    permit: Permit | None,
    request: CheckRequest,
    verdict: Verdict,
    *,
    device: str | None,
    network: str,
    now: datetime,
) -> Permit:
    """Return what a session's checks have come to after this one."""
    if verdict.life_seconds is not None:
        return Permit(
            player_id=request.player_id,
            session_id=request.session_id,
            check_id=request.check_id,
            device=device,
            network=network,
            expires_at=now + timedelta(seconds=verdict.life_seconds),
        )
    before = permit or Permit(player_id=request.player_id, session_id=request.session_id)
    expires_at = before.expires_at
    if verdict.ends_permit and expires_at is not None:
        expires_at = min(expires_at, now)
    waits = Reason.TOO_MANY_ATTEMPTS in verdict.reasons
    return msgspec.structs.replace(
        before,
        expires_at=expires_at,
        failures=verdict.failures,
        failed_at=before.failed_at if waits else now,
    )


def personal_values(request: CheckRequest) -> dict[Path, str]:
    """Return what of a check is personal data: the player's own fix, and the request's address."""
    evidence = request.sighting.evidence
    values = {Path(f"/location/{request.check_id}/address"): request.sighting.ip}
    if _is_own(request) and isinstance(evidence, Evidence) and evidence.fix is not None:
        fix = evidence.fix
        values[Path(f"/location/{request.check_id}/fix")] = (
            f"{fix.latitude:.7f},{fix.longitude:.7f},{fix.accuracy_metres:.1f}"
        )
    return values


def history(checks: Sequence[Kept], sharers: Sequence[Sharer]) -> History:
    """Return what staff are shown of a player's checks, the newest first.

    Source: GEO-09 in the reference (repeated failures and shared devices are looked at).
    """
    passed = [number for number, check in enumerate(checks) if check.decision is Decision.PASS]
    failures = passed[0] if passed else len(checks)
    alerts = []
    if failures >= FAILURES_WARNED:
        alerts.append(Alert.REPEATED_FAILURES)
    if sharers:
        alerts.append(Alert.SHARED_DEVICE)
    return History(
        checks=tuple(checks), failures=failures, sharers=tuple(sharers), alerts=tuple(alerts)
    )


def _unproven(
    rules: LocationRules,
    request: CheckRequest,
    *,
    device_bound: str | None,
    device: str | None,
    replayed: bool,
) -> Iterator[Reason]:
    """Find why the evidence cannot be believed, or says nothing."""
    evidence = request.sighting.evidence
    if rules.kind is LocationKind.IP:
        return
    if evidence is None:
        yield Reason.TOKEN_MISSING
    elif isinstance(evidence, Reason):
        yield evidence
    else:
        yield from _of_another(request, evidence, device_bound, device)
        if replayed:
            yield Reason.TOKEN_REPLAYED
        yield from _untimely(evidence, request.sighting.asked_at)
        yield from _unusable(rules, request.sighting, evidence)


def _of_another(
    request: CheckRequest, evidence: Evidence, device_bound: str | None, device: str | None
) -> Iterator[Reason]:
    if evidence.player_id != request.player_id:
        yield Reason.OTHER_PLAYER
    if evidence.session_id != request.session_id:
        yield Reason.OTHER_SESSION
    foreign = request.device_id is not None and request.device_id != evidence.device_id
    if foreign or (device_bound is not None and device_bound != device):
        yield Reason.OTHER_DEVICE
    if evidence.address is not None and _differ(evidence.address, request.sighting.ip):
        yield Reason.OTHER_ADDRESS


def _differ(one: str, other: str) -> bool:
    """Say whether two addresses of one family differ; of two families nobody can say."""
    try:
        first = ipaddress.ip_address(canonical_ip(one))
        second = ipaddress.ip_address(canonical_ip(other))
    except ValueError:
        return one != other
    return first.version == second.version and first != second


def _untimely(evidence: Evidence, now: datetime) -> Iterator[Reason]:
    """Find what is wrong with the token's times.  Source: RFC 7519, sections 4.1.4 to 4.1.6."""
    if now >= evidence.valid_until:
        yield Reason.TOKEN_EXPIRED
    if evidence.valid_from > now + SKEW:
        yield Reason.TOKEN_NOT_YET_VALID
    if evidence.issued_at > now + SKEW:
        yield Reason.TOKEN_FROM_THE_FUTURE
    fix = evidence.fix
    if now - evidence.issued_at > TOKEN_AGE_MAX or (
        fix is not None and not (-SKEW <= now - fix.taken_at <= FIX_AGE_MAX)
    ):
        yield Reason.FIX_STALE


def _unusable(rules: LocationRules, sighting: Sighting, evidence: Evidence) -> Iterator[Reason]:
    fix = evidence.fix
    if fix is None:
        # Flags say enough by themselves; a provider that only says no could not find out.
        if not evidence.flags:
            yield Reason.FIX_MISSING
        return
    if not is_possible(fix):
        yield Reason.COORDINATES_IMPOSSIBLE
    if not (isfinite(fix.accuracy_metres) and 0.0 < fix.accuracy_metres <= ACCURACY_METRES_MAX):
        yield Reason.ACCURACY_IMPOSSIBLE
    elif rules.accuracy_metres_max is not None and fix.accuracy_metres > rules.accuracy_metres_max:
        yield Reason.INACCURATE
    if all(source is Source.IP for source in evidence.sources):
        yield Reason.ADDRESS_ALONE
    if is_possible(fix) and sighting.survey is None:
        yield Reason.BOUNDARY_MISSING


def _against(rules: LocationRules, sighting: Sighting, last: LastFix | None) -> Iterator[Reason]:
    """Find what speaks against the place, once the evidence can be believed."""
    evidence = sighting.evidence
    if rules.kind is LocationKind.DEVICE and isinstance(evidence, Evidence):
        for flag in dict.fromkeys(evidence.flags):
            yield _FRAUD[flag]
        if evidence.refused:
            yield Reason.PROVIDER_REFUSED
        if evidence.fix is not None and sighting.survey is not None:
            yield from _misplaced(rules, evidence.fix, sighting.survey)
            if last is not None and _travelled_too_fast(rules, last, evidence.fix):
                yield Reason.IMPOSSIBLE_TRAVEL
    yield from _of_address(rules, sighting.address)


def _misplaced(rules: LocationRules, fix: Fix, survey: Survey) -> Iterator[Reason]:
    """Find where the circle of accuracy and the buffer around it are not wholly allowed.

    Source: GEO-10 and GEO-13 in the reference.
    """
    needed = fix.accuracy_metres + (rules.buffer_metres or 0)
    if survey.border_metres < 0:
        yield Reason.OUTSIDE
    elif survey.border_metres < needed:
        yield Reason.BORDER_TOO_NEAR
    if survey.zone_metres <= 0:
        yield Reason.IN_EXCLUSION_ZONE
    elif survey.zone_metres < needed:
        yield Reason.EXCLUSION_ZONE_TOO_NEAR


def _travelled_too_fast(rules: LocationRules, last: LastFix, fix: Fix) -> bool:
    """Say whether nobody gets from the last fix to this one in that time.

    In doubt for the player: what both circles and the coarse memory leave open is taken off.
    """
    if rules.travel_kmh_max is None:
        return False
    apart = distance_metres(
        last.latitude_centi / 100, last.longitude_centi / 100, fix.latitude, fix.longitude
    )
    certain = apart * (1 - SPHERE_SHARE) - COARSE_METRES - fix.accuracy_metres
    seconds = max(abs((fix.taken_at - last.taken_at).total_seconds()), TRAVEL_SECONDS_MIN)
    return certain * 3.6 > rules.travel_kmh_max * seconds


def _of_address(rules: LocationRules, address: Address) -> Iterator[Reason]:
    """Find what speaks against the request's own address.

    With a device only the country counts: where a network's cables end is no part of where the
    device is.  Source: 205 CMR 243.01(1)(i), GEO-14 in the reference.
    """
    if address.state is AddressState.NOT_LOOKED_UP:
        yield Reason.ADDRESSES_MISSING
        return
    yield from address.reasons
    country, _, subdivision = (rules.area or "").partition("-")
    if rules.kind is LocationKind.DEVICE:
        if address.country is not None and address.country != country:
            yield Reason.ADDRESS_ELSEWHERE
        return
    known = address.country is not None and (not subdivision or address.subdivision is not None)
    if address.country is not None and address.country != country:
        yield Reason.ADDRESS_ELSEWHERE
    elif not known:
        yield Reason.ADDRESS_UNKNOWN
    elif subdivision and address.subdivision != subdivision:
        yield Reason.ADDRESS_ELSEWHERE


def _grouped(reasons: Iterator[Reason]) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Return the reasons that prove nothing, and those that speak against a place."""
    found = tuple(reasons)
    return (
        tuple(reason for reason in found if reason in UNPROVEN),
        tuple(reason for reason in found if reason not in UNPROVEN),
    )


def _is_own(request: CheckRequest) -> bool:
    """Say whether the token was signed for who brings it: then it is used up."""
    evidence = request.sighting.evidence
    return isinstance(evidence, Evidence) and evidence.player_id == request.player_id


def _untrusted(reasons: tuple[Reason, ...]) -> bool:
    """Say whether the device is not to be believed, not even about where it was."""
    return any(
        reason is Reason.IMPOSSIBLE_TRAVEL or reason is Reason.PROVIDER_REFUSED or reason in _LIES
        for reason in reasons
    )


_LIES = frozenset(_FRAUD.values())
