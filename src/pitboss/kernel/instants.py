"""How instants are written in facts and on the wire, and what is so many months after one."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime

import msgspec

from pitboss.kernel.errors import Malformed

# Twenty times as fast as `isoformat`, and there is an instant in every fact.
_encode = msgspec.json.Encoder().encode


def write_instant(instant: datetime) -> str:
    """Write an instant in UTC with six digits of fraction and `Z`.  Source: RFC 3339."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    text = _encode(utc)[1:-2].decode()
    # A fraction that is zero is left out by the encoder.
    return f"{text}Z" if utc.microsecond else f"{text}.000000Z"


def add_months(instant: datetime, months: int) -> datetime:
    """Return the same day so many months later, or the month's last if it has no such day."""
    number = instant.year * 12 + instant.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return instant.replace(year=year, month=month, day=min(instant.day, monthrange(year, month)[1]))


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
