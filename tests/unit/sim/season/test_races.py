"""Races are drawn from the seed, and each has all that makes one hard to settle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest

from pitboss.sim.season.races import BETWEEN_MEETINGS, FIELD, PLACES, Race, make_races

OPENS = tuple(datetime(2031, 8, 16, 10, tzinfo=UTC) + timedelta(days=no) for no in range(120))


def races_of(*, seed: int = 7, run: str = "run") -> list[Race]:
    return list(make_races(OPENS, seed=seed, run=run))


def test_there_is_racing_on_every_third_day() -> None:
    assert {race.day for race in races_of()} == set(range(0, len(OPENS), BETWEEN_MEETINGS))
    assert all(race.opens_at == OPENS[race.day] for race in races_of())


def test_only_the_ids_follow_from_the_run_and_all_else_from_the_seed() -> None:
    def told(races: list[Race]) -> list[object]:
        return [
            (
                [(pick.code, pick.price) for pick in race.runners],
                [pick.code for pick in race.withdrawn],
                [[pick.code for pick in group] for group in race.order],
            )
            for race in races
        ]

    assert told(races_of()) == told(races_of(run="other")) != told(races_of(seed=8))
    ids = {pick.selection_id for race in races_of() for pick in race.runners}
    assert not ids & {pick.selection_id for race in races_of(run="other") for pick in race.runners}


@pytest.mark.parametrize("seed", range(5))
def test_all_who_run_come_in_once_two_of_them_together_and_some_are_withdrawn(seed: int) -> None:
    for race in races_of(seed=seed):
        ran = list(chain.from_iterable(race.order))
        assert len(race.runners) in FIELD
        assert len(race.withdrawn) in (1, 2)
        assert len(ran) == len(race.runners) - len(race.withdrawn)
        assert {*ran, *race.withdrawn} == set(race.runners)
        assert sorted(map(len, race.order))[-2:] == [1, 2]
        assert sum(map(len, race.order[: PLACES + 1])) == PLACES + 2
        assert race.opens_at < race.withdrawn_at < race.starts_at


def test_prices_make_a_book_that_a_house_can_live_with() -> None:
    for race in races_of():
        assert all(pick.price > 1 for pick in race.runners)
        assert 1 < sum(1 / pick.price for pick in race.runners) < 2
