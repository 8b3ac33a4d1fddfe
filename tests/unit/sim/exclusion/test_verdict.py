"""What was taken after an exclusion is told from what was taken before by the facts' order."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pitboss.sim.exclusion.model import Config, Count, Report
from pitboss.sim.exclusion.verdict import count, counts_of, faults_of

CALM = Counter(
    {
        "excluded": 1,
        "bet.accepted before": 3,
        "bet.refused after": 2,
        "round.staked before": 2,
        "round.stake_refused after": 1,
        "round.won before": 1,
        "round.won after": 1,
        "deposit.requested before": 1,
        "payment.refused after": 1,
        "withdrawal.requested after": 1,
    }
)


def fact(kind: str, player: str = "ann") -> dict[str, Any]:
    return {"data": {"type": kind, "player_id": player}}


def test_after_is_after_the_players_own_exclusion() -> None:
    facts = [
        fact("bet.accepted"),
        fact("player.excluded"),
        fact("bet.accepted", "bob"),
        fact("bet.refused"),
        fact("bet.accepted"),
    ]

    found = count([facts, [fact("bet.accepted", "carl"), fact("player.excluded", "carl")]])

    assert found["excluded"] == 2
    assert counts_of(found)["sportsbook"] == Count(taken_before=3, taken_after=1, refused_after=1)


def test_a_storm_in_which_everything_happened_has_no_faults() -> None:
    assert list(faults_of(CALM, players=1, undecided=0)) == []


@pytest.mark.parametrize("missing", sorted(CALM))
def test_a_storm_in_which_something_never_happened_says_nothing(missing: str) -> None:
    found = Counter({name: number for name, number in CALM.items() if name != missing})

    # What was staked and not won is told as well.
    told = list(faults_of(found, players=1, undecided=0))
    assert len(told) == (2 if missing in ("round.staked before", "round.won after") else 1)


def test_what_was_never_decided_is_a_fault() -> None:
    assert list(faults_of(CALM, players=1, undecided=2)) == [
        "2 requests were acknowledged and never decided"
    ]


@pytest.mark.parametrize(
    ("taken_after", "faults", "ok"), [(0, (), True), (1, (), False), (0, ("no storm",), False)]
)
def test_one_stake_after_an_exclusion_is_one_too_many(
    taken_after: int, faults: tuple[str, ...], ok: bool
) -> None:
    report = Report(
        config=Config(players=1),
        excluded=1,
        asked={},
        turned_away=0,
        counts={"sportsbook": Count(taken_after=taken_after)},
        paid_out_after=1,
        won_after=1,
        undecided=0,
        seconds=1.0,
        answer_ms=None,
        faults=faults,
    )

    assert report.ok is ok
