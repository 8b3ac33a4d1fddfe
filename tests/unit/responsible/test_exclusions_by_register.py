"""When an exclusion that a national register began is over, for every licence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Lift
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard
from pitboss.responsible.exclusion import rules
from pitboss.responsible.exclusion.model import Exclusion, Initiator, Kind, Reason, Refusal
from proofs import Proves

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CODES = [code for code in jurisdictions.codes() if jurisdictions.get(code).exclusion.registers]
BY_REGISTER = Exclusion(
    shard=Shard(3),
    player_id=PlayerId("p"),
    key="k",
    kind=Kind.EXCLUSION,
    initiator=Initiator.REGISTER,
    reason=Reason.REGISTER,
    starts_at=NOW,
    ends_at=None,
)
RELEASED = msgspec.structs.replace(BY_REGISTER, released_at=NOW + timedelta(days=200))
CENTURY = NOW + timedelta(days=36_500)


@pytest.mark.parametrize("code", CODES)
def test_nobody_but_the_register_ends_what_it_began(code: str, proves: Proves) -> None:
    proves("exclusion.lift", code)
    licence = jurisdictions.get(code)

    assert not rules.is_over(BY_REGISTER, licence, CENTURY)
    refusal = rules.refusal_to_return(BY_REGISTER, licence, CENTURY)
    assert refusal is Refusal.HELD_BY_REGISTER
    asked = rules.with_return_asked(BY_REGISTER, NOW)
    assert not rules.is_over(asked, licence, CENTURY)


@pytest.mark.parametrize("code", CODES)
def test_after_the_register_the_licence_says_how_play_is_open_again(
    code: str, proves: Proves
) -> None:
    proves("exclusion.lift", code)
    proves("exclusion.lift_wait_hours", code)
    licence = jurisdictions.get(code)
    released_at = RELEASED.released_at
    assert released_at is not None
    wait = timedelta(hours=licence.exclusion.lift_wait_hours or 0)

    match licence.exclusion.lift:
        case Lift.BY_REGISTER:
            assert rules.over_at(RELEASED, licence) == released_at
        case Lift.ON_REQUEST:
            assert rules.over_at(RELEASED, licence) is None
            assert rules.refusal_to_return(RELEASED, licence, released_at) is None
            asked = rules.with_return_asked(RELEASED, released_at)
            assert rules.over_at(asked, licence) == released_at + wait
        case Lift.AT_END:
            assert rules.over_at(RELEASED, licence) == released_at + wait
        case Lift.NEVER:
            raise AssertionError("no licence has this")


@pytest.mark.parametrize("code", CODES)
def test_a_players_own_exclusion_rests_on_a_register_only_after_its_term(code: str) -> None:
    licence = jurisdictions.get(code)
    ends_at = NOW + timedelta(days=180)
    own = msgspec.structs.replace(BY_REGISTER, initiator=Initiator.PLAYER, ends_at=ends_at)
    endless = msgspec.structs.replace(own, ends_at=None)

    leaves = licence.exclusion.lift is Lift.BY_REGISTER
    assert not rules.rests_on_register(own, licence, NOW)
    assert rules.rests_on_register(own, licence, ends_at) == leaves
    decides = licence.exclusion.indefinite_lift is Lift.BY_REGISTER
    assert rules.rests_on_register(endless, licence, CENTURY) == decides
    assert not rules.rests_on_register(endless, licence, NOW + timedelta(days=300))
    released = msgspec.structs.replace(own, released_at=ends_at)
    if leaves:
        assert rules.over_at(released, licence) == ends_at
        assert rules.over_at(own, licence) is None
