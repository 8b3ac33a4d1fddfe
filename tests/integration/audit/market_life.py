"""Everything that can happen to an event and its markets, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from integration.sportsbook.world import World, market, new_event, selection
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import (
    EventChange,
    EventEnd,
    EventStatus,
    HandOver,
    MarketKind,
    MarketStatus,
    MoreMarkets,
    PriceChange,
    ProducerChange,
    ProducerState,
    SelectionChange,
)
from pitboss.sportsbook.registry.model import Ended


async def live_through_much(world: World) -> None:
    """Let everything happen to an event and its markets that can."""
    event, market_id = new_event("D"), market("D", MarketKind.MATCH_RESULT)
    home, draw = (selection("D", MarketKind.MATCH_RESULT, code) for code in ("home", "draw"))
    first, *others = (replace(item, producer="pre") for item in event.markets)
    opened = replace(event, markets=(first,), in_play_open=True, bet_delay_seconds=5)
    await world.at_the_desk(catalog.open_events, opened)
    more = MoreMarkets(event_id=event.id, markets=tuple(others))
    await world.at_the_desk(catalog.open_markets, more)
    for state in (ProducerState.UP, ProducerState.DOWN, ProducerState.UP):
        change = ProducerChange(producer="pre", state=state, why="a test")
        await world.at_the_desk(catalog.set_producers, change)
    live = EventChange(
        event_id=event.id,
        status=EventStatus.LIVE,
        score="1-0",
        period="2h",
        clock_seconds=3_000,
        red_cards="0-1",
        starts_at=event.starts_at + timedelta(minutes=7),
    )
    await world.at_the_desk(catalog.change_events, live)
    await world.at_the_desk(catalog.hand_over, HandOver(market_id=market_id, producer="live"))
    stopped = SelectionChange(selection_id=draw, active=False)
    await world.at_the_desk(catalog.set_selections, stopped)
    await world.reprice((home, "1.5"))
    world.clock.advance(timedelta(seconds=1))
    async with world.turn(CATALOGUE_SHARD) as turn:
        same = PriceChange(selection_id=home, price=Fraction("1.5"))
        await catalog.change_prices(turn, [same], confirming=True)
    counts = {"score": {"match": "3-1", "2": "2-1", "1": "1-0"}, "corners": {"match": "7-5"}}
    ended = Ended(counts=counts, scorers=("home", "away", "home", "home"))
    await world.at_the_desk(catalog.end_events, EventEnd(event_id=event.id, ended=ended))
    for status in (MarketStatus.CLOSED, MarketStatus.SETTLED, MarketStatus.CANCELLED):
        await world.set_status((market_id, status))


async def wait_in_play(world: World, player: PlayerId) -> None:
    """Leave a bet of this player waiting for the end of its delay."""
    event_id = await world.event("in play")
    change = EventChange(event_id=event_id, status=EventStatus.LIVE, in_play_open=True)
    await world.at_the_desk(catalog.change_events, change)
    home = selection("in play", MarketKind.MATCH_RESULT, "home")
    await world.reprice((home, "2.75"))
    await world.wish(player, home, units=1, tick=2)
    await world.process()
