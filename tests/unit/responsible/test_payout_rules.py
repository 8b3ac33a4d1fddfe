"""What of a player's wins is due, above the sum that the player has named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from paced import changed
from pitboss.games.rounds.facts import RoundReversed
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.responsible.limits import rules
from pitboss.responsible.limits.model import Payout, PayoutWish, Refusal

NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
ANN = PlayerId(derived_id("ann"))
UNIT, CENT = 1_000_000, 10_000
OFFERED = changed({"payments": {"auto_payout_offered": True}})
STANDS = Payout(
    shard=shard_of(ANN), player_id=ANN, currency="EUR", micros=50 * UNIT, set_at=NOW, number=3
)
SUMS = st.integers(0, 10**9)
MICROS = st.integers(-(10**9), 10**9)


@given(available=SUMS, micros=SUMS, won=MICROS, counted=SUMS)
def test_no_more_is_due_than_was_won_and_the_sum_stays(
    available: int, micros: int, won: int, counted: int
) -> None:
    stands = structs.replace(STANDS, micros=micros, won=won, counted=counted)
    for failed in (False, True):
        due = stands.due(available=available, failed=failed)
        most = min(available - micros, won + (counted if failed else 0))
        assert due % CENT == 0
        assert due == 0 or 0 < due <= most < due + CENT
        assert due > 0 or most < CENT


def test_nothing_is_due_once_the_sum_was_taken_back() -> None:
    stands = structs.replace(STANDS, micros=None, won=9 * UNIT)

    assert stands.due(available=100 * UNIT, failed=True) == 0


def test_a_sum_is_whole_not_below_nothing_and_only_where_it_is_offered() -> None:
    found = [
        rules.refusal_to_name(PayoutWish(player_id=ANN, micros=micros, currency="EUR"), licence)
        for micros, licence in (
            (0, OFFERED),
            (50 * UNIT, OFFERED),
            (CENT // 2, OFFERED),
            (-CENT, OFFERED),
            (10**15 + CENT, OFFERED),
            (50 * UNIT, changed()),
            (None, changed()),
        )
    ]

    assert found == [
        None,
        None,
        Refusal.AMOUNT_NOT_WHOLE,
        Refusal.AMOUNT_OUT_OF_RANGE,
        Refusal.AMOUNT_OUT_OF_RANGE,
        Refusal.PAYOUT_NOT_OFFERED,
        None,
    ]


def test_whoever_names_a_sum_anew_begins_with_nothing_but_the_number_goes_on() -> None:
    stands = structs.replace(STANDS, won=9 * UNIT, counted=UNIT)
    later = NOW + timedelta(hours=1)

    def name(before: Payout | None, micros: int | None) -> Payout:
        wish = PayoutWish(player_id=ANN, micros=micros, currency="EUR")
        return rules.named(before, wish, shard=STANDS.shard, now=later)

    changed_sum, gone = name(stands, UNIT), name(stands, None)
    assert changed_sum == structs.replace(stands, micros=UNIT, set_at=later)
    assert gone == structs.replace(STANDS, micros=None, set_at=later)
    assert name(gone, UNIT) == structs.replace(STANDS, micros=UNIT, set_at=later)
    assert name(None, UNIT).number == 0


def test_a_stake_that_is_undone_was_no_win_and_a_win_that_is_undone_is_taken_off() -> None:
    undone = RoundReversed(
        provider="acme",
        player_id=ANN,
        external_id="u1",
        game="slot",
        currency="EUR",
        micros=UNIT,
        balance_micros=0,
        round_id=derived_id("round"),
        original_id="w1",
        of="win",
        original_at="2026-08-01T12:00:00Z",
    )
    facts = [undone, undone, structs.replace(undone, of="stake")]

    assert rules.sum_wins([(STANDS.shard, fact) for fact in facts]) == {
        (STANDS.shard, ANN): -2 * UNIT
    }
