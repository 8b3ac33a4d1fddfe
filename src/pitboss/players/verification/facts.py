"""What verification publishes; documents and names stay with providers and with `personal`."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class VerificationRequested(Fact, frozen=True, kw_only=True, tag="verification.requested"):
    """A check of a player's identity is to be made."""

    player_id: PlayerId
    check_id: str
    provider: str


class VerificationNotMade(Fact, frozen=True, kw_only=True, tag="verification.not_made"):
    """Somebody asked for a check, and none was made."""

    player_id: PlayerId
    check_id: str
    provider: str
    reason: str


class VerificationSubmitted(Fact, frozen=True, kw_only=True, tag="verification.submitted"):
    """The provider took the check on."""

    player_id: PlayerId
    check_id: str
    reference: str


class VerificationTold(Fact, frozen=True, kw_only=True, tag="verification.told"):
    """The provider told how a check stands, and that is how the player now stands.

    `digest` is over what was told; `documents` are the kinds that are wanted; `valid_until` is when
    a verification is too old.
    """

    player_id: PlayerId
    check_id: str
    provider: str
    event_id: str
    digest: str
    reference: str
    status: str
    reason: str | None = None
    documents: tuple[str, ...] = ()
    valid_until: str | None = None


class VerificationNewsRefused(Fact, frozen=True, kw_only=True, tag="verification.news_refused"):
    """A provider signed news of a check that were not believed, and changed nothing."""

    check_id: str
    provider: str
    event_id: str
    digest: str
    reference: str
    status: str
    refusal: str


class VerificationGivenUp(Fact, frozen=True, kw_only=True, tag="verification.given_up"):
    """Nothing came of a check for so long that nobody waits for it any more."""

    player_id: PlayerId
    check_id: str
    reason: str


class VerificationDecided(Fact, frozen=True, kw_only=True, tag="verification.decided"):
    """A member of staff found how a player stands; the fact's actor is who."""

    player_id: PlayerId
    check_id: str
    decision: str
    reason: str
    valid_until: str | None = None


class VerificationDocumentsTold(Fact, frozen=True, kw_only=True, tag="verification.documents_told"):
    """A player was told which documents may be asked for, before paying in."""

    player_id: PlayerId
    documents: tuple[str, ...]


# Every type of this room, for who reads facts.
FACTS = (
    VerificationRequested,
    VerificationNotMade,
    VerificationSubmitted,
    VerificationTold,
    VerificationNewsRefused,
    VerificationGivenUp,
    VerificationDecided,
    VerificationDocumentsTold,
)
