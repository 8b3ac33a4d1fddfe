"""What of a limit is used, as each licence measures it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions.model import LimitKind, Measure, OpenStakes, Period, WhenReached
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.responsible.limits import rules
from pitboss.responsible.limits.model import Limit, LimitKey, Played, Standing
from proofs import Proves

CODES = jurisdictions.codes()
REFUSING = tuple(
    code for code in CODES if jurisdictions.get(code).limits.when_reached is not WhenReached.LOG_OUT
)
ANN = PlayerId(derived_id("player", "ann"))
NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
UNIT = 1_000_000


def limit(kind: LimitKind, value: int) -> Limit:
    """Return a daily limit that counts."""
    key = LimitKey(kind=kind, period=Period.DAY)
    return Limit(shard=shard_of(ANN), player_id=ANN, key=key, value=value, set_at=NOW)


def played(**amounts: int) -> dict[datetime, Played]:
    """Return what was played in this hour."""
    hour = rules.hour_of(NOW)
    return {hour: Played(hour=hour, **amounts)}


@pytest.mark.parametrize("code", CODES)
def test_a_withdrawal_frees_a_deposit_limit_only_where_the_licence_measures_it_net(
    code: str, proves: Proves
) -> None:
    proves("limits.deposit_measure", code)
    rulebook = jurisdictions.get(code)
    mine = [limit(LimitKind.DEPOSIT, 10 * UNIT)]

    found = rules.allowance(
        mine, played(deposited=10 * UNIT, withdrawn=4 * UNIT), rulebook, now=NOW, age=40
    )

    free = 4 * UNIT if rulebook.limits.deposit_measure is Measure.NET else 0
    assert found.refuses_deposit(free) is None
    assert found.refuses_deposit(free + 1) is LimitKind.DEPOSIT


@pytest.mark.parametrize("code", CODES)
def test_a_player_is_told_at_each_share_of_a_limit_that_the_licence_names(
    code: str, proves: Proves
) -> None:
    proves("limits.notices_percent", code)
    rulebook = jurisdictions.get(code)
    shares = rulebook.limits.notices_percent

    told = [rules.notice_at(used, 1_000, rulebook) for used in range(1_200)]

    assert {one for one in told if one is not None} == set(shares)
    for percent in shares:
        # From the first micro on at which so much of it is used, and not one before.
        assert told.index(percent) == percent * 10
    assert shares or told == [None] * 1_200


@pytest.mark.parametrize("code", CODES)
def test_open_stakes_count_as_lost_only_where_the_licence_says_so(
    code: str, proves: Proves
) -> None:
    proves("limits.loss_open_stakes", code)
    rulebook = jurisdictions.get(code)
    mine = [limit(LimitKind.LOSS, 10 * UNIT)]

    found = rules.allowance(
        mine, played(staked=8 * UNIT, settled=2 * UNIT, returned=UNIT), rulebook, now=NOW, age=40
    )

    counted = rulebook.limits.loss_open_stakes is OpenStakes.COUNTED
    left = 10 * UNIT - UNIT - (6 * UNIT if counted else 0)
    assert found.refuses_stake(left) is None
    assert found.refuses_stake(left + 1) is LimitKind.LOSS


@pytest.mark.parametrize("code", REFUSING)
def test_a_limit_that_is_used_up_refuses_the_least_stake_and_the_least_deposit(
    code: str, proves: Proves
) -> None:
    proves("limits.when_reached", code)
    mine = [limit(LimitKind.STAKE, 5 * UNIT), limit(LimitKind.DEPOSIT, 7 * UNIT)]

    found = rules.allowance(
        mine, played(staked=5 * UNIT, deposited=7 * UNIT), jurisdictions.get(code), now=NOW, age=40
    )

    assert found.refuses_stake(1) is LimitKind.STAKE
    assert found.refuses_deposit(1) is LimitKind.DEPOSIT


@pytest.mark.parametrize("code", CODES)
def test_a_used_up_loss_limit_stays_closed_only_where_the_licence_says_so(
    code: str, proves: Proves
) -> None:
    proves("limits.when_reached", code)
    rulebook = jurisdictions.get(code)
    until = NOW + timedelta(hours=1)
    mine = [msgspec.structs.replace(limit(LimitKind.LOSS, 10 * UNIT), closed_until=until)]

    def is_closed(at: datetime) -> bool:
        return rules.allowance(mine, played(), rulebook, now=at, age=40).closed

    closes = rulebook.limits.when_reached is WhenReached.REST_OF_PERIOD
    assert is_closed(NOW) is closes
    assert not is_closed(until)


def test_a_loss_limit_is_reached_when_all_of_it_is_used_and_told_once() -> None:
    rulebook = jurisdictions.get("PA")
    mine = [limit(LimitKind.LOSS, 10 * UNIT), limit(LimitKind.STAKE, UNIT)]

    def reached(staked: int, *limits: Limit) -> list[Limit]:
        standing = Standing(limits=list(limits), played=played(staked=staked), measured=True)
        return rules.reached(standing, rulebook, now=NOW)

    (closed,) = reached(10 * UNIT, *mine)

    assert closed.key.kind is LimitKind.LOSS
    assert closed.closed_until == rules.period_end(Period.DAY, rulebook, NOW)
    assert reached(10 * UNIT - 1, *mine) == reached(10 * UNIT, closed) == []
