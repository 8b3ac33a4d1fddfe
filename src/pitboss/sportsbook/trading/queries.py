"""Reads of trading."""

from __future__ import annotations

from pitboss.db import Transaction
from pitboss.kernel.ids import EventId, PlayerId, SelectionId
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import Event
from pitboss.sportsbook.trading.model import (
    EVERYBODY,
    UNLIMITED,
    Factor,
    Limit,
    OnBook,
    Place,
    Scope,
    SheetLine,
    Taking,
    TooMuch,
)

from . import rules, store

HISTORY_MAX = 100


async def find_limits(tx: Transaction) -> list[Limit]:
    """Return the limits in force: the newest for every scope, target and currency."""
    return await store.find_limits(tx)


async def find_history(
    tx: Transaction, scope: Scope, target: str, *, before: int | None = None
) -> list[Limit]:
    """Return at most 100 limits that a scope and target had, the newest first.

    `before` continues behind a number.
    """
    return await store.find_history(tx, scope, target, before=before, limit=HISTORY_MAX)


async def find_factors(tx: Transaction, player_id: PlayerId) -> list[Factor]:
    """Return at most 100 factors that a player had, the newest first; none is a factor of 1."""
    return await store.find_factor_history(tx, shard_of(player_id), player_id, limit=HISTORY_MAX)


async def find_stake_max(tx: Transaction, taking: Taking) -> TooMuch | None:
    """Return the largest stake that the limits leave for such a bet now, and which one says so.

    None if no limit is for it.  What is free in all partitions counts; somebody else may have it
    by the time that the bet comes.
    """
    places = {
        leg.selection_id: Place(market_id=leg.market_id, event_id=leg.event_id)
        for leg in taking.legs
    }
    stands = await store.find_stands(tx, taking.currency, places)
    limits = rules.in_force(await store.find_limits(tx))
    markets = await catalog.find_markets(tx, [place.market_id for place in places.values()])
    kinds = {market.id: market.kind for market in markets}
    rooms: dict[SelectionId, tuple[int, int]] = {}
    for one, place in places.items():
        ceiling = rules.ceiling_of(
            limits,
            selection_id=one,
            market_id=place.market_id,
            kind=kinds.get(place.market_id, ""),
            code=taking.currency,
        )
        taken = sum(stand.winnings_micros for stand in stands.get(one, ()))
        rooms[one] = (ceiling.bet_max, ceiling.total_max - taken)
    if all(bet_max >= UNLIMITED and room >= UNLIMITED // 2 for bet_max, room in rooms.values()):
        return None
    places_of = [(taking.shard, taking.player_id)]
    factor = (await store.find_factors(tx, places_of)).get(taking.player_id)
    return rules.stake_max(taking, rooms, EVERYBODY if factor is None else factor.factor)


async def find_books(tx: Transaction, event_id: EventId) -> list[OnBook]:
    """Return what open bets add to the selections of an event."""
    return await store.find_books(tx, event_id)


async def find_sheet(tx: Transaction, event: Event) -> list[SheetLine]:
    """Return the field sheet of an event's markets, by market, selection and currency.

    Selections on which nothing was ever taken are not on it.  As of now: bets are decided while
    it is read.
    """
    books = await store.find_books(tx, event.id)
    limits = rules.in_force(await store.find_limits(tx))
    kinds = {market.id: market.kind for market in event.markets}
    ceilings = {
        book: rules.ceiling_of(
            limits,
            selection_id=book.selection_id,
            market_id=book.market_id,
            kind=kinds.get(book.market_id, ""),
            code=book.currency,
        )
        for book in books
    }
    return rules.sheet_of(books, ceilings)
