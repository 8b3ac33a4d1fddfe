"""A seed alone says what goes wrong when."""

from __future__ import annotations

from collections import Counter

import pytest

from pitboss.sim.crash.model import FaultKind
from pitboss.sim.crash.schedule import draw_schedule

THREE_MINUTES = 180.0
SEEDS = range(200)


def test_the_same_seed_draws_the_same_schedule() -> None:
    first = draw_schedule(11, seconds=THREE_MINUTES, workers=2)
    again = draw_schedule(11, seconds=THREE_MINUTES, workers=2)

    assert first == again


def test_another_seed_draws_another_schedule() -> None:
    drawn = {draw_schedule(seed, seconds=THREE_MINUTES, workers=2) for seed in SEEDS}

    assert len(drawn) == len(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_kind_of_fault_happens_within_three_minutes(seed: int) -> None:
    kinds = Counter(fault.kind for fault in draw_schedule(seed, seconds=THREE_MINUTES, workers=2))

    assert set(kinds) == set(FaultKind)
    assert min(kinds.values()) >= 2


@pytest.mark.parametrize("seconds", [1.0, 15.0, 60.0])
@pytest.mark.parametrize("seed", SEEDS[:20])
def test_a_short_run_has_every_fault_once_in_its_time(seed: int, seconds: float) -> None:
    faults = draw_schedule(seed, seconds=seconds, workers=2)

    assert Counter(fault.kind for fault in faults) == Counter(FaultKind)
    assert all(0 < fault.at <= seconds for fault in faults)


def test_faults_follow_each_other_and_reach_every_worker() -> None:
    faults = draw_schedule(1, seconds=3_600.0, workers=3)

    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert {fault.worker for fault in faults} == {0, 1, 2}
