"""Nouns of verification: checks, what providers tell of them, how a player stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from pitboss.kernel.ids import IdempotencyKey, PlayerId
from pitboss.kernel.shards import Shard

CheckId = NewType("CheckId", str)

# The provider's name for checks that a member of staff made by hand.
STAFF = "staff"
SANDBOX = "sandbox"
DOCUMENTS_MAX = 10
# What may ever be asked for; a player is told before the first deposit.  Source: LCCP 17.1.1(3).
DOCUMENTS_POSSIBLE = ("identity_card", "passport", "driving_licence", "utility_bill")


class VerificationState(StrEnum):
    """How a player's identity stands."""

    UNVERIFIED = "unverified"
    PENDING = "pending"
    DOCUMENTS_WANTED = "documents_wanted"
    VERIFIED = "verified"
    REFUSED = "refused"
    EXPIRED = "expired"


class CheckState(StrEnum):
    """How one check stands; `not_made` is a request that was refused."""

    NOT_MADE = "not_made"
    REQUESTED = "requested"
    SUBMITTED = "submitted"
    DOCUMENTS_WANTED = "documents_wanted"
    VERIFIED = "verified"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        """Whether something may still come of it."""
        return self in (CheckState.REQUESTED, CheckState.SUBMITTED, CheckState.DOCUMENTS_WANTED)


class NewsStatus(StrEnum):
    """What a provider says of a check."""

    DOCUMENTS_WANTED = "documents_wanted"
    VERIFIED = "verified"
    REFUSED = "refused"
    FAILED = "failed"


class Decision(StrEnum):
    """What a member of staff may find: that it is so, that it is not, that it is too long ago."""

    VERIFIED = "verified"
    REFUSED = "refused"
    EXPIRED = "expired"


class DecisionReason(StrEnum):
    """Why staff decided; a closed set, so that no personal data slips into a fact."""

    DOCUMENTS_SEEN = "documents_seen"
    DOCUMENTS_FORGED = "documents_forged"
    DATA_CHANGED = "data_changed"
    UNDER_AGE = "under_age"
    TOO_OLD = "too_old"
    MISTAKE = "mistake"


class Refusal(StrEnum):
    """Why verification says no."""

    UNKNOWN_PLAYER = "unknown_player"
    CHECK_OPEN = "check_open"
    ALREADY_VERIFIED = "already_verified"
    KEY_REUSED = "key_reused"


class NewsRefusal(StrEnum):
    """Why a provider's news is not believed."""

    UNKNOWN_CHECK = "unknown_check"
    OTHER_REFERENCE = "other_reference"
    CHECK_CLOSED = "check_closed"


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """How a player stands; `valid_until` is when a verification is too old, if that is known.

    A Struct, because the gate makes one for every stake.
    """

    player_id: PlayerId
    state: VerificationState
    since: datetime | None = None
    check_id: CheckId | None = None
    valid_until: datetime | None = None

    def state_at(self, now: datetime) -> VerificationState:
        """Return how it stands at this moment: what was verified may have become too old."""
        ended = self.valid_until is not None and now >= self.valid_until
        if self.state is VerificationState.VERIFIED and ended:
            return VerificationState.EXPIRED
        return self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of a player's identity."""

    shard: Shard
    id: CheckId
    player_id: PlayerId
    provider: str
    state: CheckState
    reference: str | None = None
    reason: str | None = None
    documents: tuple[str, ...] = ()
    valid_until: datetime | None = None
    requested_at: datetime
    closed_at: datetime | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """Check who this player is.  The same key is the same check."""

    player_id: PlayerId
    key: IdempotencyKey
    provider: str = SANDBOX


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """Yes; this is the check, as it was first requested."""

    check: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRequest:
    """What a member of staff found."""

    player_id: PlayerId
    key: IdempotencyKey
    decision: Decision
    reason: DecisionReason
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a provider is asked about; it does not show when this is printed."""

    check_id: CheckId
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    born_on: str = field(repr=False)
    address: str | None = field(repr=False, default=None)
    postcode: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckNews:
    """What a provider tells of a check, by itself or when it is asked.

    `event_id` names the telling: told again it changes nothing.
    """

    provider: str
    event_id: str
    check_id: CheckId
    reference: str
    status: NewsStatus
    reason: str | None = None
    documents: tuple[str, ...] = ()
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A provider took a check on, under its own name for it."""

    shard: Shard
    check_id: CheckId
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponement:
    """When the loop looks at a check again, by the machine's clock."""

    shard: Shard
    check_id: CheckId
    attempts: int
    try_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """The news was taken into the record, now or before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsRefused:
    """The news is on record and was not believed."""

    reason: NewsRefusal


RequestAnswer = Requested | Refused
NewsAnswer = Believed | NewsRefused
