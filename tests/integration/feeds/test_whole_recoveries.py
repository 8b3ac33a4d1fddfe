"""After a gap that a supplier does not bridge, only what it tells of then is sold again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from integration.feeds.world import FIXTURE, PREMATCH, World
from pitboss.db.errors import DatabaseAway
from pitboss.kernel.ids import MarketId
from pitboss.messages import Turn
from pitboss.sportsbook import feeds
from pitboss.sportsbook.catalog.model import MarketStatus
from pitboss.sportsbook.feeds.model import ForeignEvent
from pitboss.workers import feed
from unit.feeds.said import EVENT, alive, market, odds_change, one_x_two, snapshot_complete

OPEN, SUSPENDED = MarketStatus.OPEN, MarketStatus.SUSPENDED
GOALS = market(18, [(12, "1.9"), (13, "1.95")], specifiers="total=2.5")
A_DAY = 24 * 3_600


async def after_a_gap(world: World, seconds: float) -> int:
    """Have two markets open, then silence; return the number of the recovery that is asked for."""
    starts_at = FIXTURE.starts_at + timedelta(days=30)
    world.supplier.fixtures[ForeignEvent(EVENT)] = replace(FIXTURE, starts_at=starts_at)
    await world.come_up()
    await world.send(odds_change(one_x_two() + GOALS, at=world.ms, product=3))
    await world.send(alive(at=world.ms + 1, product=3))
    world.supplier.asked.clear()
    world.later(seconds)
    await world.loop.round()
    await world.send(alive(at=world.ms, product=3))
    (number,) = [number for name, number, _ in world.supplier.asked if name == PREMATCH]
    return number


async def end(world: World, number: int) -> dict[str, str]:
    """Have the recovery end; return how both markets stand then."""
    world.later(1)
    await world.send(snapshot_complete(number, at=world.ms, product=3))
    assert (await world.offer()).producer_up
    return {kind: (await world.market(kind)).status for kind in ("1x2", "total")}


async def test_what_a_recovery_of_all_there_is_leaves_out_is_suspended_until_its_next_price(
    world: World,
) -> None:
    number = await after_a_gap(world, 5 * A_DAY)
    told = odds_change(one_x_two(), at=world.ms, product=3, request_id=number)

    await world.send(told)
    assert await end(world, number) == {"1x2": OPEN, "total": SUSPENDED}

    world.later(1)
    await world.send(odds_change(GOALS, at=world.ms, product=3))
    assert (await world.market("total")).status is OPEN


async def test_what_is_left_out_may_be_more_than_one_turn_suspends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LEFT_OUT_MAX", 1)
    number = await after_a_gap(world, 5 * A_DAY)

    assert await end(world, number) == {"1x2": SUSPENDED, "total": SUSPENDED}


async def test_who_breaks_off_between_two_turns_suspends_the_rest_before_anything_is_sold(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LEFT_OUT_MAX", 1)
    number = await after_a_gap(world, 5 * A_DAY)
    suspend, calls = feeds.suspend_left_out, list[int]()

    async def break_off_once(turn: Turn, market_ids: Sequence[MarketId]) -> None:
        calls.append(len(market_ids))
        if len(calls) == 2:
            raise DatabaseAway("away")
        await suspend(turn, market_ids)

    monkeypatch.setattr(feeds, "suspend_left_out", break_off_once)
    world.later(1)
    with pytest.raises(DatabaseAway):
        await world.send(snapshot_complete(number, at=world.ms, product=3))

    assert not (await world.offer()).producer_up
    await world.loop.round()
    assert (await world.offer()).producer_up
    assert {(await world.market(kind)).status for kind in ("1x2", "total")} == {SUSPENDED}
    assert calls == [1, 1, 1]


async def test_what_is_told_again_as_it_was_is_told(world: World) -> None:
    number = await after_a_gap(world, 5 * A_DAY)
    again = odds_change(
        one_x_two() + GOALS, at=world.ms - 5 * A_DAY * 1_000, product=3, request_id=number
    )

    await world.send(again)

    assert await end(world, number) == {"1x2": OPEN, "total": OPEN}


@pytest.mark.parametrize("seconds", [60.0, A_DAY])
async def test_a_recovery_of_what_was_missed_leaves_what_did_not_change_open(
    world: World, seconds: float
) -> None:
    number = await after_a_gap(world, seconds)

    assert await end(world, number) == {"1x2": OPEN, "total": OPEN}
