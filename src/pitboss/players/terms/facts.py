"""What is told of terms."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class TermsPublished(Fact, frozen=True, kw_only=True, tag="terms.published"):
    """A version of a licence's terms came into force; `digest` is the SHA-256 of its text."""

    jurisdiction: str
    number: int
    version: str
    digest: str


class TermsAccepted(Fact, frozen=True, kw_only=True, tag="terms.accepted"):
    """A player accepted the version in force.  Source: PT Regulamento 903-B/2015, 5.1.1(2)."""

    player_id: PlayerId
    jurisdiction: str
    number: int
    version: str


class TermsRefused(Fact, frozen=True, kw_only=True, tag="terms.refused"):
    """A player named a version that is not in force, and so accepted nothing."""

    player_id: PlayerId
    reason: str


# Every type of this room, for who reads facts.
FACTS = (TermsPublished, TermsAccepted, TermsRefused)
