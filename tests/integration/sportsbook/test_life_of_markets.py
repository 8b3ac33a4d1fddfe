"""Promises of the life of events and markets: what stops bets is noticed, and never missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from integration.sportsbook.world import KICK_OFF, World, market, new_event, selection
from pitboss.db import Database
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import (
    Done,
    Event,
    EventChange,
    EventStatus,
    HandOver,
    Market,
    MarketKind,
    MarketStatus,
    MoreMarkets,
    NewEvent,
    NewMarket,
    NewSelection,
    Offer,
    PriceChange,
    ProducerChange,
    ProducerState,
    Refusal,
    Refused,
    SelectionChange,
    StatusChange,
)

RESULT = MarketKind.MATCH_RESULT
HOME, DRAW = (selection("A", RESULT, code) for code in ("home", "draw"))
MINE = market("A", RESULT)
EVENT = EventId(derived_id("event", "A"))
YES, UNCHANGED = Done(changed=True), Done(changed=False)
OPEN, SUSPENDED = MarketStatus.OPEN, MarketStatus.SUSPENDED
CLOSED, SETTLED, CANCELLED = MarketStatus.CLOSED, MarketStatus.SETTLED, MarketStatus.CANCELLED


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database=database)
    event = new_event("A")
    fed = tuple(replace(item, producer="live") for item in event.markets)
    await world.at_the_desk(catalog.open_events, replace(event, markets=fed, in_play_open=True))
    return world


async def test_nobody_bets_on_a_producer_who_was_never_heard_of_or_is_down(world: World) -> None:
    seen = [await offer(world)]
    for state in (ProducerState.UP, ProducerState.DOWN, ProducerState.UP):
        assert await world.at_the_desk(catalog.set_producers, producer("live", state)) == (YES,)
        seen.append(await offer(world))
    again = await world.at_the_desk(
        catalog.set_producers, producer("live", ProducerState.UP), producer("other", "down")
    )

    assert again == (UNCHANGED, YES)
    assert [item.market_open for item in seen] == [False, True, False, True]
    assert [item.producer_up for item in seen] == [False, True, False, True]
    assert len({item.status_no for item in seen}) == 4
    assert [(item.status, item.shown_status) for item in await markets(world)] == [(OPEN, OPEN)] * 3
    await world.at_the_desk(catalog.set_producers, producer("live", ProducerState.DOWN))
    assert [item.shown_status for item in await markets(world)] == [SUSPENDED] * 3
    async with world.database.reading() as tx:
        known = await catalog.find_producers(tx)
    assert [(item.producer, item.state, item.change_no) for item in known] == [
        ("live", ProducerState.DOWN, 4),
        ("other", ProducerState.DOWN, 1),
    ]
    told = await world.facts(CATALOGUE_SHARD, "producer.status_changed")
    assert [item["change_no"] for item in told] == [1, 2, 3, 1, 4]


@pytest.mark.parametrize("name", ["", "Live", "a b", "x" * 41, "käse"])
async def test_a_name_that_no_producer_has_is_malformed(world: World, name: str) -> None:
    with pytest.raises(Malformed, match=r"producers\[0\]\.producer"):
        await world.at_the_desk(catalog.set_producers, producer(name, ProducerState.UP))
    with pytest.raises(Malformed, match=r"changes\[0\]\.producer"):
        await world.at_the_desk(catalog.hand_over, HandOver(market_id=MINE, producer=name))


async def test_whatever_stopped_bets_in_between_shows_in_the_number(world: World) -> None:
    """Every way in which bets can stop and go on again leaves another `status_no`."""
    await world.at_the_desk(
        catalog.set_producers,
        producer("live", "up"),
        producer("pre", "down"),
        producer("pre", "up"),
    )
    stops_and_goes: list[tuple[Any, list[Any]]] = [
        (
            catalog.set_status,
            [StatusChange(market_id=MINE, status=status) for status in (SUSPENDED, OPEN)],
        ),
        (
            catalog.set_status,
            [
                StatusChange(market_id=MINE, status=status, takes_back=True)
                for status in (CLOSED, SETTLED, CANCELLED, OPEN)
            ],
        ),
        (
            catalog.set_selections,
            [SelectionChange(selection_id=HOME, active=active) for active in (False, True)],
        ),
        (catalog.set_producers, [producer("live", state) for state in ("down", "up")]),
        (
            catalog.change_events,
            [
                EventChange(event_id=EVENT, status=status)
                for status in (EventStatus.SUSPENDED, EventStatus.LIVE)
            ],
        ),
        (
            catalog.change_events,
            [EventChange(event_id=EVENT, in_play_open=value) for value in (False, True)],
        ),
        (
            catalog.change_events,
            [
                EventChange(event_id=EVENT, starts_at=KICK_OFF + timedelta(hours=hours))
                for hours in (1, 0)
            ],
        ),
        (
            catalog.hand_over,
            [HandOver(market_id=MINE, producer=name) for name in ("pre", None, "live")],
        ),
    ]
    numbers = [(await offer(world)).status_no]

    for change, wishes in stops_and_goes:
        for wish in wishes:
            assert await world.at_the_desk(change, wish) == (YES,)
            numbers.append((await offer(world)).status_no)
        assert (await offer(world)).market_open

    assert numbers == sorted(set(numbers))
    assert (await offer(world)).tick == 1


async def test_an_event_goes_through_its_life_and_not_back(world: World) -> None:
    await world.at_the_desk(catalog.set_producers, producer("live", ProducerState.UP))
    live = EventChange(
        event_id=EVENT, status=EventStatus.LIVE, period="1h", score="0-0", red_cards="0-0"
    )
    nobodys = EventChange(event_id=EventId(derived_id("nobody's")), score="1-0")

    answers = [
        await world.at_the_desk(catalog.change_events, live, live, nobodys),
        await world.at_the_desk(catalog.change_events, goal("1-0", 600), goal("1-0", 605)),
        await world.at_the_desk(catalog.change_events, goal("1-0", 620), goal("1-0", 619)),
    ]
    at_play = await offer(world)
    ends = [
        EventChange(event_id=EVENT, status=status, takes_back=back)
        for status, back in (
            *((EventStatus.PREMATCH, False), (EventStatus.ENDED, False), (EventStatus.LIVE, False)),
            *((EventStatus.LIVE, True), (EventStatus.ABANDONED, False)),
        )
    ]
    answers.append(await world.at_the_desk(catalog.change_events, *ends))
    over = await offer(world)

    back = Refused(reason=Refusal.STATUS_GOES_BACK)
    assert answers == [
        (YES, UNCHANGED, Refused(reason=Refusal.UNKNOWN_EVENT)),
        (YES, UNCHANGED),
        (YES, YES),
        (back, YES, back, YES, YES),
    ]
    assert (at_play.in_play, at_play.market_open) == (True, True)
    assert (at_play.score, at_play.period, at_play.red_cards) == ("1-0", "1h", "0-0")
    assert at_play.live_no == 2
    assert (over.in_play, over.market_open, over.live_no) == (False, False, 2)
    assert over.event_status is EventStatus.ABANDONED
    found = await event(world)
    assert found.state.clock_seconds == 619
    assert found.state.status_no == 4
    refused = await world.facts(CATALOGUE_SHARD, "event.change_refused")
    assert [item["reason"] for item in refused] == [
        *("unknown_event", "status_goes_back", "status_goes_back")
    ]


async def test_an_event_that_is_not_offered_in_play_takes_no_bets_while_it_is(
    world: World,
) -> None:
    await world.at_the_desk(catalog.set_producers, producer("live", ProducerState.UP))
    await world.at_the_desk(
        catalog.change_events,
        EventChange(
            event_id=EVENT, status=EventStatus.LIVE, in_play_open=False, bet_delay_seconds=7
        ),
    )

    shown = await offer(world)

    assert (shown.in_play, shown.market_open, shown.bet_delay_seconds) == (False, False, 7)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (EventChange(event_id=EVENT, score="1"), "score"),
        (EventChange(event_id=EVENT, score="1-1000"), "score"),
        (EventChange(event_id=EVENT, score="-1-0"), "score"),
        (EventChange(event_id=EVENT, red_cards="٣-0"), "red_cards"),
        (EventChange(event_id=EVENT, period=""), "period"),
        (EventChange(event_id=EVENT, period="x" * 41), "period"),
        (EventChange(event_id=EVENT, clock_seconds=-1), "clock_seconds"),
        (EventChange(event_id=EVENT, clock_seconds=2**40), "clock_seconds"),
        (EventChange(event_id=EVENT, bet_delay_seconds=61), "bet_delay_seconds"),
        (EventChange(event_id=EVENT, bet_delay_seconds=-1), "bet_delay_seconds"),
    ],
)
async def test_what_no_event_can_come_to_is_malformed(
    world: World, change: EventChange, field: str
) -> None:
    with pytest.raises(Malformed, match=rf"changes\[1\]\.{field}"):
        await world.at_the_desk(catalog.change_events, goal("1-0", 1), change)

    assert await world.facts(CATALOGUE_SHARD, "event.changed") == []


async def test_more_markets_are_opened_in_an_event_that_is_there(world: World) -> None:
    more = MoreMarkets(event_id=EVENT, markets=(total("3.5"),))
    both = MoreMarkets(event_id=EVENT, markets=(total("3.5"), total("4.5")))
    twin = replace(total("3.5"), id=MarketId(derived_id("twin")), selections=picks("twin"))
    stolen = replace(total("5.5"), selections=total("4.5").selections)
    nowhere = replace(more, event_id=EventId(derived_id("nobody's")))

    answers = [
        await world.at_the_desk(catalog.open_markets, more, more, both),
        await world.at_the_desk(catalog.open_markets, both),
        await world.at_the_desk(
            catalog.open_markets,
            *(replace(more, markets=(item,)) for item in (twin, stolen)),
            nowhere,
        ),
        await world.at_the_desk(catalog.open_events, opened_once_more()),
    ]

    other = Refused(reason=Refusal.ANOTHER_UNDER_THIS_ID)
    assert answers == [
        (YES, UNCHANGED, YES),
        (UNCHANGED,),
        (other, other, Refused(reason=Refusal.UNKNOWN_EVENT)),
        (UNCHANGED,),
    ]
    shown = {item.line for item in await markets(world) if item.kind == MarketKind.TOTAL_GOALS}
    assert shown == {Fraction("2.5"), Fraction("3.5"), Fraction("4.5")}
    told = await world.facts(CATALOGUE_SHARD, "markets.opened")
    assert len(told) == 2
    refused = await world.facts(CATALOGUE_SHARD, "markets.refused")
    assert [item["reason"] for item in refused] == [
        *("another_under_this_id", "another_under_this_id", "unknown_event")
    ]


async def test_a_market_that_was_opened_later_is_settled_like_the_others(world: World) -> None:
    await world.at_the_desk(catalog.set_producers, producer("live", ProducerState.UP))
    later = MoreMarkets(event_id=EVENT, markets=(total("3.5"),))
    await world.at_the_desk(catalog.open_markets, later)
    player = await world.player(units=10)
    bet_id = await world.wish(player, picks("3.5")[0].id, units=5)
    await world.process()

    await world.score(EVENT, 3, 1)
    await world.settle()

    assert (await world.bet(player, bet_id)).returns_micros == 10_000_000


async def test_a_price_is_from_when_it_was_last_changed_or_confirmed(world: World) -> None:
    seen = [(await offer(world)).priced_at]
    world.clock.advance(timedelta(minutes=1))
    await world.reprice((HOME, "2.6"))
    seen.append((await offer(world)).priced_at)
    world.clock.advance(timedelta(minutes=1))
    await world.reprice((HOME, "2.6"))
    seen.append((await offer(world)).priced_at)
    async with world.turn(CATALOGUE_SHARD) as turn:
        again = [PriceChange(selection_id=item, price=Fraction(13, 5)) for item in (HOME, HOME)]
        moved = PriceChange(selection_id=DRAW, price=Fraction(4))
        answers = await catalog.change_prices(turn, [*again, moved, moved], confirming=True)
    seen.append((await offer(world)).priced_at)

    start = KICK_OFF - timedelta(days=1)
    assert [(at - start).seconds for at in seen] == [0, 60, 60, 120]
    assert answers == (UNCHANGED, UNCHANGED, YES, UNCHANGED)
    (told,) = await world.facts(CATALOGUE_SHARD, "prices.confirmed")
    assert told["selection_ids"] == [HOME]


async def test_a_selection_that_is_not_active_takes_no_bets_while_its_market_does(
    world: World,
) -> None:
    await world.at_the_desk(catalog.set_producers, producer("live", ProducerState.UP))
    nobodys = SelectionChange(selection_id=SelectionId(derived_id("nobody's")), active=False)
    stop = SelectionChange(selection_id=HOME, active=False)

    answers = await world.at_the_desk(catalog.set_selections, stop, stop, nobodys)
    shown = (await offer(world), await offer(world, DRAW))
    await world.at_the_desk(catalog.close_markets, MINE)
    late = await world.at_the_desk(catalog.set_selections, replace(stop, active=True))

    assert answers == (YES, UNCHANGED, Refused(reason=Refusal.UNKNOWN_SELECTION))
    assert [item.market_open for item in shown] == [False, True]
    assert late == (Refused(reason=Refusal.MARKET_CLOSED),)
    assert len(await world.facts(CATALOGUE_SHARD, "selection.refused")) == 2


async def test_a_closed_market_is_not_handed_over(world: World) -> None:
    nobodys = HandOver(market_id=MarketId(derived_id("nobody's")), producer="live")
    await world.at_the_desk(catalog.close_markets, MINE)

    answers = await world.at_the_desk(
        catalog.hand_over, HandOver(market_id=MINE, producer="pre"), nobodys
    )

    assert answers == (
        Refused(reason=Refusal.MARKET_CLOSED),
        Refused(reason=Refusal.UNKNOWN_MARKET),
    )
    assert len(await world.facts(CATALOGUE_SHARD, "market.hand_over_refused")) == 2


def producer(name: str, state: str) -> ProducerChange:
    return ProducerChange(producer=name, state=ProducerState(state), why="test")


def goal(score: str, clock: int) -> EventChange:
    return EventChange(event_id=EVENT, score=score, clock_seconds=clock)


def total(line: str) -> NewMarket:
    return NewMarket(
        id=MarketId(derived_id("total", line)),
        kind=MarketKind.TOTAL_GOALS,
        line=Fraction(line),
        selections=picks(line),
        producer="live",
    )


def picks(name: str) -> tuple[NewSelection, ...]:
    return tuple(
        NewSelection(id=SelectionId(derived_id("pick", name, code)), code=code, price=Fraction(2))
        for code in ("over", "under")
    )


def opened_once_more() -> NewEvent:
    opened = new_event("A")
    fed = tuple(replace(item, producer="live") for item in opened.markets)
    return replace(opened, markets=fed, in_play_open=True)


async def offer(world: World, selection_id: SelectionId = HOME) -> Offer:
    async with world.database.transaction() as tx:
        return (await catalog.Shelf().locked(tx, [selection_id]))[selection_id]


async def event(world: World) -> Event:
    async with world.database.reading() as tx:
        found = await catalog.find_event(tx, EVENT)
    assert found is not None
    return found


async def markets(world: World) -> tuple[Market, ...]:
    return (await event(world)).markets
