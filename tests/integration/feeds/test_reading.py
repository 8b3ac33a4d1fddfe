"""What a feed's messages do to the catalogue: prices, stops, and whose word counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integration.feeds.world import FIXTURE, LIVE, PREMATCH, World
from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.kernel.price import parse_price
from pitboss.sportsbook import catalog, feeds
from pitboss.sportsbook.catalog.model import (
    MarketStatus,
    NewEvent,
    NewMarket,
    NewSelection,
    StatusChange,
)
from pitboss.sportsbook.feeds.model import ForeignEvent, Link, ParkedState, Reason
from unit.feeds.said import (
    EVENT,
    FEED,
    bet_settlement,
    bet_stop,
    correction,
    home_won,
    market,
    odds_change,
    one_x_two,
    results,
)

OPEN, SUSPENDED = MarketStatus.OPEN, MarketStatus.SUSPENDED


async def sold(world: World, *, product: int = 1) -> None:
    """Have the producers up and a market open at the usual prices."""
    await world.come_up()
    await world.send(odds_change(one_x_two(), at=world.ms, product=product))
    world.later(0.001)


async def test_the_first_prices_of_an_event_open_it_with_its_markets(world: World) -> None:
    await world.come_up()

    await world.send(
        odds_change(
            one_x_two() + market(18, [(12, "1.9"), (13, "1.95")], specifiers="total=2.5"),
            at=world.ms,
        )
    )

    event = await world.event()
    assert event is not None
    assert (event.home, event.away, event.starts_at) == ("Home", "Away", FIXTURE.starts_at)
    assert await world.prices() == {"home": "21/10", "draw": "17/5", "away": "18/5"}
    total = await world.market("total")
    assert (str(total.line), total.producer, total.shown_status) == ("5/2", LIVE, OPEN)
    assert (await world.offer()).market_open


async def test_a_new_price_moves_the_tick_and_the_same_again_does_not(world: World) -> None:
    await sold(world)
    body = odds_change(one_x_two(home="2.2"), at=world.ms)

    await world.send(body)
    again = await world.send(body)

    ticks = {item.code: item.tick for item in (await world.market()).selections}
    assert ticks == {"home": 2, "draw": 1, "away": 1}
    assert (again.counts["repeated"], again.counts["fresh"]) == (1, 0)


async def test_a_late_message_changes_nothing(world: World) -> None:
    await sold(world)
    early = world.ms
    world.later(1)
    await world.send(odds_change(one_x_two(home="2.5"), at=world.ms))

    taken = await world.send(odds_change(one_x_two(home="1.5"), at=early))

    assert taken.counts["late"] == 1
    assert (await world.prices())["home"] == "5/2"


async def test_two_truths_of_one_moment_suspend_the_market_until_there_is_one(
    world: World,
) -> None:
    await sold(world)
    await world.send(odds_change(one_x_two(home="2.5"), at=world.ms))
    await world.send(odds_change(one_x_two(home="1.5"), at=world.ms))

    assert (await world.market()).status is SUSPENDED
    assert (await world.reasons())[Reason.CONTRADICTION] == 1

    world.later(0.001)
    await world.send(odds_change(one_x_two(home="2.6"), at=world.ms))

    assert (await world.market()).status is OPEN


async def test_a_stop_suspends_and_only_a_newer_price_opens_again(world: World) -> None:
    await sold(world)
    old = odds_change(one_x_two(home="2.2"), at=world.ms)
    world.later(0.001)

    await world.send(bet_stop(at=world.ms))
    assert (await world.market()).status is SUSPENDED

    # Later than the stop, and generated before it.
    await world.send(old)
    assert (await world.market()).status is SUSPENDED
    assert (await world.prices())["home"] == "21/10"

    await world.send(odds_change(one_x_two(home="2.3"), at=world.ms))
    assert (await world.market()).status is SUSPENDED
    world.later(0.001)
    await world.send(odds_change(one_x_two(home="2.3"), at=world.ms))
    assert (await world.market()).status is OPEN


async def test_a_stop_that_comes_late_does_not_stop_what_was_sold_after_it(
    world: World,
) -> None:
    await sold(world)
    early = world.ms
    world.later(1)
    await world.send(odds_change(one_x_two(home="2.5"), at=world.ms))

    await world.send(bet_stop(at=early))

    assert (await world.market()).status is OPEN


async def test_a_stop_and_a_reopening_in_one_batch_are_two_changes_of_status(
    world: World,
) -> None:
    await sold(world)
    before = (await world.offer()).status_no

    await world.send(bet_stop(at=world.ms), odds_change(one_x_two(), at=world.ms + 1))

    assert (await world.market()).status is OPEN
    assert (await world.offer()).status_no == before + 2


async def test_a_market_that_is_sold_early_waits_until_all_is_clear(world: World) -> None:
    await sold(world)

    await world.send(odds_change(one_x_two(), at=world.ms, betting_status=1))
    assert (await world.market()).status is SUSPENDED
    world.later(0.001)
    await world.send(odds_change(one_x_two(), at=world.ms))

    assert (await world.market()).status is OPEN


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ("1.00", Reason.PRICE_UNUSABLE),
        ("0", Reason.PRICE_UNUSABLE),
        ("-2.5", Reason.PRICE_UNUSABLE),
        ("10000000", Reason.PRICE_UNUSABLE),
        ("NaN", Reason.PRICE_UNUSABLE),
        ("1e5", Reason.PRICE_UNUSABLE),
        ("9" * 60, Reason.PRICE_UNUSABLE),
        # Who backs all three gets more back than they staked.
        ("900000", Reason.BOOK_NOT_SANE),
        ("1.000001", Reason.BOOK_NOT_SANE),
    ],
)
async def test_a_price_that_cannot_be_suspends_its_market_with_a_reason(
    world: World, price: str, reason: Reason
) -> None:
    await sold(world)
    away = "1.9" if price == "1.000001" else "3.6"

    await world.send(odds_change(one_x_two(home=price, draw="1.9", away=away), at=world.ms))

    assert (await world.market()).status is SUSPENDED
    assert (await world.prices())["home"] == "21/10"
    assert await world.reasons() == {reason: 1}


async def test_what_we_have_no_kind_for_is_counted_once_for_all_events(world: World) -> None:
    await world.come_up()

    for goal in range(3):
        body = odds_change(
            one_x_two() + market(62, [(6, "2"), (7, "2")], specifiers=f"goalnr={goal + 1}"),
            at=world.ms,
        )
        await world.send(body)
        world.later(0.001)

    (parked,) = await world.parked()
    assert (parked.reason, parked.subject, parked.times) == (
        Reason.UNKNOWN_MARKET,
        "62?goalnr",
        3,
    )
    assert (await world.market()).status is OPEN


async def test_a_selection_that_is_unknown_or_missing_suspends_its_market(world: World) -> None:
    await sold(world)

    await world.send(odds_change(market(1, [(1, "2"), (2, "3.5"), (9, "4")]), at=world.ms))
    assert (await world.market()).status is SUSPENDED
    world.later(0.001)
    await world.send(odds_change(market(1, [(1, "2"), (2, "3.5")]), at=world.ms))

    assert await world.reasons() == {
        Reason.UNKNOWN_SELECTION: 1,
        Reason.SELECTIONS_MISSING: 1,
    }


async def test_one_selection_may_rest_while_its_market_goes_on(world: World) -> None:
    await sold(world)
    resting = odds_change(
        one_x_two().replace('id="2" odds="3.4" active="1"', 'id="2" active="0"'), at=world.ms
    )

    await world.send(resting)

    assert (await world.offer("home")).market_open
    assert not (await world.offer("draw")).market_open
    world.later(0.001)
    await world.send(odds_change(one_x_two(), at=world.ms))
    assert (await world.offer("draw")).market_open


async def test_the_live_producer_takes_over_and_the_prematch_one_is_not_heard_again(
    world: World,
) -> None:
    await sold(world, product=3)
    assert (await world.market()).producer == PREMATCH

    # Before the prematch one has said that it lets go.
    await world.send(odds_change(one_x_two(home="1.8", away="4.5"), at=world.ms))
    assert (await world.market()).producer == LIVE
    world.later(0.001)
    await world.send(odds_change(one_x_two(status=-2), at=world.ms, product=3))
    assert (await world.market()).status is OPEN
    world.later(0.001)
    await world.send(odds_change(one_x_two(home="2.6"), at=world.ms, product=3))

    assert (await world.prices())["home"] == "9/5"
    assert await world.reasons() == {Reason.ANOTHER_PRODUCERS: 1}


async def test_a_stop_of_one_producer_leaves_the_markets_of_another(world: World) -> None:
    await sold(world, product=3)

    await world.send(bet_stop(at=world.ms, product=1))

    assert (await world.market()).status is OPEN


async def test_what_people_have_suspended_no_feed_opens(world: World) -> None:
    await sold(world)
    found = await world.market()
    async with world.turn() as turn:
        await catalog.set_status(turn, [StatusChange(market_id=found.id, status=SUSPENDED)])

    await world.send(odds_change(one_x_two(home="2.2"), at=world.ms))

    assert (await world.market()).status is SUSPENDED
    assert (await world.prices())["home"] == "11/5"


async def test_a_market_of_our_own_traders_is_not_the_feeds(world: World) -> None:
    await world.come_up()
    own = EventId(derived_id("ours"))
    selections = tuple(
        NewSelection(id=SelectionId(derived_id("ours", code)), code=code, price=parse_price("3"))
        for code in ("home", "draw", "away")
    )
    one = NewMarket(id=MarketId(derived_id("market")), kind="1x2", line=None, selections=selections)
    async with world.turn() as turn:
        await catalog.open_events(
            turn,
            [
                NewEvent(
                    id=own,
                    sport="football",
                    competition="A league",
                    home="Home",
                    away="Away",
                    starts_at=FIXTURE.starts_at,
                    markets=(one,),
                )
            ],
        )
        link = Link(feed=FEED, foreign=ForeignEvent(EVENT), event_id=own)
        assert await feeds.link(turn, link, by="ann")

    await world.send(odds_change(one_x_two(), at=world.ms), bet_stop(at=world.ms + 1))

    async with world.database.reading() as tx:
        (found,) = await catalog.find_markets(tx, [one.id])
    assert (found.status, {str(item.price) for item in found.selections}) == (OPEN, {"3"})
    assert await world.reasons() == {Reason.ANOTHER_PRODUCERS: 1}


async def test_an_event_that_the_supplier_does_not_know_is_shown_to_staff(world: World) -> None:
    await world.come_up()

    for _ in range(2):
        await world.send(odds_change(one_x_two(), at=world.ms, event="sr:match:404"))

    (parked,) = await world.parked()
    assert (parked.reason, parked.subject, parked.times) == (
        Reason.UNKNOWN_EVENT,
        "sr:match:404",
        2,
    )
    # And the supplier is not asked at every message.
    assert world.supplier.looked_up == ["sr:match:404"]


async def test_a_producer_that_we_do_not_read_changes_nothing(world: World) -> None:
    await sold(world)

    await world.send(odds_change(one_x_two(home="9"), at=world.ms, product=7))

    assert (await world.prices())["home"] == "21/10"
    assert await world.reasons() == {Reason.UNKNOWN_PRODUCER: 1}


async def test_a_message_from_the_future_does_not_make_the_next_ones_late(world: World) -> None:
    await sold(world)

    await world.send(odds_change(one_x_two(home="9"), at=world.ms + 3_600_000))

    assert (await world.prices())["home"] == "21/10"
    assert await world.reasons() == {Reason.TIME_UNBELIEVABLE: 1}
    assert (await world.standing(LIVE)).why == "clock"
    await world.send(odds_change(one_x_two(home="2.2"), at=world.ms))
    assert (await world.prices())["home"] == "11/5"


async def test_what_cannot_be_read_stops_its_event_and_nothing_else(world: World) -> None:
    await sold(world)

    await world.send(
        b"no xml",
        b"<!DOCTYPE x [<!ENTITY a 'a'>]><alive/>",
        odds_change('<market id="1" status="77"/>', at=world.ms),
        odds_change(
            market(18, [(12, "1.9"), (13, "1.95")], specifiers="total=2.5"), at=world.ms + 1
        ),
    )

    assert (await world.market()).status is SUSPENDED
    assert (await world.market("total")).status is OPEN
    assert await world.reasons() == {
        Reason.NOT_XML: 1,
        Reason.FORBIDDEN_XML: 1,
        Reason.MALFORMED: 1,
    }


async def test_a_new_start_is_fetched_and_the_event_stands_still_until_it_is_sold_again(
    world: World,
) -> None:
    await sold(world)
    later = FIXTURE.starts_at + timedelta(days=1)
    world.supplier.fixtures[ForeignEvent(EVENT)] = type(FIXTURE)(
        event=FIXTURE.event,
        sport=FIXTURE.sport,
        competition=FIXTURE.competition,
        home=FIXTURE.home,
        away=FIXTURE.away,
        starts_at=later,
    )

    await world.send(
        correction("fixture_change", at=world.ms, markets="", window='change_type="2"')
    )

    event = await world.event()
    assert event is not None and event.starts_at == later
    assert (await world.market()).status is SUSPENDED
    (parked,) = await world.parked()
    assert (parked.reason, parked.detail) == (Reason.FIXTURE_CHANGED, "time")


async def test_a_live_event_is_followed_and_may_be_bet_on_in_play(world: World) -> None:
    await sold(world)
    status = (
        '<sport_event_status status="1" match_status="6" home_score="1" away_score="0">'
        '<clock match_time="12:30"/></sport_event_status>'
    )

    await world.send(odds_change(one_x_two(), at=world.ms, status=status))

    event = await world.event()
    assert event is not None
    state = event.state
    assert (state.status, state.score, state.period) == ("live", "1-0", "6")
    assert (await world.offer()).in_play
    # The prematch producer, who still thinks that it has not begun, is not asked.
    await world.send(
        odds_change("", at=world.ms + 1, product=3, status='<sport_event_status status="0"/>')
    )
    event = await world.event()
    assert event is not None and event.state.status == "live"


async def test_a_result_is_recorded_once_whatever_comes_before_and_after_it(
    world: World,
) -> None:
    await sold(world)
    first, undone, second = world.ms, world.ms + 1, world.ms + 2
    body = bet_settlement(home_won(), at=first)

    # Settled while it is open, twice, and watched only before that.
    await world.send(bet_settlement(home_won(), at=first - 1, certainty=1))
    assert await world.result() == {}
    await world.send(body, body)
    assert await world.result() == {"home": True, "draw": False, "away": False}
    assert (await world.market()).status is not OPEN

    # The correction comes before what it follows on.
    draw = results(1, [(1, 'result="0"'), (2, 'result="1"'), (3, 'result="0"')])
    await world.send(bet_settlement(draw, at=second))
    await world.send(correction("rollback_bet_settlement", at=undone), body)

    assert await world.result() == {"home": False, "draw": True, "away": False}
    assert await world.reasons() == {}


async def test_results_that_cannot_be_are_owed_and_tried_again_on_request(world: World) -> None:
    await sold(world)
    unknown = results(1, [(1, 'result="1"'), (2, 'result="0"'), (9, 'result="0"')])
    illegal = results(1, [(1, 'result="1" void_factor="2"'), (2, 'result="0"')])

    await world.send(
        bet_settlement(unknown, at=world.ms),
        bet_settlement(illegal, at=world.ms + 1),
        bet_settlement(home_won(), at=world.ms, event="sr:match:404"),
    )

    assert await world.result() == {}
    parked = {item.reason: item for item in await world.parked()}
    assert {reason: item.owed for reason, item in parked.items()} == {
        Reason.UNKNOWN_SELECTION: True,
        Reason.RESULT_NOT_LEGAL: True,
        Reason.UNKNOWN_EVENT: False,
    }
    one = parked[Reason.UNKNOWN_SELECTION]
    async with world.turn() as turn:
        decided = await feeds.decide(turn, one.id, ParkedState.WANTED, by="ann")
    assert decided is not None and decided.state is ParkedState.WANTED
    world.later(2)
    await world.loop.round()
    again = {item.reason: item for item in await world.parked()}[Reason.UNKNOWN_SELECTION]
    assert (again.state, again.times) == (ParkedState.WAITING, 2)


async def test_a_cancel_is_recorded_with_its_window_and_taken_back(world: World) -> None:
    await sold(world)
    window = f'start_time="{world.ms - 1_000}" end_time="{world.ms}"'

    await world.send(correction("bet_cancel", at=world.ms, window=window))
    assert len((await world.ruled()).windows) == 1
    await world.send(correction("rollback_bet_cancel", at=world.ms + 1, window=window))

    assert (await world.ruled()).windows == ()
