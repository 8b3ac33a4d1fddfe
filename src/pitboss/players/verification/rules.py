"""Which checks are made, which news is believed, and how a player stands then.  Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

import msgspec

from pitboss.kernel.ids import IdempotencyKey, PlayerId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.players.verification.model import (
    Check,
    CheckId,
    CheckNews,
    CheckRequest,
    CheckState,
    DecisionRequest,
    NewsRefusal,
    NewsStatus,
    Refusal,
    Verification,
    VerificationState,
)

_PLAYER_STATES = {
    CheckState.REQUESTED: VerificationState.PENDING,
    CheckState.SUBMITTED: VerificationState.PENDING,
    CheckState.DOCUMENTS_WANTED: VerificationState.DOCUMENTS_WANTED,
    CheckState.VERIFIED: VerificationState.VERIFIED,
    CheckState.REFUSED: VerificationState.REFUSED,
    CheckState.EXPIRED: VerificationState.EXPIRED,
    # Nobody learned anything: the player stands where nobody has looked, and may ask again.
    CheckState.FAILED: VerificationState.UNVERIFIED,
}


def check_id(player_id: PlayerId, key: IdempotencyKey, provider: str) -> CheckId:
    """Return the id of the check that this player's key stands for: always the same one."""
    return CheckId(derived_id("verification", player_id, provider, key))


def refusal_to_check(
    standing: Verification | None, *, known: bool, now: datetime
) -> Refusal | None:
    """Return why no check of this player is made now, if so.  Who was refused may ask again."""
    if not known:
        return Refusal.UNKNOWN_PLAYER
    state = VerificationState.UNVERIFIED if standing is None else standing.state_at(now)
    if state in (VerificationState.PENDING, VerificationState.DOCUMENTS_WANTED):
        return Refusal.CHECK_OPEN
    return Refusal.ALREADY_VERIFIED if state is VerificationState.VERIFIED else None


def is_repeat(check: Check, request: CheckRequest | DecisionRequest) -> bool:
    """Say whether a request asks for what its check was made for."""
    if isinstance(request, CheckRequest):
        return check.player_id == request.player_id and check.provider == request.provider
    return (
        check.player_id == request.player_id
        and check.state.value == request.decision.value
        and check.reason == request.reason
        and check.valid_until == request.valid_until
    )


def standing_after(check: Check, *, at: datetime) -> Verification:
    """Return how a player stands once a check stands like this."""
    verified = check.state is CheckState.VERIFIED
    return Verification(
        player_id=check.player_id,
        state=_PLAYER_STATES[check.state],
        since=at,
        check_id=check.id,
        valid_until=check.valid_until if verified else None,
    )


def refusal_to_believe(check: Check | None, news: CheckNews) -> NewsRefusal | None:
    """Return why this news of a check is not believed, if so.

    What is closed stays closed: a late word cannot undo a verification, nor make one.
    """
    if check is None or check.provider != news.provider:
        return NewsRefusal.UNKNOWN_CHECK
    if check.reference is not None and check.reference != news.reference:
        return NewsRefusal.OTHER_REFERENCE
    return None if check.state.is_open else NewsRefusal.CHECK_CLOSED


def told(check: Check, news: CheckNews, *, at: datetime) -> Check:
    """Return a check once its provider has told how it stands."""
    state = CheckState(news.status.value)
    return replace(
        check,
        state=state,
        reference=news.reference,
        reason=news.reason,
        documents=news.documents if news.status is NewsStatus.DOCUMENTS_WANTED else (),
        valid_until=news.valid_until if news.status is NewsStatus.VERIFIED else None,
        closed_at=None if state.is_open else at,
    )


def digest(news: CheckNews) -> str:
    """Return what tells two tellings under one event id apart, in hexadecimal."""
    valid_until = None if news.valid_until is None else write_instant(news.valid_until)
    parts = (
        news.check_id,
        news.reference,
        news.status,
        news.reason,
        news.documents,
        valid_until,
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def superseded(check: Check, *, at: datetime) -> Check:
    """Return an open check once a member of staff has decided instead of its provider."""
    return replace(
        check, state=CheckState.FAILED, reason="decided_by_staff", documents=(), closed_at=at
    )
