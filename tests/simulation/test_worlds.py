"""Whatever goes wrong in a world, all is as it must be in the end; and it can be repeated."""

from __future__ import annotations

from collections import Counter

import pytest

from pitboss.sim.world import run_seeds
from pitboss.sim.world.outcome import Outcome
from pitboss.sim.world.report import SimReport
from simulation.conftest import Play

FEW = range(12)
MANY = range(1_000)
MANY_SECONDS_MAX = 120.0
KINDS_OF_FAULTS = 12


def run(seeds: range, *, url: str | None = None, processes: int = 2) -> SimReport:
    return run_seeds(seeds, processes=processes, tell=lambda _: None, server_url=url)


@pytest.fixture(scope="module")
def few(play: Play) -> list[Outcome]:
    """Give what came of a few worlds."""
    return [play(seed) for seed in FEW]


def test_a_few_worlds_end_as_they_must(few: list[Outcome]) -> None:
    assert {outcome.seed: outcome.findings for outcome in few if not outcome.ok} == {}
    assert sum(outcome.decided for outcome in few) >= 18 * len(FEW)


def test_in_a_few_worlds_nearly_everything_goes_wrong_that_can(few: list[Outcome]) -> None:
    faults = sum((Counter(outcome.faults) for outcome in few), Counter[str]())

    assert faults.total() >= 10 * len(FEW)
    assert len(faults) >= KINDS_OF_FAULTS - 1


def test_a_seed_is_the_same_story_in_whatever_process_and_after_whatever_other(
    play: Play, postgres_url: str
) -> None:
    seeds = range(20, 23)

    here = [play(seed) for seed in reversed(seeds)]
    elsewhere = run(seeds, url=postgres_url)

    assert elsewhere.seeds == len(seeds)
    assert elsewhere.digest == SimReport.of(here, seconds=0, processes=1, bug=None).digest


def test_another_seed_is_another_story(play: Play) -> None:
    assert play(1).digest != play(2).digest


@pytest.mark.slow
def test_a_thousand_worlds_end_as_they_must_within_two_minutes() -> None:
    report = run(MANY)

    assert report.failures == {}
    assert report.seeds == len(MANY)
    assert len(report.faults) >= KINDS_OF_FAULTS
    assert report.seconds < MANY_SECONDS_MAX


@pytest.mark.slow
def test_a_hundred_worlds_are_the_same_stories_twice() -> None:
    assert run(range(100)).digest == run(range(100)).digest
