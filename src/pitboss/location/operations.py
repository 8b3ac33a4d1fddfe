"""Writes of location: inside the caller's turn, safe to repeat with the same check ids."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Jurisdiction, LocationKind, LocationRules
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard, shard_of
from pitboss.location.facts import LocationChecked
from pitboss.location.model import (
    CheckAnswer,
    Checked,
    CheckRequest,
    Evidence,
    Kept,
    LastFix,
    Permit,
    Place,
    Refusal,
    Refused,
    Sighting,
    Verdict,
    device_digest,
    device_tag,
    network_tag,
)
from pitboss.location.ports import Instruments
from pitboss.messages import Turn
from pitboss.players import personal
from pitboss.players.personal.model import KeepRequest, PersonalKeys, SubjectId
from pitboss.players.personal.model import Kept as KeptValues

from . import rules, store

# Beyond it a radius in a fact says nothing more; whole numbers there end at 2^53.
_METRES_TOLD_MAX = 10_000_000


def gather(
    instruments: Instruments,
    licence: LocationRules,
    *,
    token: str | None,
    ip: str,
    now: datetime,
) -> Sighting:
    """Read the token, look its place and the address up; nothing is decided and nothing written.

    It takes no lock and needs no turn: this is where the time of a check goes, a fifth of a
    millisecond.  `now` is the machine's time.  Where the address alone counts, no token is read.
    """
    address = instruments.addresses.find(ip)
    if licence.kind is not LocationKind.DEVICE or token is None:
        return Sighting(asked_at=now, ip=ip, address=address)
    evidence = instruments.tokens.read(token)
    survey = None
    if (
        isinstance(evidence, Evidence)
        and evidence.fix is not None
        and licence.area is not None
        and rules.is_possible(evidence.fix)
    ):
        survey = instruments.boundaries.survey(
            licence.area, evidence.fix.latitude, evidence.fix.longitude
        )
    return Sighting(
        asked_at=now,
        ip=ip,
        address=address,
        token_sha256=hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest(),
        evidence=evidence,
        survey=survey,
    )


async def check(
    turn: Turn, requests: Sequence[CheckRequest], *, keys: PersonalKeys
) -> tuple[CheckAnswer, ...]:
    """Decide whether players may play where they are, and give or end their permits.

    The turn holds the players' shards.  Every request is answered, in order, and sees what those
    before it did; every check is a fact and is kept, whatever it came to.  The same check id again
    gives the first answer, and is refused with another token or for another session.  A token is
    good for one check, also if many bring it at once.
    """
    ensure(
        all(shard_of(request.player_id) in turn.heads for request in requests),
        "players are located by who holds their shard's turn",
    )
    if not requests:
        return ()
    desk = await _open_desk(turn, requests, keys)
    answers = tuple([desk.answer(request) for request in requests])
    await store.save_checks(turn.tx, [case.kept for case in desk.cases])
    await store.save_permits(turn.tx, [desk.permits[place] for place in desk.touched])
    await store.save_devices(turn.tx, desk.devices)
    await store.save_last_fixes(turn.tx, {fix.player_id: fix for fix in desk.fresh.values()})
    for place in desk.touched:
        # A permit that is remembered elsewhere in this process is another one now.
        turn.recall(shard_of(place.player_id), Permit).pop(
            f"{place.player_id} {place.session_id}", None
        )
    for case, commitments in zip(desk.cases, await _keep(turn, desk.cases, keys), strict=True):
        turn.publish(
            shard_of(case.request.player_id),
            case.request.player_id,
            _told(case, commitments),
            cause=case.request.check_id,
        )
    return answers


async def forget(turn: Turn, player_ids: Collection[PlayerId]) -> None:
    """Forget where players were last seen, and on what; `personal` forgets the rest.

    Asking again changes nothing.
    """
    await store.forget(turn.tx, player_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A fresh check and what it came to."""

    request: CheckRequest
    licence: Jurisdiction
    verdict: Verdict
    device: str | None
    network: str
    kept: Kept


