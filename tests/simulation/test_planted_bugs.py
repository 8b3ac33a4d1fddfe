"""A bug of each kind is planted, and found; without it the same worlds are as they must be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import pytest

from pitboss.sim.world import BUGS, theatre
from pitboss.sim.world.outcome import Outcome
from simulation.conftest import Play

# The rarest is found in every eighth world: this many without it would be bad luck indeed.
SEEDS = range(1_000, 1_060)

# By what each is found; others may show too.
FOUND_BY: Mapping[str, frozenset[str]] = {
    "offset_outside": frozenset({"commands_have_one_outcome"}),
    "keys_unchecked": frozenset({"keys_are_appended_once"}),
    "look_before_lock": frozenset({"no_constraint_is_tripped"}),
    "unfenced": frozenset({"offsets_never_go_back", "commands_have_one_outcome"}),
    "prices_unlocked": frozenset({"decisions_follow_from_the_story"}),
    "heads_unlocked": frozenset({"no_constraint_is_tripped"}),
}


@contextlib.contextmanager
def planted(bug: str, play: Play, url: str) -> Iterator[Play]:
    """Lend what plays worlds with a bug, on a stage of its own if the bug weakens that."""
    if BUGS[bug].weaken is None:
        with BUGS[bug].plant():
            yield play
    else:
        with theatre.opened(url, BUGS[bug]) as another:
            yield another


def first_found(play: Play, promises: frozenset[str]) -> Outcome:
    """Play until one of these promises is found broken; others may be so before it."""
    for seed in SEEDS:
        outcome = play(seed)
        if promises & set(outcome.findings):
            return outcome
    raise AssertionError(f"no world of {len(SEEDS)} breaks one of {sorted(promises)}")


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found_and_without_it_nothing_is(
    play: Play, postgres_url: str, bug: str
) -> None:
    with planted(bug, play, postgres_url) as play_with_bug:
        found = first_found(play_with_bug, FOUND_BY[bug])

    assert found.story
    assert play(found.seed).findings == {}


def test_every_bug_that_can_be_planted_is_planted_here() -> None:
    assert set(FOUND_BY) == set(BUGS)
