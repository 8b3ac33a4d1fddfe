"""What stops a market, and what opens it again."""

from __future__ import annotations

import msgspec
import pytest

from integration.feeds.world import LIVE, World
from pitboss.sportsbook import feeds
from pitboss.sportsbook.catalog.model import Answer, Done, MarketStatus, StatusChange
from pitboss.sportsbook.feeds.model import AnyMessage, LiveState, ProducerId, Reason, Stopped
from unit.feeds.said import (
    FEED,
    alive,
    bet_settlement,
    bet_stop,
    home_won,
    odds_change,
    one_x_two,
    reader,
    snapshot_complete,
)

from .test_reading import sold

OPEN, SUSPENDED = MarketStatus.OPEN, MarketStatus.SUSPENDED


class _Says:
    """A reader to whom every message says the same."""

    feed = FEED

    def __init__(self, said: AnyMessage) -> None:
        self._said = said

    def read(self, body: bytes) -> AnyMessage:
        return self._said


@pytest.mark.parametrize("product", [1, 3])
async def test_a_price_from_before_a_watched_result_opens_nothing_after_it(
    world: World, product: int
) -> None:
    await sold(world)
    late = odds_change(one_x_two(home="2.2"), at=world.ms)
    world.later(5)
    result = bet_settlement(home_won(), at=world.ms, certainty=1, product=product)
    await world.send(result)

    taken = await world.send(late, odds_change(one_x_two(home="2.3"), at=world.ms))

    assert taken.counts["late"] == 2
    assert (await world.market()).status is SUSPENDED
    world.later(0.001)
    await world.send(odds_change(one_x_two(home="2.4"), at=world.ms), result)
    assert (await world.prices())["home"] == "12/5"


async def test_a_price_newer_than_a_watched_result_opens_its_market_again(world: World) -> None:
    await sold(world)
    await world.send(bet_settlement(home_won(), at=world.ms, certainty=1))
    world.later(0.001)

    await world.send(odds_change(one_x_two(home="2.4"), at=world.ms))

    assert (await world.market()).status is OPEN


async def test_a_message_that_breaks_the_reader_stops_its_event(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sold(world)
    body = odds_change(one_x_two(home="1.2"), at=world.ms)
    said = world.loop.reader.read(body)
    wrong = msgspec.structs.replace(said, state=LiveState(period="x" * 100))
    monkeypatch.setattr(world.loop, "reader", _Says(wrong))

    await world.send(body)

    assert (await world.market()).status is SUSPENDED
    assert await world.reasons() == {Reason.BROKE_THE_READER: 1}


async def test_an_unreadable_message_that_breaks_the_reader_stops_its_event_too(
    world: World,
) -> None:
    known = [item.id for item in world.loop.terms]
    body = odds_change('<market id="1" status="77"/>', at=world.ms)
    unread = feeds.read(reader(), body, known=known, seen=set(), now_ms=world.ms)

    broken = feeds.broken(unread, "KeyError")

    assert isinstance(broken.said, Stopped)
    assert broken.said == unread.said


async def test_the_name_of_a_period_that_is_too_long_counts_as_not_said(world: World) -> None:
    await sold(world)
    status = f'<sport_event_status status="1" match_status="{"x" * 100}"/>'

    await world.send(odds_change(one_x_two(home="2.2"), at=world.ms, status=status))

    event = await world.event()
    assert event is not None and event.state.period is None
    assert (await world.prices())["home"] == "11/5"
    assert await world.reasons() == {}


async def staff_say(world: World, status: MarketStatus) -> Answer:
    found = await world.market()
    async with world.turn("ann") as turn:
        (answer,) = await feeds.set_status(turn, [StatusChange(market_id=found.id, status=status)])
    return answer


async def price(world: World, home: str) -> None:
    world.later(0.001)
    await world.send(odds_change(one_x_two(home=home), at=world.ms))


async def test_what_people_suspend_while_a_feed_has_no_price_of_it_opens(world: World) -> None:
    await sold(world)
    await world.send(bet_stop(at=world.ms))

    assert await staff_say(world, SUSPENDED) == Done(changed=True)
    assert await staff_say(world, SUSPENDED) == Done(changed=False)
    await price(world, "2.3")

    assert (await world.market()).status is SUSPENDED
    # The feed has let go of it: it is for people alone to open it.
    assert await staff_say(world, OPEN) == Done(changed=True)
    assert (await world.market()).status is OPEN


@pytest.mark.parametrize("people_first", [True, False])
async def test_what_both_have_suspended_opens_with_the_price_after_people_let_go(
    world: World, people_first: bool
) -> None:
    await sold(world)
    if people_first:
        await staff_say(world, SUSPENDED)
    await world.send(bet_stop(at=world.ms))
    if not people_first:
        await staff_say(world, SUSPENDED)

    assert await staff_say(world, OPEN) == Done(changed=False)
    assert (await world.market()).status is SUSPENDED
    await price(world, "2.3")

    assert (await world.market()).status is OPEN


async def test_what_people_alone_have_suspended_they_open_at_once(world: World) -> None:
    await sold(world)
    await staff_say(world, SUSPENDED)
    await price(world, "2.3")

    assert await staff_say(world, OPEN) == Done(changed=True)

    assert (await world.market()).status is OPEN


async def hold(world: World, *, held: bool) -> tuple[Answer, ...]:
    """Have staff stop all of the live producer, or let it go."""
    async with world.turn("staff:ann") as turn:
        return await feeds.hold_producer(turn, LIVE, held=held)


async def fall_silent(world: World) -> None:
    """Have the live producer say nothing for too long."""
    for _ in range(2):
        world.later(11)
        await world.send(alive(at=world.ms, product=3))


async def recover(world: World) -> None:
    """Have the live producer, which fell silent, speak and recover."""
    world.later(11)
    await world.send(alive(at=world.ms), alive(at=world.ms, product=3))
    producer, number, _ = world.supplier.asked[-1]
    assert producer == LIVE
    await world.send(snapshot_complete(number, at=world.ms), odds_change(one_x_two(), at=world.ms))


async def test_a_producer_that_staff_stopped_is_let_go_by_no_recovery(world: World) -> None:
    await sold(world)
    assert await hold(world, held=True) == (Done(changed=True),)
    assert await hold(world, held=True) == (Done(changed=False),)

    await fall_silent(world)
    assert not (await world.standing(LIVE)).up
    await recover(world)

    standing = await world.standing(LIVE)
    assert (standing.up, standing.held) == (True, True)
    assert not (await world.offer()).producer_up
    assert (await world.market()).shown_status is SUSPENDED
    assert await hold(world, held=False) == (Done(changed=True),)
    assert (await world.offer()).market_open


async def test_a_producer_that_is_down_stays_so_when_staff_let_go_of_it(world: World) -> None:
    await sold(world)
    await hold(world, held=True)
    await fall_silent(world)

    await hold(world, held=False)

    standing = await world.standing(LIVE)
    assert (standing.up, standing.held) == (False, False)
    assert not (await world.offer()).producer_up
    await recover(world)
    assert (await world.offer()).market_open


async def test_what_no_feed_vouches_for_is_believed_when_staff_say_so(world: World) -> None:
    async def say(*, held: bool) -> tuple[Answer, ...]:
        async with world.turn("staff:ann") as turn:
            return await feeds.hold_producer(turn, "house", held=held)

    stands = []
    for held in (True, False, True):
        await say(held=held)
        standing = await world.standing(ProducerId("house"))
        stands.append((standing.up, standing.held))

    assert stands == [(False, True), (True, False), (True, True)]