@dataclass(slots=True, kw_only=True)
class _Desk:
    """What is known while a batch is answered, one request after another."""

    now: datetime
    keys: PersonalKeys
    known: dict[str, Kept]
    permits: dict[Place, Permit]
    used: set[tuple[Shard, bytes]]
    last: dict[PlayerId, LastFix]
    cases: list[_Case] = field(default_factory=list)
    touched: dict[Place, None] = field(default_factory=dict)
    fresh: dict[PlayerId, LastFix] = field(default_factory=dict)
    devices: dict[tuple[bytes, PlayerId], datetime] = field(default_factory=dict)

    def answer(self, request: CheckRequest) -> CheckAnswer:
        """Answer one request and remember what it changed."""
        kept = self.known.get(request.check_id)
        if kept is not None:
            return _repeated(kept, request)
        licence = jurisdictions.get(request.jurisdiction)
        if licence.location.kind is LocationKind.NONE:
            return Refused(reason=Refusal.LOCATION_NOT_NEEDED)
        case = self._decide(request, licence)
        self.known[request.check_id] = case.kept
        self.cases.append(case)
        return _checked(case.kept)

    def _decide(self, request: CheckRequest, licence: Jurisdiction) -> _Case:
        player_id, evidence = request.player_id, request.sighting.evidence
        place = Place(player_id=player_id, session_id=request.session_id)
        permit = self.permits.get(place)
        own = evidence if isinstance(evidence, Evidence) else None
        device = None if own is None else device_tag(self.keys, player_id, own.device_id)
        digest = None if own is None else rules.evidence_digest(own)
        verdict = rules.judge(
            licence.location,
            request,
            device_bound=None if permit is None else permit.device,
            device=device,
            replayed=digest is not None and (shard_of(player_id), digest) in self.used,
            permit=permit,
            last=self.last.get(player_id),
            now=self.now,
        )
        network = network_tag(self.keys, player_id, request.sighting.ip)
        after = rules.permit_after(
            permit, request, verdict, device=device, network=network, now=self.now
        )
        self.permits[place] = after
        self.touched[place] = None
        if digest is not None and verdict.consumed:
            self.used.add((shard_of(player_id), digest))
        if own is not None and verdict.consumed:
            found = device_digest(self.keys, own.vendor, own.device_id)
            self.devices[found, player_id] = self.now
        if verdict.seen and own is not None and own.fix is not None:
            self.last[player_id] = self.fresh[player_id] = rules.coarse(player_id, own.fix)
        return _Case(
            request=request,
            licence=licence,
            verdict=verdict,
            device=device,
            network=network,
            kept=Kept(
                check_id=request.check_id,
                player_id=player_id,
                session_id=request.session_id,
                token_sha256=request.sighting.token_sha256,
                evidence=digest if verdict.consumed else None,
                decision=verdict.decision,
                reasons=verdict.reasons,
                expires_at=None if verdict.life_seconds is None else after.expires_at,
                checked_at=self.now,
            ),
        )


async def _open_desk(turn: Turn, requests: Sequence[CheckRequest], keys: PersonalKeys) -> _Desk:
    """Look at all that the requests of a batch are judged by."""
    digests = {
        (shard_of(request.player_id), rules.evidence_digest(request.sighting.evidence))
        for request in requests
        if isinstance(request.sighting.evidence, Evidence)
    }
    places = {
        Place(player_id=request.player_id, session_id=request.session_id) for request in requests
    }
    checks = {(shard_of(request.player_id), request.check_id) for request in requests}
    return _Desk(
        now=turn.now,
        keys=keys,
        known=await store.find_checks(turn.tx, checks),
        permits=await store.find_permits(turn.tx, list(places)),
        used=await store.find_used(turn.tx, digests),
        last=await store.find_last_fixes(turn.tx, {request.player_id for request in requests}),
    )


async def _keep(turn: Turn, cases: Sequence[_Case], keys: PersonalKeys) -> list[Mapping[str, str]]:
    """Keep where players were, under their own keys; return the commitments of each check.

    Of who was erased nothing is kept.
    """
    wishes = [
        KeepRequest(
            subject_id=SubjectId(case.request.player_id),
            values=rules.personal_values(case.request),
        )
        for case in cases
    ]
    return [
        answer.commitments if isinstance(answer, KeptValues) else {}
        for answer in await personal.keep(turn, wishes, keys=keys)
    ]


def _repeated(kept: Kept, request: CheckRequest) -> CheckAnswer:
    same = (
        kept.player_id == request.player_id
        and kept.session_id == request.session_id
        and kept.token_sha256 == request.sighting.token_sha256
    )
    return _checked(kept) if same else Refused(reason=Refusal.KEY_REUSED)


def _checked(kept: Kept) -> Checked:
    return Checked(
        check_id=kept.check_id,
        decision=kept.decision,
        reasons=kept.reasons,
        expires_at=kept.expires_at,
    )


def _told(case: _Case, commitments: Mapping[str, str]) -> LocationChecked:
    request, kept, verdict = case.request, case.kept, case.verdict
    evidence = request.sighting.evidence
    own = evidence if isinstance(evidence, Evidence) else None
    survey = request.sighting.survey
    return LocationChecked(
        check_id=request.check_id,
        player_id=request.player_id,
        session_id=request.session_id,
        jurisdiction=case.licence.code,
        rules_version=case.licence.rules_version,
        decision=verdict.decision,
        failures=verdict.failures,
        ends_permit=verdict.ends_permit,
        near_border=verdict.near_border,
        network=case.network,
        device=case.device,
        vendor=None if own is None else own.vendor,
        key_id=None if own is None else own.key_id,
        token_sha256=None if kept.token_sha256 is None else kept.token_sha256.hex(),
        evidence=None if kept.evidence is None else kept.evidence.hex(),
        sources=() if own is None else tuple(own.sources),
        accuracy_metres=None
        if own is None or own.fix is None
        else _metres(own.fix.accuracy_metres),
        boundary=None if survey is None else survey.boundary,
        boundary_version=None if survey is None else survey.version,
        reasons=tuple(verdict.reasons),
        fraud_flags=() if own is None else tuple(own.flags),
        token_issued_at=None if own is None else write_instant(own.issued_at),
        expires_at=None if kept.expires_at is None else write_instant(kept.expires_at),
        pd=commitments,
    )


def _metres(value: float) -> int | None:
    """Return whole metres, rounded up; None of what is no radius."""
    if not 0.0 <= value <= _METRES_TOLD_MAX:
        return None
    return -int(-value // 1)
