"""Promises of kinds of markets on a real database: what the registry says is what is paid."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from integration.sportsbook.world import KICK_OFF, Given, World
from pitboss.audit import replay
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.db import Database
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import catalog, settlement
from pitboss.sportsbook.catalog.model import (
    Done,
    EventEnd,
    EventStatus,
    MarketStatus,
    NewEvent,
    NewMarket,
    NewSelection,
    Refusal,
    Refused,
)
from pitboss.sportsbook.registry.model import Ended
from pitboss.sportsbook.settlement.model import Score, ScoreReport

UNIT = 1_000_000
YES, UNCHANGED = Done(changed=True), Done(changed=False)
READER = Reader((*ALL_FACTS, Given))


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def test_what_is_told_of_an_end_settles_the_markets_that_it_decides(world: World) -> None:
    event = football()
    await world.at_the_desk(catalog.open_events, event)
    player = await world.player(units=100)
    bets = {
        name: await world.wish(player, pick(event.id, *name), units=1)
        for name in (
            ("half_total", "over"),
            ("half_total", "under"),
            ("correct_score", "2-1"),
            ("corners_total", "over"),
            ("first_goal", "away"),
            ("1x2", "home"),
        )
    }
    await world.process()

    score = Ended(counts={"score": {"match": "2-1", "1": "1-1", "2": "1-0"}})
    assert await end(world, event.id, score) == YES
    await world.settle()
    early = {name: (await world.bet(player, bet_id)).state for name, bet_id in bets.items()}
    more = Ended(counts={"corners": {"match": "7-5"}}, scorers=("away", "home", "home"))
    assert await end(world, event.id, more) == YES
    assert await end(world, event.id, more) == UNCHANGED
    await world.settle()

    waiting = {("corners_total", "over"), ("first_goal", "away")}
    assert {name for name, state in early.items() if state == "accepted"} == waiting
    returned = {
        name: (await world.bet(player, bet_id)).returns_micros for name, bet_id in bets.items()
    }
    assert returned == {
        ("half_total", "over"): 2 * UNIT,
        ("half_total", "under"): 0,
        ("correct_score", "2-1"): 2 * UNIT,
        ("corners_total", "over"): 2 * UNIT,
        ("first_goal", "away"): 2 * UNIT,
        ("1x2", "home"): 2 * UNIT,
    }
    async with world.database.reading() as tx:
        found = await catalog.find_event(tx, event.id)
    assert found is not None
    assert found.state.status is EventStatus.ENDED
    assert {market.status for market in found.markets} == {MarketStatus.CLOSED}
    assert set((await world.totals()).values()) == {0}


async def test_what_was_told_is_not_taken_back_by_something_else(world: World) -> None:
    event = football()
    await world.at_the_desk(catalog.open_events, event)
    first, other = (Ended(counts={"score": {"match": text}}) for text in ("2-1", "2-2"))
    nobodys = EventEnd(event_id=EventId(derived_id("nobody's")), ended=first)

    answers = [
        await world.at_the_desk(catalog.end_events, EventEnd(event_id=event.id, ended=ended))
        for ended in (first, other, replace_abandoned(first), first)
    ]
    answers.append(await world.at_the_desk(catalog.end_events, nobodys))

    otherwise = Refused(reason=Refusal.ENDED_OTHERWISE)
    assert answers == [
        (YES,),
        (otherwise,),
        (otherwise,),
        (UNCHANGED,),
        (Refused(reason=Refusal.UNKNOWN_EVENT),),
    ]
    assert len(await world.facts(CATALOGUE_SHARD, "event.ended")) == 1
    refused = await world.facts(CATALOGUE_SHARD, "event.end_refused")
    assert [fact["reason"] for fact in refused] == [*["ended_otherwise"] * 2, "unknown_event"]
    with pytest.raises(Malformed, match=r"endings\[0\]\.order"):
        wrong = EventEnd(event_id=event.id, ended=Ended(order=((),)))
        await world.at_the_desk(catalog.end_events, wrong)


async def test_a_race_pays_winners_that_tie_their_share(world: World) -> None:
    runners = ("3", "5", "7", "9")
    race = NewEvent(
        id=EventId(derived_id("race")),
        sport="horse_racing",
        competition="Meeting",
        home="",
        away="",
        name="The 14:30",
        starts_at=KICK_OFF,
        markets=(
            new_market("race", "race_winner", runners),
            new_market("race", "forecast", ("3>7", "7>3", "5>9")),
        ),
    )
    await world.at_the_desk(catalog.open_events, race)
    player = await world.player(units=100)
    wanted = [("race_winner", code) for code in ("3", "7", "5", "9")] + [("forecast", "3>7")]
    bets = [await world.wish(player, pick(race.id, *name), units=2) for name in wanted]
    await world.process()

    assert await end(world, race.id, Ended(order=(("7", "3"), ("9",)), non_runners=("5",))) == YES
    await world.settle()

    returned = [(await world.bet(player, bet_id)).returns_micros for bet_id in bets]
    assert returned == [2 * UNIT, 2 * UNIT, 2 * UNIT, 0, 2 * UNIT]
    assert (await world.bet(player, bets[2])).state == "voided"


async def test_facts_alone_make_the_same_results_and_settlements(world: World) -> None:
    event = football()
    await world.at_the_desk(catalog.open_events, event)
    player = await world.player(units=100)
    await world.wish(player, pick(event.id, "half_total", "over"), units=1)
    await world.wish(player, pick(event.id, "corners_total", "over"), units=1)
    await world.process()
    await end(world, event.id, Ended(counts={"score": {"match": "2-1", "1": "1-1"}}))
    await end(world, event.id, Ended(counts={"corners": {"match": "1-5"}}))
    await world.settle()

    async with world.database.moment() as tx:
        report = await replay.replay_all(tx, reader=READER)

    assert report.settlements == 2
    assert report.disagreements == []


async def test_an_event_with_more_than_a_fact_can_hold_is_told_in_several(world: World) -> None:
    runners = tuple(f"runner-{number}" for number in range(150))
    places = tuple(
        new_market("field", "race_place", runners, specifiers=f"places={number}")
        for number in range(2, 6)
    )
    race = NewEvent(
        id=EventId(derived_id("field")),
        sport="golf",
        competition="Tour",
        home="",
        away="",
        name="The Open",
        starts_at=KICK_OFF,
        markets=places,
    )

    assert await world.at_the_desk(catalog.open_events, race, race) == (YES, UNCHANGED)

    assert len(await world.facts(CATALOGUE_SHARD, "event.opened")) == 1
    assert len(await world.facts(CATALOGUE_SHARD, "markets.opened")) >= 1
    async with world.database.reading() as tx:
        found = await catalog.find_event(tx, race.id)
    assert found is not None
    assert [len(market.selections) for market in found.markets] == [150] * 4
    huge = new_market("huge", "outright_winner", runners, name="ü" * 400)
    with pytest.raises(Malformed, match=r"events\[0\]\.markets\[0\]\.selections"):
        await world.at_the_desk(
            catalog.open_events,
            replace(race, id=EventId(derived_id("huge")), markets=(huge,)),
        )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "moon_landing"}, "kind"),
        ({"kind": "moneyline"}, "kind"),
        ({"specifiers": "half=1"}, "specifiers"),
        ({"specifiers": "line=1.5|half=1"}, "specifiers"),
        ({"specifiers": "half=1|half=2|line=1.5"}, "specifiers"),
        ({"specifiers": "half=1|line=1.3"}, "specifiers"),
        ({"line": Fraction(3, 2)}, "line"),
        ({"producer": "No Body"}, "producer"),
        ({"status": MarketStatus.SETTLED}, "status"),
    ],
)
async def test_a_market_that_no_rule_settles_is_not_opened(
    world: World, change: dict[str, object], field: str
) -> None:
    half = new_market("x", "half_total", ("over", "under"), specifiers="half=1|line=1.5")
    event = replace(football(), markets=(replace(half, **change),))  # type: ignore[arg-type]

    with pytest.raises(Malformed) as found:
        await world.at_the_desk(catalog.open_events, event)

    assert found.value.field == f"events[0].markets[0].{field}"


async def end(world: World, event_id: EventId, ended: Ended) -> object:
    """Say how an event ended, and record the results that follow."""
    async with world.turn(CATALOGUE_SHARD) as turn:
        (answer,) = await catalog.end_events(turn, [EventEnd(event_id=event_id, ended=ended)])
        told = ended.counts.get("score", {}).get("match")
        score = None if told is None else Score(home=int(told[0]), away=int(told[-1]))
        await settlement.record_scores(turn, [ScoreReport(event_id=event_id, score=score)])
    return answer


def football() -> NewEvent:
    """Return an event with markets of many kinds, all at even money."""
    event_id = EventId(derived_id("match"))
    return NewEvent(
        id=event_id,
        sport="football",
        competition="League",
        home="Home",
        away="Away",
        starts_at=KICK_OFF,
        markets=(
            new_market("match", "1x2", ("home", "draw", "away")),
            new_market("match", "half_total", ("over", "under"), specifiers="half=1|line=1.5"),
            new_market("match", "correct_score", ("2-1", "1-1", "other")),
            new_market("match", "corners_total", ("over", "under"), specifiers="line=9.5"),
            new_market("match", "first_goal", ("home", "none", "away")),
        ),
    )


def new_market(
    event: str,
    kind: str,
    codes: tuple[str, ...],
    *,
    specifiers: str = "",
    name: str | None = None,
) -> NewMarket:
    """Return a market of an event, at even money."""
    event_id = derived_id(event)
    return NewMarket(
        id=MarketId(derived_id("kind", event_id, kind, specifiers)),
        kind=kind,
        line=None,
        specifiers=specifiers,
        selections=tuple(
            NewSelection(
                id=SelectionId(derived_id("pick", event_id, kind + specifiers, code)),
                code=code,
                price=Fraction(2),
                name=name,
            )
            for code in codes
        ),
    )


def pick(event_id: EventId, kind: str, code: str) -> SelectionId:
    """Return the id of a selection of a market of an event here."""
    known = {"half_total": "half=1|line=1.5", "corners_total": "line=9.5"}
    return SelectionId(derived_id("pick", event_id, kind + known.get(kind, ""), code))


def replace_abandoned(ended: Ended) -> Ended:
    """Return the same end of an event that was abandoned."""
    return Ended(counts=ended.counts, abandoned=True)
