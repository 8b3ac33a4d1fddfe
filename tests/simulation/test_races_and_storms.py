"""Races at limits and a storm of exclusions on real processes, short; `make` has the long ones."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from pitboss.cli.outcome import print_json
from pitboss.sim import exclusion, limits
from pitboss.sim.limits.model import RACES
from pitboss.sim.limits.report import line_of

PLAYERS = 24


async def test_two_hundred_at_once_pass_no_limit_of_any_kind_by_one_micro() -> None:
    told: list[str] = []

    report = await limits.run(limits.Config(rounds=1), tell=told.append)

    assert report.faults == ()
    assert report.ok
    (first,) = report.rounds
    assert [result.race for result in first.results] == [race.name for race in RACES]
    assert all(result.taken and result.refused for result in first.results)
    assert told[-1] == line_of(first, 1)
    assert "no limit passed" in told[-1]
    assert msgspec.json.encode(limits.as_json(report))
    assert limits.as_table(report).row_count == len(RACES)


async def test_whoever_is_excluded_in_a_storm_is_taken_nothing_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[str] = []

    report = await exclusion.run(
        exclusion.Config(players=PLAYERS, seconds_around=1.0), tell=told.append
    )

    assert report.faults == ()
    assert report.taken_after == 0
    assert report.excluded == PLAYERS
    assert Counter(report.asked)["bets"] > PLAYERS
    assert Counter(report.asked)["stakes in games"] > PLAYERS
    assert report.won_after
    print_json(exclusion.as_json(report))
    assert '"taken_after": 0' in capsys.readouterr().out
    assert exclusion.as_table(report).row_count > 5
