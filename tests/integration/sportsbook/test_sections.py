"""Sections of the catalogue: who decides on one event does not wait for the prices of another."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from fractions import Fraction

import pytest

from integration.sportsbook.world import World, selection
from pitboss import messages
from pitboss.db import Database, Transaction
from pitboss.db.errors import TransactionConflict
from pitboss.kernel.ids import EventId, SelectionId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD, section_of
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog import store
from pitboss.sportsbook.catalog.model import (
    MarketKind,
    Offer,
    PriceChange,
    ProducerChange,
    ProducerState,
)
from pitboss.sportsbook.catalog.queries import shelf as shelves

HERE = selection("A", MarketKind.MATCH_RESULT, "home")
BESIDE = selection("A", MarketKind.MATCH_RESULT, "away")
THERE = selection("B", MarketKind.MATCH_RESULT, "home")
AT_ONCE_SECONDS = 10.0
WAITING_SECONDS = 0.2


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database=database)
    here, there = await world.event("A"), await world.event("B")
    assert section_of(here) != section_of(there)
    return world


@pytest.fixture
async def asked(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[set[SelectionId]]]:
    """Give what was fetched of the catalogue, time after time."""
    fetched: list[set[SelectionId]] = []
    real = store.find_offers

    async def find_offers(tx: Transaction, selection_ids: list[SelectionId]) -> list[Offer]:
        fetched.append(set(selection_ids))
        return await real(tx, selection_ids)

    monkeypatch.setattr(store, "find_offers", find_offers)
    yield fetched


async def test_prices_of_one_event_change_while_bets_are_decided_on_another(world: World) -> None:
    async with world.database.transaction() as tx:
        before = await catalog.Shelf().locked(tx, [HERE])
        async with asyncio.timeout(AT_ONCE_SECONDS):
            await world.reprice((THERE, "9"))
        after = await catalog.Shelf().seen(tx, [HERE, THERE])

    assert before[HERE] == after[HERE]
    assert (after[THERE].price, after[THERE].tick) == (Fraction(9), 2)


async def test_bets_are_decided_on_one_event_while_prices_of_another_change(world: World) -> None:
    sections = frozenset({section_of(await event_of(world, THERE))})
    async with world.turn(CATALOGUE_SHARD, sections=sections) as turn:
        await catalog.change_prices(turn, [PriceChange(selection_id=THERE, price=Fraction(9))])
        async with asyncio.timeout(AT_ONCE_SECONDS), world.database.transaction() as tx:
            offers = await catalog.Shelf().locked(tx, [HERE])
        looking = asyncio.create_task(look(world, THERE))
        done, _ = await asyncio.wait([looking], timeout=WAITING_SECONDS)
    async with asyncio.timeout(AT_ONCE_SECONDS):
        seen = await looking

    assert offers[HERE].tick == 1
    assert not done
    assert seen.tick == 2


async def test_a_price_waits_for_who_decides_on_any_selection_of_its_event(world: World) -> None:
    async with world.database.transaction() as tx:
        await catalog.Shelf().locked(tx, [HERE])
        pricing = asyncio.create_task(world.reprice((BESIDE, "9")))
        done, _ = await asyncio.wait([pricing], timeout=WAITING_SECONDS)
    async with asyncio.timeout(AT_ONCE_SECONDS):
        await pricing

    assert not done


@pytest.mark.parametrize("way", ["still", "many"])
async def test_no_price_at_all_changes_while_all_of_the_catalogue_is_held(
    world: World, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "SECTIONS_AT_ONCE_MAX", 0)
    shelf = catalog.Shelf()

    async with world.database.transaction() as tx:
        await (shelf.still if way == "still" else shelf.locked)(tx, [HERE])
        pricing = asyncio.create_task(world.reprice((THERE, "9")))
        done, _ = await asyncio.wait([pricing], timeout=WAITING_SECONDS)
    async with asyncio.timeout(AT_ONCE_SECONDS):
        await pricing

    assert not done


@pytest.mark.parametrize("way", ["still", "many"])
async def test_who_keeps_all_of_the_catalogue_still_one_after_the_other_lets_a_price_change_between(
    world: World, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "SECTIONS_AT_ONCE_MAX", 0)
    changed = asyncio.Event()

    async def keep(till: asyncio.Event, held: asyncio.Event) -> None:
        async with world.database.transaction() as tx:
            shelf = catalog.Shelf()
            await (shelf.still if way == "still" else shelf.locked)(tx, [HERE])
            held.set()
            await till.wait()

    async def keep_on() -> None:
        """Begin each before the one before it has ended, or queues behind who changes a price."""
        till = asyncio.Event()
        held = asyncio.Event()
        keeping = asyncio.create_task(keep(till, held))
        await held.wait()
        while not changed.is_set():
            next_till, next_held = asyncio.Event(), asyncio.Event()
            following = asyncio.create_task(keep(next_till, next_held))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WAITING_SECONDS):
                    await next_held.wait()
            till.set()
            await keeping
            await next_held.wait()
            till, keeping = next_till, following
        till.set()
        await keeping

    on_and_on = asyncio.create_task(keep_on())
    try:
        await asyncio.sleep(WAITING_SECONDS)
        async with asyncio.timeout(AT_ONCE_SECONDS):
            await world.reprice((THERE, "9"))
    finally:
        changed.set()
        await on_and_on


async def test_nothing_is_opened_while_somebody_decides_on_what_was_not_there(
    world: World,
) -> None:
    coming = selection("C", MarketKind.MATCH_RESULT, "home")
    shelf = catalog.Shelf()

    async with world.database.transaction() as tx:
        found = await shelf.locked(tx, [coming])
        opening = asyncio.create_task(world.event("C"))
        done, _ = await asyncio.wait([opening], timeout=WAITING_SECONDS)
    async with asyncio.timeout(AT_ONCE_SECONDS):
        await opening
    async with world.database.transaction() as tx:
        offers = await shelf.locked(tx, [coming])

    assert (found, done) == ({}, set())
    assert offers[coming].tick == 1


async def test_a_shelf_fetches_again_only_the_event_whose_price_has_moved(
    world: World, asked: list[set[SelectionId]]
) -> None:
    shelf, offers = catalog.Shelf(), {}
    for prices in [(), ((THERE, "9"),), (), ((BESIDE, "8"), (THERE, "7"))]:
        if prices:
            await world.reprice(*prices)
        async with world.database.transaction() as tx:
            offers = dict(await shelf.locked(tx, [HERE, THERE]))

    assert asked == [{HERE, THERE}, {THERE}, {HERE, THERE}]
    assert (offers[THERE].price, offers[THERE].tick) == (Fraction(7), 3)
    # Of what was not looked at since it moved, nothing old is handed out either.
    async with world.database.transaction() as tx:
        assert (await shelf.locked(tx, [BESIDE]))[BESIDE].price == Fraction(8)


async def test_what_concerns_many_events_is_seen_although_none_of_them_tells_it(
    world: World,
) -> None:
    shelf = catalog.Shelf()
    before = await look(world, HERE, shelf)
    revoked = shelf.revoked
    async with world.turn(CATALOGUE_SHARD) as turn:
        down = ProducerChange(producer="some", why="silent", state=ProducerState.DOWN)
        await catalog.set_producers(turn, [down])
    after = await look(world, HERE, shelf)

    assert (before, revoked + 1) == (after, shelf.revoked)


async def test_what_is_at_hand_stood_when_the_shelf_was_last_looked_at(world: World) -> None:
    shelf = catalog.Shelf()
    await look(world, HERE, shelf)
    await look(world, THERE, shelf)
    together = shelf.at_hand([HERE, THERE])
    await world.reprice((HERE, "9"))
    await look(world, THERE, shelf)

    assert together is not None
    assert together.keys() == {HERE, THERE}
    # Nobody has looked whether this one stands at the seq at which the other one does.
    assert shelf.at_hand([HERE]) is None
    assert shelf.at_hand([THERE]) is not None


async def test_who_tells_of_another_section_than_his_has_done_nothing(world: World) -> None:
    elsewhere = frozenset({section_of(derived_id("event", "elsewhere"))})

    with pytest.raises(TransactionConflict):
        async with world.turn(CATALOGUE_SHARD, sections=elsewhere) as turn:
            await catalog.change_prices(turn, [PriceChange(selection_id=HERE, price=Fraction(9))])

    assert (await look(world, HERE)).tick == 1


async def test_many_price_many_events_at_once_and_nobody_waits_for_ever(world: World) -> None:
    names = "ABCDEFGH"
    for name in names[2:]:
        await world.event(name)
    homes = [selection(name, MarketKind.MATCH_RESULT, "home") for name in names]

    async def price(turns: int, way: int) -> None:
        for number in range(turns):
            await world.reprice(*((item, f"{2 + number}.{way}") for item in homes[::way]))

    async def decide(turns: int, way: int) -> None:
        shelf = catalog.Shelf()
        for _ in range(turns):
            async with world.database.transaction() as tx:
                await shelf.locked(tx, homes[::way])

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for way in (1, -1, 2, -2):
            group.create_task(price(10, way) if way > 0 else decide(20, way))
            group.create_task(decide(20, way))

    async with world.database.reading() as tx:
        stand = await messages.read_stand(tx, CATALOGUE_SHARD, [])
    assert stand.versions == {}
    assert (await look(world, homes[0])).tick > 10


async def look(
    world: World, selection_id: SelectionId, shelf: catalog.Shelf | None = None
) -> Offer:
    async with world.database.transaction() as tx:
        return (await (shelf or catalog.Shelf()).locked(tx, [selection_id]))[selection_id]


async def event_of(world: World, selection_id: SelectionId) -> EventId:
    async with world.database.reading() as tx:
        return (await store.find_places(tx, [selection_id]))[selection_id]
