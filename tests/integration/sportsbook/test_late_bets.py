"""Promises of past posting: whoever bet when it had begun already neither wins nor loses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from integration.races import RACERS, race_for_turns
from integration.sportsbook.world import KICK_OFF, UNIT, World, selection
from pitboss.db import Database
from pitboss.kernel.ids import EventId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import catalog, settlement
from pitboss.sportsbook.betting.model import BetState
from pitboss.sportsbook.catalog.model import EventChange, EventStatus, MarketKind
from pitboss.sportsbook.settlement.model import (
    Answer,
    Authority,
    Recorded,
    Refusal,
    Refused,
    Start,
)

HOME = selection("A", MarketKind.MATCH_RESULT, "home")
AWAY = selection("A", MarketKind.MATCH_RESULT, "away")
OTHER = selection("B", MarketKind.MATCH_RESULT, "home")
EVENT = EventId(derived_id("event", "A"))


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    await made.event("A")
    await made.event("B")
    return made


async def began(
    world: World,
    at: datetime,
    *,
    event_id: EventId = EVENT,
    authority: Authority = Authority.FEED,
) -> Answer:
    """Say that event A has really begun at this moment."""
    async with world.turn(CATALOGUE_SHARD) as turn:
        (answer,) = await settlement.record_starts(
            turn, [Start(event_id=event_id, began_at=at, source="test", authority=authority)]
        )
    return answer


async def test_late_bets_are_void_winners_and_losers_alike_and_earlier_ones_stand(
    world: World,
) -> None:
    player = await world.player(units=100)
    early = [await world.wish(player, item) for item in (HOME, AWAY)]
    await world.process()
    world.clock.advance(timedelta(minutes=10))
    began_at = world.clock.now()
    late = [await world.wish(player, item) for item in (HOME, AWAY)]
    await world.process()
    world.clock.advance(timedelta(minutes=5))
    double = await world.wish(player, HOME, OTHER)
    await world.process()

    answer = await began(world, began_at)
    too_late = await world.wish(player, HOME)
    await world.process()
    await world.score(EVENT, 1, 0)
    await world.score(EventId(derived_id("event", "B")), 1, 0)
    await world.settle()

    assert answer == Recorded(changed=True)
    assert [(await world.bet(player, item)).returns_micros for item in early] == [12_500_000, 0]
    for bet_id in late:
        bet = await world.bet(player, bet_id)
        assert (bet.state, bet.returns_micros) == (BetState.VOIDED, 5 * UNIT)
    # Only what was late of it is void: the other leg goes on alone.
    assert (await world.bet(player, double)).returns_micros == 12_500_000
    assert (await world.bet(player, too_late)).refusal == "event_started"
    assert await world.totals() == {"EUR": 0}


async def test_late_bets_that_were_paid_already_are_void_all_the_same(world: World) -> None:
    player = await world.player(units=100)
    began_at = world.clock.now()
    winner, loser = [await world.wish(player, item) for item in (HOME, AWAY)]
    await world.process()
    await world.score(EVENT, 1, 0)
    await world.settle()
    paid = await world.balance(player)

    by_staff = await began(world, began_at, authority=Authority.STAFF)
    await began(world, began_at)
    await world.settle()

    # Staff are shown first who would gain and lose: that is another door.
    assert by_staff == Refused(reason=Refusal.ANOTHER_RESULT)
    assert paid == (102_500_000, 0)
    for bet_id in (winner, loser):
        assert (await world.bet(player, bet_id)).state is BetState.VOIDED
    assert await world.balance(player) == (100 * UNIT, 0)


async def test_what_was_bet_once_the_start_was_known_stands(world: World) -> None:
    player = await world.player(units=100)
    world.clock.advance(KICK_OFF - world.clock.now())
    began_at = world.clock.now() - timedelta(minutes=1)
    answer = await began(world, began_at)
    async with world.turn(CATALOGUE_SHARD) as turn:
        change = EventChange(event_id=EVENT, in_play_open=True, bet_delay_seconds=2, score="0-0")
        await catalog.change_events(turn, [change])
    await world.reprice((HOME, "2.6"))
    in_play = await world.wish(player, HOME, tick=2)
    await world.process()
    world.clock.advance(timedelta(seconds=2))
    await world.process()

    again = await began(world, began_at - timedelta(hours=1))
    await world.score(EVENT, 1, 0)
    await world.settle()

    assert (answer, again) == (Recorded(changed=True), Recorded(changed=False))
    assert (await world.bet(player, in_play)).returns_micros == 13 * UNIT


async def test_a_start_that_cannot_be_is_refused_and_changes_nothing(world: World) -> None:
    unknown = await began(world, world.clock.now(), event_id=EventId(derived_id("event", "?")))
    to_come = await began(world, world.clock.now() + timedelta(microseconds=1))

    assert unknown == Refused(reason=Refusal.UNKNOWN_EVENT)
    assert to_come == Refused(reason=Refusal.FROM_THE_FUTURE)
    async with world.database.reading() as tx:
        found = await catalog.find_event(tx, EVENT)
    assert found is not None
    assert found.state.status is EventStatus.PREMATCH


@pytest.mark.parametrize("authority", list(Authority))
async def test_nobody_makes_bets_void_by_a_start_of_days_ago(
    world: World, authority: Authority
) -> None:
    player = await world.player(units=100)
    bet_id = await world.wish(player, HOME)
    await world.process()
    world.clock.advance(timedelta(hours=25))
    earliest = min(world.clock.now(), KICK_OFF) - timedelta(hours=24)

    refused = await began(world, earliest - timedelta(microseconds=1), authority=authority)
    await world.settle()
    stood = (await world.bet(player, bet_id)).state
    answer = await began(world, earliest, authority=authority)

    assert refused == Refused(reason=Refusal.BEGAN_TOO_EARLY)
    assert stood is BetState.ACCEPTED
    assert answer == Recorded(changed=True)


async def test_racing_starts_begin_an_event_once(world: World) -> None:
    starts = [Start(event_id=EVENT, began_at=world.clock.now(), source="test")] * 2

    async def record(turn: Turn, batch: Sequence[Start]) -> tuple[Answer, ...]:
        return await settlement.record_starts(turn, batch)

    answers = await race_for_turns(
        world.database,
        [starts] * RACERS,
        [CATALOGUE_SHARD],
        record,
        now=world.clock.now(),
    )

    given = [answer for mine in answers for answer in mine]
    assert given.count(Recorded(changed=True)) == 1
    assert given.count(Recorded(changed=False)) == 2 * RACERS - 1
    assert len(await world.facts(CATALOGUE_SHARD, "market.cancelled")) == 3
