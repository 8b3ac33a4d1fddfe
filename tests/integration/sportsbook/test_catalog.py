"""Promises of the catalogue on a real database: ticks only grow, closing is for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import asyncpg
import pytest

from integration.races import RACERS, race_for_turns, shuffles
from integration.sportsbook.world import KICK_OFF, World, market, new_event, selection
from pitboss.db import Database, Transaction
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import (
    Answer,
    Done,
    MarketKind,
    MarketStatus,
    NewEvent,
    Offer,
    PriceChange,
    Refusal,
    Refused,
    Selection,
)
from pitboss.sportsbook.catalog.queries import shelf as shelves

RESULT, TOTAL, HANDICAP = (
    MarketKind.MATCH_RESULT,
    MarketKind.TOTAL_GOALS,
    MarketKind.ASIAN_HANDICAP,
)
HOME, DRAW, AWAY = (selection("A", RESULT, code) for code in ("home", "draw", "away"))
OPEN, SUSPENDED, CLOSED = MarketStatus.OPEN, MarketStatus.SUSPENDED, MarketStatus.CLOSED
YES, UNCHANGED = Done(changed=True), Done(changed=False)


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def test_an_opened_event_is_shown_with_its_markets_at_their_first_prices(
    world: World,
) -> None:
    event_id = await world.event("A", total=Fraction(9, 4))

    async with world.database.reading() as tx:
        event = await catalog.find_event(tx, event_id)
        nobody = await catalog.find_event(tx, EventId(derived_id("event", "nobody's")))

    assert nobody is None
    assert event is not None
    assert (event.home, event.away, event.starts_at) == ("A home", "A away", KICK_OFF)
    shown = {item.kind: item for item in event.markets}
    assert shown[RESULT].selections == tuple(
        Selection(id=selection("A", RESULT, code), code=code, price=Fraction(price), tick=1)
        for code, price in (("home", "2.5"), ("draw", "3.2"), ("away", "2.9"))
    )
    assert [item.code for item in shown[TOTAL].selections] == ["over", "under"]
    assert [shown[kind].line for kind in MarketKind] == [None, Fraction(9, 4), Fraction(-3, 4)]
    assert {item.status for item in event.markets} == {OPEN}
    (told,) = await world.facts(CATALOGUE_SHARD, "event.opened")
    assert told["event_id"] == event_id


async def test_an_event_that_is_open_already_is_left_alone_or_refused(world: World) -> None:
    event = new_event("A")
    answers = [await opened(world, event, event), await opened(world, event)]
    await world.reprice((HOME, "9"))

    answers.append(await opened(world, event))
    answers.append(await opened(world, replace(event, home="Somebody else")))
    answers.append(await opened(world, new_event("A", total=Fraction(7, 2))))
    answers.append(await opened(world, new_event("B"), new_event("B", handicap=Fraction(1))))

    other = Refused(reason=Refusal.ANOTHER_UNDER_THIS_ID)
    assert answers == [
        (YES, UNCHANGED),
        (UNCHANGED,),
        (UNCHANGED,),
        (other,),
        (other,),
        (YES, other),
    ]
    assert len(await world.facts(CATALOGUE_SHARD, "event.opened")) == 2
    refused = await world.facts(CATALOGUE_SHARD, "event.refused")
    assert [fact["reason"] for fact in refused] == ["another_under_this_id"] * 3


@pytest.mark.parametrize(
    "change",
    [
        lambda item: replace(item, selections=item.selections[:-1]),
        lambda item: replace(item, selections=item.selections + item.selections[:1]),
        lambda item: replace(
            item, selections=(replace(item.selections[0], code="moon"), *item.selections[1:])
        ),
        lambda item: replace(item, line=Fraction(1) if item.line is None else None),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
async def test_an_event_that_could_not_be_settled_is_malformed(
    world: World, change: Any, place: int
) -> None:
    event = new_event("A")
    markets = list(event.markets)
    markets[place] = change(markets[place])

    with pytest.raises(Malformed, match=rf"markets\[{place}\]"):
        await opened(world, replace(event, markets=tuple(markets)))

    assert await world.facts(CATALOGUE_SHARD, "event.opened") == []


async def test_a_new_price_moves_the_tick_on_and_the_same_price_does_not(world: World) -> None:
    await world.event("A")
    nobodys = SelectionId(derived_id("nobody's"))

    answers = await world.reprice((HOME, "2.6"), (DRAW, "3.2"), (HOME, "2.7"), (nobodys, "2"))
    again = await world.reprice((HOME, "2.7"), (AWAY, "2.9"))

    assert answers == (YES, UNCHANGED, YES, Refused(reason=Refusal.UNKNOWN_SELECTION))
    assert again == (UNCHANGED, UNCHANGED)
    offers = await offered(world, [HOME, DRAW])
    assert (offers[HOME].price, offers[HOME].tick) == (Fraction("2.7"), 3)
    assert (offers[DRAW].price, offers[DRAW].tick) == (Fraction("3.2"), 1)
    (told,) = await world.facts(CATALOGUE_SHARD, "price.changed")
    assert (told["selection_id"], told["price"], told["tick"]) == (HOME, "27/10", 3)
    (refused,) = await world.facts(CATALOGUE_SHARD, "price.refused")
    assert (refused["selection_id"], refused["price"]) == (nobodys, "2/1")
    assert refused["reason"] == "unknown_selection"


async def test_a_closed_market_never_opens_again_and_keeps_its_prices(world: World) -> None:
    await world.event("A")
    mine, nobodys = market("A", RESULT), MarketId(derived_id("nobody's"))

    answers = [
        await world.set_status((mine, SUSPENDED), (nobodys, OPEN)),
        await world.set_status((mine, SUSPENDED)),
        await world.set_status((mine, OPEN), (mine, SUSPENDED), (mine, CLOSED)),
        await world.set_status((mine, CLOSED), (mine, OPEN), (mine, SUSPENDED)),
        await world.reprice((HOME, "9")),
    ]

    closed = Refused(reason=Refusal.MARKET_CLOSED)
    assert answers == [
        (YES, Refused(reason=Refusal.UNKNOWN_MARKET)),
        (UNCHANGED,),
        (YES, YES, YES),
        (UNCHANGED, closed, closed),
        (closed,),
    ]
    async with world.database.reading() as tx:
        found = await catalog.find_markets(tx, [mine, market("A", TOTAL), nobodys])
    assert {item.id: item.status for item in found} == {mine: CLOSED, market("A", TOTAL): OPEN}
    told = await world.facts(CATALOGUE_SHARD, "market.status_changed")
    assert [item["status"] for item in told] == ["suspended", "open", "suspended", "closed"]
    refused = await world.facts(CATALOGUE_SHARD, "market.status_refused")
    assert [(item["status"], item["reason"]) for item in refused] == [
        ("open", "unknown_market"),
        ("open", "market_closed"),
        ("suspended", "market_closed"),
    ]
    (kept,) = await world.facts(CATALOGUE_SHARD, "price.refused")
    assert kept["reason"] == "market_closed"


async def test_events_are_listed_by_their_start_page_by_page(world: World) -> None:
    starts = {"late": 3, "early": 1, "twin": 2, "other twin": 2, "past": -30}
    ids = {
        await world.event(name, starts_at=KICK_OFF + timedelta(days=days)): days
        for name, days in starts.items()
    }

    pages, after = [], None
    async with world.database.reading() as tx:
        while page := await catalog.find_events(tx, starting_after=KICK_OFF, after=after, limit=3):
            pages.append(page)
            after = page[-1].id
        some = await catalog.find_events_by_id(tx, list(ids)[:2])

    assert [len(page) for page in pages] == [3, 1]
    assert [ids[event.id] for page in pages for event in page] == [1, 2, 2, 3]
    assert all(len(event.markets) == 3 for page in pages for event in page)
    assert {event.id for event in some} == set(list(ids)[:2])


async def test_a_shelf_shows_every_change_as_soon_as_it_is_committed(world: World) -> None:
    await world.event("A")
    shelf, seen = catalog.Shelf(), []

    for price in ("2.5", "2.6", "2.7"):
        await world.reprice((HOME, price))
        async with world.database.transaction() as tx:
            offer = (await shelf.locked(tx, [HOME]))[HOME]
            seen.append((offer.price, offer.tick, offer.market_open))
    await world.set_status((market("A", RESULT), SUSPENDED))
    async with world.database.transaction() as tx:
        offers = await shelf.locked(tx, [HOME, SelectionId(derived_id("nobody's"))])

    assert seen == [
        (Fraction("2.5"), 1, True),
        (Fraction("2.6"), 2, True),
        (Fraction("2.7"), 3, True),
    ]
    assert not offers[HOME].market_open
    assert set(offers) == {HOME}


async def test_what_a_shelf_has_locked_does_not_change_until_the_transaction_ends(
    world: World,
) -> None:
    await world.event("A")
    shelf, other = catalog.Shelf(), catalog.Shelf()

    async with world.database.transaction() as tx, world.database.transaction() as too:
        before = (await shelf.locked(tx, [HOME]))[HOME]
        beside = (await other.locked(too, [HOME]))[HOME]
        changing = asyncio.create_task(world.reprice((HOME, "9")))
        done, _ = await asyncio.wait([changing], timeout=0.2)
        (row,) = await catalog.find_markets(tx, [market("A", RESULT)])
    async with asyncio.timeout(10):
        await changing

    assert not done
    assert before == beside
    assert {item.id: item.tick for item in row.selections}[HOME] == before.tick
    assert (await offered(world, [HOME]))[HOME].tick == 2


async def test_a_shelf_forgets_when_it_is_full(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "SHELF_OFFERS_MAX", 2)
    await world.event("A")
    shelf = catalog.Shelf()

    async with world.database.transaction() as tx:
        await shelf.locked(tx, [HOME, DRAW, AWAY])
        offers = await shelf.locked(tx, [HOME])

    assert set(offers) == {HOME}


class Late(Transaction):
    """A transaction whose answers travel for a while."""

    arrived: asyncio.Event

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Ask at once, and answer when it is time."""
        rows = await super().fetch(query, *values)
        await self.arrived.wait()
        return rows


