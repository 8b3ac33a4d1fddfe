"""Enough of a marker is enough: by sum, by row, by night and by growth, within its time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.cashier.facts import DepositConfirmed, DepositFailed
from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import BetId, PaymentId, PlayerId, derived_id
from pitboss.kernel.shards import Shard
from pitboss.messages.model import NO_HASH, Head, Publication
from pitboss.messages.rules import seal
from pitboss.players.identity.facts import PlayerFlagged
from pitboss.players.personal.facts import SubjectErased
from pitboss.players.personal.model import SubjectId
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.staff.cases import rules
from pitboss.staff.cases.model import (
    AGAIN_AFTER,
    RULES,
    Case,
    CaseId,
    Marker,
    Outcome,
    Signal,
    State,
)

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
ANN = PlayerId(derived_id("ann"))
DAY = timedelta(days=1)


def signal(marker: Marker, ago: timedelta, weight: int = 1, number: int = 0) -> Signal:
    """Return a signal of so long ago."""
    return Signal(player_id=ANN, marker=marker, key=str(number), at=NOW - ago, weight=weight)


def row(marker: Marker, *weights: int) -> list[Signal]:
    """Return signals a minute apart, up to now."""
    last = len(weights) - 1
    return [
        signal(marker, timedelta(minutes=last - number), weight, number)
        for number, weight in enumerate(weights)
    ]


def signals_of(fact: Fact, at: datetime = NOW, zone: str = "UTC") -> list[Signal]:
    """Return what a fact, stored as facts are, is a sign of."""
    shard = Shard(3)
    sealed, _, _ = seal(
        {shard: Head(shard=shard, epoch=0, seq=0, hash=NO_HASH)},
        {},
        [Publication(shard=shard, stream=ANN, fact=fact, cause=None)],
        ids=[derived_id("fact")],
        recorded_at=at,
        actor="test",
    )
    return rules.signals_of(41, sealed[0].body, lambda _: ZoneInfo(zone))


def test_three_failed_deposits_in_a_row_are_enough_and_one_that_works_ends_the_row() -> None:
    marker = Marker.FAILED_DEPOSITS

    values = [
        rules.value_of(marker, row(marker, *weights), since=None)
        for weights in ((1, 1, 1), (1, 1, 0, 1, 1), (1, 1, 1, 0), (1, 0, 1, 1, 1, 1))
    ]

    assert values == [3, 2, 0, 4]
    assert [rules.is_reached(marker, value) for value in values] == [True, False, False, True]


@pytest.mark.parametrize("marker", Marker)
def test_what_is_older_than_the_time_of_a_marker_counts_no_more(marker: Marker) -> None:
    old = signal(marker, RULES[marker].window, weight=10**6)

    value = rules.value_of(marker, [old, signal(marker, timedelta(), weight=0)], since=None)

    assert value == 0


@pytest.mark.parametrize("marker", Marker)
def test_what_somebody_has_looked_into_counts_no_more(marker: Marker) -> None:
    signals = [signal(marker, timedelta(days=8), 200), *row(marker, 900, 900, 900)]

    assert rules.value_of(marker, signals, since=None) > 0
    assert rules.value_of(marker, signals, since=NOW) == 0


def test_deposits_grow_by_the_weeks_before_and_a_first_week_does_not() -> None:
    marker = Marker.DEPOSITS_GROW
    weeks = [signal(marker, timedelta(days=7 * week + 1), 100, week) for week in (4, 3, 2, 1)]

    def grown(*now: int) -> int:
        return rules.value_of(marker, [*weeks, *row(marker, *now)], since=None)

    assert (grown(299), grown(300), grown(150, 150), grown(900)) == (2, 3, 3, 9)
    assert rules.value_of(marker, row(marker, 50_000), since=None) == 0
    assert rules.value_of(marker, [signal(marker, 8 * DAY, 1), *row(marker, 99)], since=None) == 0


@given(weights=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30))
def test_losses_are_the_sum_of_what_was_lost_and_won(weights: Sequence[int]) -> None:
    value = rules.value_of(Marker.LOSSES, row(Marker.LOSSES, *weights), since=None)

    assert value == sum(weights)


def accepted(at: datetime, zone: str) -> list[Signal]:
    """Return what a bet at this time is a sign of, by a licence's clock."""
    fact = BetAccepted(
        bet_id=BetId(derived_id("bet")),
        player_id=ANN,
        stake_micros=1,
        currency="EUR",
        rounding="down",
        jurisdiction="GB",
        legs=(),
        placed_at="2026-08-01T00:00:00.000000Z",
    )
    return signals_of(fact, at, zone)


def test_nights_are_counted_once_each_by_the_clock_of_the_licence() -> None:
    late = datetime(2026, 8, 1, 2, tzinfo=UTC)

    (first,), (second,) = accepted(late, "UTC"), accepted(late + timedelta(hours=2), "UTC")

    assert first.key == second.key == "2026-08-01"
    assert accepted(datetime(2026, 8, 1, 12, tzinfo=UTC), "UTC") == []
    # Ten in the evening, there.
    assert accepted(late, "America/New_York") == []
    assert accepted(datetime(2026, 8, 1, 6, tzinfo=UTC), "America/New_York")


def test_a_fact_says_what_it_is_a_sign_of_and_most_say_nothing() -> None:
    flagged = PlayerFlagged(player_id=ANN, like=PlayerId(derived_id("bob")))
    confirmed = DepositConfirmed(
        payment_id=PaymentId(derived_id("payment")),
        player_id=ANN,
        provider="sandbox",
        micros=220_000_000,
        currency="SEK",
        reference="r",
    )
    failed = DepositFailed(
        payment_id=PaymentId(derived_id("payment")),
        player_id=ANN,
        micros=1,
        currency="EUR",
        reason="declined",
        requested_at="2026-08-01T00:00:00.000000Z",
    )

    signs = {
        (item.marker, item.weight, item.key, item.at)
        for fact in (flagged, confirmed, failed)
        for item in signals_of(fact)
    }

    assert signs == {
        (Marker.LOOK_ALIKE, 1, "41", NOW),
        (Marker.FAILED_DEPOSITS, 0, "41", NOW),
        (Marker.DEPOSITS_GROW, 20, "41", NOW),
        (Marker.FAILED_DEPOSITS, 1, "41", NOW),
    }
    lookalike = SubjectErased(subject_id=SubjectId(ANN), scope=(), basis='"type":"deposit.failed"')
    assert signals_of(lookalike) == []


def test_an_open_case_is_told_of_again_after_a_day_and_a_closed_one_never() -> None:
    case = Case(
        id=CaseId(derived_id("case")),
        player_id=ANN,
        marker=Marker.LOSSES,
        value=1_000,
        opened_at=NOW,
        seen_at=NOW,
    )
    closed = Case(
        id=case.id,
        player_id=ANN,
        marker=Marker.LOSSES,
        value=1_000,
        opened_at=NOW,
        seen_at=NOW,
        state=State.CLOSED,
        closed_at=NOW,
        outcome=Outcome.CONTACTED,
    )

    assert not rules.wants_telling(case, NOW + AGAIN_AFTER - timedelta(microseconds=1))
    assert rules.wants_telling(case, NOW + AGAIN_AFTER)
    assert not rules.wants_telling(closed, NOW + 10 * AGAIN_AFTER)
