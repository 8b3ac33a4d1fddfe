"""What was not done, and why, for staff to see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# Of what cannot be read, so much is kept to be looked at.
SAMPLE_KEPT_MAX = 4 * 1024
DETAIL_MAX = 200
SUBJECT_MAX = 300


class Reason(StrEnum):
    """Why something was not done, for staff to see."""

    # About bytes.
    TOO_LARGE = "too_large"
    NOT_XML = "not_xml"
    FORBIDDEN_XML = "forbidden_xml"
    UNKNOWN_MESSAGE = "unknown_message"
    MALFORMED = "malformed"
    BROKE_THE_READER = "broke_the_reader"
    # About who and when.
    UNKNOWN_PRODUCER = "unknown_producer"
    TIME_UNBELIEVABLE = "time_unbelievable"
    UNKNOWN_RECOVERY = "unknown_recovery"
    CONTRADICTION = "contradiction"
    # About what.
    UNKNOWN_EVENT = "unknown_event"
    UNKNOWN_MARKET = "unknown_market"
    UNKNOWN_SELECTION = "unknown_selection"
    SELECTIONS_MISSING = "selections_missing"
    PRICE_UNUSABLE = "price_unusable"
    BOOK_NOT_SANE = "book_not_sane"
    ANOTHER_PRODUCERS = "another_producers"
    MARKET_CLOSED = "market_closed"
    NOT_OFFERED = "not_offered"
    REFUSED = "refused"
    RESULT_NOT_LEGAL = "result_not_legal"
    FIXTURE_CHANGED = "fixture_changed"


class ParkedState(StrEnum):
    """What becomes of something parked: it waits until a person or a newer message decides."""

    WAITING = "waiting"
    # Somebody of staff wants it tried again; the reader does that.
    WANTED = "wanted"
    APPLIED = "applied"
    # It was tried again and came to something else, which is parked by itself.
    SUPERSEDED = "superseded"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to park: what is the same again (`subject`) is counted and not kept twice.

    `owed` says that money may hang on it: then the message is kept whole, to be tried again.
    """

    producer: str
    reason: Reason
    subject: str
    detail: str = ""
    owed: bool = False
    body: bytes = b""
    # The parked message that was tried again and came to this.
    retry_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Something that was parked, as staff see it."""

    id: str
    producer: str
    reason: Reason
    subject: str
    detail: str
    owed: bool
    state: ParkedState
    times: int
    first_at: datetime
    last_at: datetime
    decided_by: str | None
    body: bytes = b""