async def test_who_shares_a_shelf_puts_nothing_old_on_it(world: World) -> None:
    await world.event("A")
    shelf = catalog.Shelf()

    async with world.database.reading() as slow, world.database.reading() as quick:
        late = Late(slow._connection)
        late.arrived = asyncio.Event()
        # The old offer is read, a new one is made and read by somebody else, and then the old
        # one arrives.
        asking = asyncio.create_task(seen_by(shelf, late, [HOME]))
        await asyncio.sleep(0.1)
        await world.reprice((HOME, "9"))
        await shelf.seen(quick, [AWAY])
        late.arrived.set()
        await asking
        offers = await shelf.seen(quick, [HOME])

    assert offers[HOME].tick == 2


async def test_no_shelf_serves_a_price_under_the_lock_that_is_not_the_rows(world: World) -> None:
    await world.event("A")
    over, looks = asyncio.Event(), []

    async def look(shelf: catalog.Shelf) -> None:
        while not over.is_set():
            async with world.database.transaction() as tx:
                offer = (await shelf.locked(tx, [HOME]))[HOME]
                (row,) = await catalog.find_markets(tx, [market("A", RESULT)])
                (mine,) = (item for item in row.selections if item.id == HOME)
                looks.append((offer.tick, offer.price) == (mine.tick, mine.price))

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(look(catalog.Shelf()))
        for number in range(40):
            await world.reprice((HOME, f"{number + 3}"))
        over.set()

    assert len(looks) > 40
    assert all(looks)


