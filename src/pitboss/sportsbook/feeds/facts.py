"""What feeds publish: which events are which, what was asked for again, what was not done.

Prices, suspensions and results that came by a feed are the catalogue's and settlement's own facts.
"""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import EventId


class FeedEventLinked(Fact, frozen=True, kw_only=True, tag="feed.event_linked"):
    """A supplier's event is one of ours; `by` is who of staff said so, none if it was opened so."""

    feed: str
    foreign_id: str
    event_id: EventId
    by: str | None = None


class RecoveryAsked(Fact, frozen=True, kw_only=True, tag="feed.recovery_asked"):
    """A producer is asked for all since then, or all there is; under this number it ends."""

    producer: str
    request_no: int
    after_ms: int | None = None


class FeedParked(Fact, frozen=True, kw_only=True, tag="feed.parked"):
    """Something that a feed said was not done.  `digest` is of the message that said it.

    What is the same again is counted and not told again.
    """

    parked_id: str
    producer: str
    reason: str
    subject: str
    detail: str
    owed: bool
    digest: str


class FeedParkedDecided(Fact, frozen=True, kw_only=True, tag="feed.parked_decided"):
    """Something parked is to be tried again, was done, came to something else, or is let go."""

    parked_id: str
    state: str
    by: str | None = None


# Every type of this room, for who reads facts.
FACTS = (FeedEventLinked, RecoveryAsked, FeedParked, FeedParkedDecided)
