"""Systems are listed line by line, and are those that the platform knows by these names."""

from __future__ import annotations

import random
from math import comb

import pytest

from pitboss.sim.season.systems import NAMED, PICKS_MIN, System, draw_system, named
from pitboss.sportsbook import returns


@pytest.mark.parametrize("name", NAMED)
def test_a_name_means_the_lines_that_the_platform_takes_it_for(name: str) -> None:
    system, kind = named(name), returns.bet_type(name)

    assert system.picks == kind.selections
    assert len(system.lines) == returns.count_lines(kind.bundles)
    assert system.asked == {"bet_type": name}


def test_every_line_has_every_banker_and_they_are_no_part_of_its_size() -> None:
    system = System(picks=4, sizes=(2,), bankers=1)

    assert system.lines == ((0, 1, 2), (0, 1, 3), (0, 2, 3))
    assert system.asked == {"lines": [{"bankers": [0], "legs": [1, 2, 3], "sizes": [2]}]}


@pytest.mark.parametrize("events", [3, 4, 5, 8, 60])
def test_what_is_drawn_fits_the_events_and_is_more_than_one_line(events: int) -> None:
    chance = random.Random(events)
    drawn = [draw_system(chance, events) for _ in range(3_000)]

    assert {system.name for system in drawn if system.name} == {
        name for name, (picks, _) in NAMED.items() if picks <= events
    }
    assert any(system.bankers for system in drawn)
    for system in drawn:
        assert PICKS_MIN <= system.picks <= events
        assert {place for line in system.lines for place in line} == set(range(system.picks))
        assert len(system.lines) > 1
        free = system.picks - system.bankers
        assert len(system.lines) == sum(comb(free, size) for size in system.sizes)
