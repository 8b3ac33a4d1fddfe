"""What a feed may ask: every kind of market that it and the registry know."""

from __future__ import annotations

import pytest

from integration.feeds.world import World
from pitboss.sportsbook.catalog.model import MarketStatus
from pitboss.sportsbook.feeds.model import Reason
from unit.feeds.said import bet_settlement, market, odds_change, one_x_two, results

OPEN, SUSPENDED = MarketStatus.OPEN, MarketStatus.SUSPENDED
CORRECT_SCORE = [(274 + 2 * number, "20") for number in range(25)] + [(324, "9")]


async def test_every_kind_that_the_feed_and_we_know_is_sold_and_settled(world: World) -> None:
    await world.come_up()
    said = (
        market(10, [(9, "1.3"), (10, "1.4"), (11, "1.9")])
        + market(45, CORRECT_SCORE)
        + market(68, [(12, "2.1"), (13, "1.7")], specifiers="total=1.5")
        + market(19, [(12, "2.1"), (13, "1.7")], specifiers="total=1.5")
        + market(8, [(6, "1.9"), (7, "9"), (8, "2.6")], specifiers="goalnr=1")
    )

    await world.send(odds_change(said, at=world.ms))

    kinds = {"double_chance", "correct_score", "half_total", "team_total", "next_goal"}
    event = await world.event()
    assert event is not None
    assert {item.kind: item.shown_status for item in event.markets} == dict.fromkeys(kinds, OPEN)
    assert (await world.market("half_total")).specifiers == "half=1|line=1.5"
    assert (await world.market("team_total")).specifiers == "line=1.5|side=home"
    world.later(0.001)
    ended = results(10, [(9, 'result="1"'), (10, 'result="1"'), (11, 'result="0"')])
    await world.send(bet_settlement(ended, at=world.ms))
    assert (await world.market("double_chance")).status in {MarketStatus.CLOSED, "settled"}
    assert await world.reasons() == {}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        # All three can be had for less than the two that will be paid.
        (market(10, [(9, "1.6"), (10, "1.7"), (11, "2.9")]), Reason.BOOK_NOT_SANE),
        (market(68, [(12, "2"), (13, "1.8")], specifiers="total=999"), Reason.UNKNOWN_MARKET),
        (market(219, [(4, "2"), (5, "1.8")]), Reason.UNKNOWN_MARKET),
        (market(45, [(274, "9"), (274, "8")]), Reason.CONTRADICTION),
    ],
    ids=["book", "line", "another sport's", "twice"],
)
async def test_a_market_that_cannot_be_is_not_opened(
    world: World, said: str, reason: Reason
) -> None:
    await world.come_up()

    await world.send(odds_change(one_x_two() + said, at=world.ms))

    event = await world.event()
    assert event is not None
    assert [item.kind for item in event.markets] == ["1x2"]
    assert await world.reasons() == {reason: 1}


async def test_an_open_market_keeps_the_answers_that_it_was_opened_with(world: World) -> None:
    await world.come_up()
    await world.send(odds_change(market(45, CORRECT_SCORE), at=world.ms))
    world.later(0.001)

    await world.send(odds_change(market(45, CORRECT_SCORE[:-1]), at=world.ms))

    assert (await world.market("correct_score")).status is SUSPENDED
    assert await world.reasons() == {Reason.SELECTIONS_MISSING: 1}
