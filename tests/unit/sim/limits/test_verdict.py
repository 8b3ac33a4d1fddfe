"""Decisions at a limit are decided once more by adding up, and each wrong one is found."""

from __future__ import annotations

from typing import Any

import pytest

from pitboss.jurisdictions.model import LimitKind, OpenStakes, Period
from pitboss.sim.limits.model import RACES, UNIT, Race, Set, What
from pitboss.sim.limits.verdict import judge

ANN = "ann"


def race(**changes: Any) -> Race:
    members = {"name": "stakes", "what": What.BETS, "limits": (), "funds_micros": 0, **changes}
    return Race(**members)


def limit(kind: str, units: int, period: str | None = "day") -> dict[str, Any]:
    return fact("limit.set", kind=kind, period=period, value=units * UNIT)


def fact(what: str, *, player: str = ANN, rec: str = "2026-01-01", **data: Any) -> dict[str, Any]:
    return {"rec": rec, "data": {"type": what, "player_id": player, **data}}


def taken(units: int, **more: Any) -> dict[str, Any]:
    return fact("bet.accepted", stake_micros=units * UNIT, **more)


def refused(units: int, reason: str = "above_stake_limit", **more: Any) -> dict[str, Any]:
    return fact("bet.refused", stake_micros=units * UNIT, reason=reason, **more)


def test_a_fair_race_has_no_faults_and_is_counted() -> None:
    facts = [limit("stake", 5), taken(3), refused(3), taken(2), refused(1)]

    ledger = judge(race(), facts, ANN)

    assert (ledger.taken, ledger.refused, ledger.taken_micros) == (2, 2, 5 * UNIT)
    assert ledger.faults == []


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ([limit("stake", 5), taken(3), taken(3)], "taken after 3000000"),
        ([limit("stake", 5), taken(3), refused(2)], "refused after 3000000"),
        ([limit("stake", 5), refused(6, "above_loss_limit")], "as above_loss_limit"),
        ([limit("single_stake", 2, None), taken(3)], "above_single_stake_limit"),
        ([limit("stake", 9), taken(3), limit("stake", 5), taken(3)], "above_stake_limit"),
        ([limit("stake", 9), limit("stake", 5, "week"), taken(6)], "above_stake_limit"),
        ([limit("balance", 5, None), fact("deposit.requested", micros=6 * UNIT)], "balance"),
        ([refused(1, "insufficient_funds")], "as insufficient_funds"),
    ],
)
def test_what_should_not_have_been_decided_so_is_found(
    facts: list[dict[str, Any]], fault: str
) -> None:
    (found,) = judge(race(), facts, ANN).faults

    assert fault in found


def test_one_micro_too_much_is_found() -> None:
    facts = [limit("deposit", 5), fact("deposit.requested", micros=5 * UNIT + 1)]

    assert len(judge(race(), facts, ANN).faults) == 1


def test_open_stakes_count_as_lost_where_the_licence_says_so() -> None:
    facts = [limit("loss", 5), taken(4), taken(4)]

    counted = judge(race(open_stakes=OpenStakes.COUNTED), facts, ANN)
    ignored = judge(race(open_stakes=OpenStakes.IGNORED), facts, ANN)

    assert (len(counted.faults), len(ignored.faults)) == (1, 0)


def test_a_limit_of_time_is_judged_by_when_it_was_decided() -> None:
    up = "2026-01-01T12:00:00.000000Z"
    before, at = "2026-01-01T11:59:59.999999Z", up
    reason = "session_time_used_up"
    fair = [taken(1, rec=before), refused(1, reason, rec=at)]
    unfair = [refused(1, reason, rec=before), taken(1, rec=at)]

    assert judge(race(), fair, ANN, time_up_at=up).faults == []
    assert len(judge(race(), unfair, ANN, time_up_at=up).faults) == 2


def test_others_and_what_a_player_came_with_do_not_count() -> None:
    came_with = fact("deposit.requested", micros=9 * UNIT)
    facts = [came_with, limit("deposit", 5), taken(9, player="bob"), came_with]

    ledger = judge(race(funds_micros=9 * UNIT), facts, ANN)

    # The first deposit is what the player came with; the second one is above the limit.
    assert (ledger.taken, len(ledger.faults)) == (1, 1)


def test_the_races_have_every_kind_of_limit() -> None:
    limits = {each.kind for one in RACES for each in one.limits}

    assert limits == {*LimitKind}
    assert any(one.players > 1 for one in RACES)
    assert any(one.lowered is not None for one in RACES)
    assert any(len({each.kind for each in one.limits}) > 2 for one in RACES)
    assert Set(kind=LimitKind.STAKE, period=Period.DAY, value=75 * UNIT) in RACES[0].limits
