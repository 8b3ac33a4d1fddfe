"""Problem documents: what every refused or failed request is answered with.  Source: RFC 9457."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from pitboss.kernel.errors import Fault, Malformed, PeerAway

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:pitboss:problem:"

# A moment in which a database restarts or a backlog shrinks; then asking again is right.
RETRY_SECONDS = 1

# What a sender wrote is repeated to them, but never at length.
_DETAIL_LENGTH_MAX = 240


class FieldError(msgspec.Struct, frozen=True):
    """A part of the request that is wrong, named as the sender wrote it: `legs[0].tick`."""

    field: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a request was not done, as the sender is told.

    `slug` names the kind of problem for machines; `more` adds members to the document and `allow`
    says which methods the address does take.
    """

    status: int
    slug: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    more: Mapping[str, object] = field(default_factory=dict)
    retry_after: int | None = None
    allow: str | None = None

    def document(self) -> dict[str, object]:
        """Return the document's members."""
        members: dict[str, object] = {
            "type": f"{TYPE_PREFIX}{self.slug}",
            "title": self.slug.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail[:_DETAIL_LENGTH_MAX],
        }
        if self.errors:
            members["errors"] = self.errors
        return {**members, **self.more}

    def body(self) -> bytes:
        """Return the document's bytes."""
        return msgspec.json.encode(self.document())

    def headers(self) -> dict[str, str]:
        """Return the headers that go with the document."""
        headers = {"content-type": CONTENT_TYPE}
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        if self.allow is not None:
            headers["allow"] = self.allow
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        return headers


class ProblemFound(Exception):
    """Ends a request with a problem; used inside `api` only."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.slug)
        self.problem = problem


UNAUTHENTICATED = Problem(
    status=401, slug="unauthenticated", detail="A valid bearer token is needed."
)
WRONG_ROLE = Problem(
    status=403, slug="wrong_role", detail="This token is not for this part of the platform."
)
NOT_FOUND = Problem(status=404, slug="not_found", detail="There is no such thing here.")
NOT_JSON = Problem(
    status=415,
    slug="unsupported_media_type",
    detail="The body must be application/json.",
    errors=(FieldError("Content-Type", "application/json is needed"),),
)
BODY_BROKEN_OFF = Problem(
    status=400,
    slug="unreadable",
    detail="The body ended too early.",
    errors=(FieldError("body", "it ended too early"),),
)
BODY_LATE = Problem(
    status=408,
    slug="body_late",
    detail="The body did not come in time; nothing was done.  Ask again.",
    errors=(FieldError("body", "it did not come in time"),),
)
INTERNAL = Problem(
    status=500, slug="internal", detail="Something is wrong on our side; it has been noted."
)
DATABASE_AWAY = Problem(
    status=503,
    slug="database_away",
    detail="The database cannot be reached; nothing was done.  Ask again.",
    retry_after=RETRY_SECONDS,
)
GAMES_AWAY = Problem(
    status=503,
    slug="games_away",
    detail="The game is not dealt just now; asking again for the same step is safe and tells.",
    retry_after=RETRY_SECONDS,
)
PEER_AWAY = Problem(
    status=503,
    slug="peer_away",
    detail="Somebody else who is asked for this does not answer, or refuses.  Ask again.",
    retry_after=RETRY_SECONDS,
)
OUTCOME_UNKNOWN = Problem(
    status=503,
    slug="outcome_unknown",
    detail="The database broke off while this was written, so it may have been done or not."
    "  Asking again with the same key is safe and tells.",
    retry_after=RETRY_SECONDS,
)
TOO_BUSY = Problem(
    status=503,
    slug="too_busy",
    detail="More is waiting here than can be answered in time; nothing was done.  Ask again.",
    retry_after=RETRY_SECONDS,
)


def malformed(name: str, detail: str) -> Problem:
    """Return the problem of a value that does not have the form it must have."""
    return Problem(
        status=422,
        slug="malformed",
        detail=f"{name}: {detail}",
        errors=(FieldError(name[:_DETAIL_LENGTH_MAX], detail[:_DETAIL_LENGTH_MAX]),),
    )


def malformed_header(name: str, detail: str) -> Problem:
    """Return the problem of a header that is missing or has the wrong form."""
    return Problem(
        status=400, slug="malformed", detail=f"{name}: {detail}", errors=(FieldError(name, detail),)
    )


def unreadable(detail: str) -> Problem:
    """Return the problem of a body that is not what its content type says."""
    return Problem(
        status=400, slug="unreadable", detail=detail, errors=(FieldError("body", detail),)
    )


def too_large(bytes_max: int) -> Problem:
    """Return the problem of a body that is longer than it may be."""
    detail = f"The body may have {bytes_max} bytes at most."
    return Problem(
        status=413, slug="body_too_large", detail=detail, errors=(FieldError("body", detail),)
    )


def wrong_method(allow: str | None) -> Problem:
    """Return the problem of a method that an address does not take; `allow` names those it does."""
    return Problem(
        status=405,
        slug="wrong_method",
        detail="This address does not take this method.",
        allow=allow,
    )


def of_malformed(error: Malformed) -> Problem:
    """Say what a room found malformed."""
    return malformed(error.field, error.message)


def of_fault(fault: Fault) -> Problem:
    """Say that the world failed us, and whether asking again is right."""
    if isinstance(fault, PeerAway):
        return PEER_AWAY
    if fault.retryable:
        return DATABASE_AWAY
    return Problem(status=502, slug="peer_failed", detail="Something that we depend on failed.")