async def test_racing_prices_move_each_tick_on_one_by_one(world: World) -> None:
    await world.event("A")
    changes = [
        PriceChange(selection_id=item, price=Fraction(price))
        for item in (HOME, DRAW, AWAY)
        for price in range(2, 8)
    ]

    async def change(turn: Turn, batch: Sequence[PriceChange]) -> tuple[Answer, ...]:
        return await catalog.change_prices(turn, batch)

    batches = shuffles(changes)
    answers = await race_for_turns(
        world.database, batches, [CATALOGUE_SHARD], change, now=world.clock.now()
    )

    moves = {HOME: 0, DRAW: 0, AWAY: 0}
    for batch, mine in zip(batches, answers, strict=True):
        for item, answer in zip(batch, mine, strict=True):
            moves[item.selection_id] += answer == YES
    told = await world.facts(CATALOGUE_SHARD, "price.changed")
    for selection_id, offer in (await offered(world, list(moves))).items():
        ticks = [int(str(fact["tick"])) for fact in told if fact["selection_id"] == selection_id]
        assert ticks == sorted(set(ticks))
        assert offer.tick == ticks[-1] == 1 + moves[selection_id]


async def test_racing_openings_open_each_event_once(world: World) -> None:
    events = [new_event(f"event {number}") for number in range(10)]

    async def open_them(turn: Turn, batch: Sequence[NewEvent]) -> tuple[Answer, ...]:
        return await catalog.open_events(turn, batch)

    answers = await race_for_turns(
        world.database, shuffles(events), [CATALOGUE_SHARD], open_them, now=world.clock.now()
    )

    assert sum(answer == YES for mine in answers for answer in mine) == 10
    assert sum(answer == UNCHANGED for mine in answers for answer in mine) == 10 * (RACERS - 1)
    assert len(await world.facts(CATALOGUE_SHARD, "event.opened")) == 10


async def opened(world: World, *events: NewEvent) -> tuple[Answer, ...]:
    async with world.turn(CATALOGUE_SHARD) as turn:
        return await catalog.open_events(turn, events)


async def offered(world: World, wanted: Collection[SelectionId]) -> dict[SelectionId, Offer]:
    async with world.database.transaction() as tx:
        offers = await catalog.Shelf().locked(tx, wanted)
    return {item: offers[item] for item in wanted}


async def seen_by(shelf: catalog.Shelf, tx: Transaction, wanted: list[SelectionId]) -> None:
    await shelf.seen(tx, wanted)
