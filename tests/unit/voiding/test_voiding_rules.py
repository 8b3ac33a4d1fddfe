"""Which bets an exclusion makes void, by the starts of their events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.jurisdictions.model import OpenBets
from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.sportsbook.betting.model import Leg
from pitboss.sportsbook.voiding.rules import is_void

NOW = datetime(2026, 8, 15, 14, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
IF_NOT_STARTED = OpenBets.VOID_IF_NOT_STARTED


def legs(count: int) -> tuple[Leg, ...]:
    """Return legs on as many events."""
    return tuple(
        Leg(
            selection_id=SelectionId(f"s{number}"),
            market_id=MarketId(f"m{number}"),
            event_id=EventId(f"e{number}"),
            price="2/1",
            tick=1,
        )
        for number in range(count)
    )


@pytest.mark.parametrize(
    ("ahead", "void"), [(-MICROSECOND, False), (timedelta(0), False), (MICROSECOND, True)]
)
def test_what_begins_at_the_moment_of_the_exclusion_has_begun(ahead: timedelta, void: bool) -> None:
    starts = {EventId("e0"): NOW + ahead}

    assert is_void(legs(1), starts, IF_NOT_STARTED, excluded_at=NOW) is void


def test_an_event_of_which_nobody_knows_the_start_has_begun() -> None:
    assert not is_void(legs(1), {}, IF_NOT_STARTED, excluded_at=NOW)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=20), st.sampled_from(OpenBets))
def test_a_bet_is_void_only_as_a_whole_and_as_the_rule_says(
    hours: list[int], rule: OpenBets
) -> None:
    starts = {EventId(f"e{no}"): NOW + timedelta(hours=ahead) for no, ahead in enumerate(hours)}

    void = is_void(legs(len(hours)), starts, rule, excluded_at=NOW)

    assert (
        void
        is {
            OpenBets.LET_STAND: False,
            OpenBets.VOID_ALL: True,
            IF_NOT_STARTED: min(hours) > 0,
        }[rule]
    )


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=5), st.integers(0, 5))
def test_an_earlier_exclusion_never_lets_stand_what_a_later_one_voids(
    hours: list[int], earlier: int
) -> None:
    starts = {EventId(f"e{no}"): NOW + timedelta(hours=ahead) for no, ahead in enumerate(hours)}
    before = NOW - timedelta(hours=earlier)

    if is_void(legs(len(hours)), starts, IF_NOT_STARTED, excluded_at=NOW):
        assert is_void(legs(len(hours)), starts, IF_NOT_STARTED, excluded_at=before)
