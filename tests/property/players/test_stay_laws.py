"""How long somebody was with us is counted minute by minute, each once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pitboss.players.access import rules
from pitboss.players.access.model import time_within


def moment(minutes: int) -> datetime:
    """Return a moment so many minutes after midnight."""
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 60)).map(
            lambda pair: (moment(pair[0]), moment(pair[0] + pair[1]))
        )
    ),
    st.integers(0, 250),
)
def test_time_is_counted_once_however_many_sessions_it_was_in(
    stays: list[tuple[datetime, datetime]], since: int
) -> None:
    minutes = {
        minute
        for minute in range(since, 400)
        if any(start <= moment(minute) < end for start, end in stays)
    }

    joined = rules.join_stays(stays)

    assert time_within(joined, moment(since)) == timedelta(minutes=len(minutes))
    assert all(before[1] < after[0] for before, after in pairwise(joined))
