"""Promises of the one order, as far as it is pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.shards import CATALOGUE_SHARD, SHARDS_ALL, STAFF_SHARD, SYSTEM_SHARD, Shard
from pitboss.order.model import Run, Stretch
from pitboss.order.rules import place

stretches = st.lists(
    st.builds(
        Stretch,
        shard=st.sampled_from(SHARDS_ALL),
        seq=st.integers(1, 1_000),
        facts=st.integers(1, 50),
    ),
    unique_by=lambda stretch: stretch.shard,
)


def test_what_others_rest_on_comes_first_when_it_is_seen_at_once() -> None:
    shards = [Shard(0), Shard(63), SYSTEM_SHARD, CATALOGUE_SHARD, STAFF_SHARD]

    runs = place([Stretch(shard=shard, seq=9, facts=2) for shard in shards], 100)

    assert [(run.shard, run.position) for run in runs] == [
        (CATALOGUE_SHARD, 100),
        (STAFF_SHARD, 102),
        (SYSTEM_SHARD, 104),
        (0, 106),
        (63, 108),
    ]
    assert {(run.seq, run.facts) for run in runs} == {(9, 2)}


def test_nothing_is_placed_nowhere() -> None:
    assert place([], 7) == []


@given(stretches, st.integers(0, 10**12))
def test_positions_follow_on_without_a_gap_whatever_is_seen(
    seen: list[Stretch], position: int
) -> None:
    runs = place(seen, position)

    assert {(run.shard, run.seq, run.facts) for run in runs} == {
        (item.shard, item.seq, item.facts) for item in seen
    }
    ends = [position, *(run.position + run.facts for run in runs)]
    assert [run.position for run in runs] == ends[:-1]
    assert runs == place(reversed(seen), position)
    assert all(isinstance(run, Run) for run in runs)
