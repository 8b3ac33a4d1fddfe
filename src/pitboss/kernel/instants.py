"""How instants are written in facts and on the wire."""

from __future__ import annotations

from datetime import UTC, datetime

from pitboss.kernel.errors import Malformed


def write_instant(instant: datetime) -> str:
    """Write an instant in UTC with six digits of fraction and `Z`.  Source: RFC 3339."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return utc.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def parse_instant(text: str, *, field: str) -> datetime:
    """Read an RFC 3339 instant with an offset, as UTC.

    Raises:
        Malformed: it is not one, says no offset, or is not within the years 1 to 9999.
    """
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise Malformed(field, "an instant needs an offset, such as Z")
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed(field, f"{text[:40]!r} is not an RFC 3339 instant") from None
