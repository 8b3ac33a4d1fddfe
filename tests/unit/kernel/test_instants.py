"""Instants are written one way and read with their offset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pitboss.kernel.errors import Malformed
from pitboss.kernel.instants import parse_instant, write_instant

EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01T00:00:00.000000Z"),
        (datetime(2024, 1, 1, 12, 30, 5, 7, tzinfo=UTC), "2024-01-01T12:30:05.000007Z"),
        (datetime(2024, 1, 1, 1, tzinfo=EAST), "2023-12-31T23:00:00.000000Z"),
        (datetime(9, 1, 1, tzinfo=UTC), "0009-01-01T00:00:00.000000Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_six_digits(instant: datetime, text: str) -> None:
    assert write_instant(instant) == text


@pytest.mark.parametrize(
    "text", ["2024-01-01T00:00:00Z", "2024-01-01T02:00:00.000+02:00", "2023-12-31T19:00:00-05:00"]
)
def test_an_instant_is_read_as_utc(text: str) -> None:
    instant = parse_instant(text, field="starts_at")

    assert instant == datetime(2024, 1, 1, tzinfo=UTC)
    assert instant.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2024-02-30T00:00:00Z",
        "2024-01-01T24:30:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        pytest.param("x" * 10_000, id="ten thousand letters"),
    ],
)
def test_what_is_no_instant_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_instant(text, field="starts_at")

    assert caught.value.field == "starts_at"
    assert len(caught.value.message) < 100
