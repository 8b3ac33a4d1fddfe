"""The SQL of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.kernel.price import parse_price, write_price
from pitboss.sportsbook.catalog.model import (
    Event,
    Market,
    MarketKind,
    MarketStatus,
    NewEvent,
    Offer,
    Placed,
    Priced,
    Selection,
    parse_line,
    write_line,
)

_MARKET_COLUMNS = (
    "SELECT event_id, market_id, kind, line, status, selection_id, code, price, tick"
    " FROM catalog_market JOIN catalog_selection USING (market_id)"
)


async def save_events(tx: Transaction, events: Sequence[NewEvent]) -> None:
    """Write new events, their markets and their selections."""
    if not events:
        return
    markets = [(event, market) for event in events for market in event.markets]
    await tx.copy_in(
        "catalog_event",
        ("event_id", "sport", "competition", "home", "away", "starts_at"),
        [(e.id, e.sport, e.competition, e.home, e.away, e.starts_at) for e in events],
    )
    await tx.copy_in(
        "catalog_market",
        ("market_id", "event_id", "kind", "line", "status"),
        [
            (market.id, event.id, market.kind, write_line(market.line), MarketStatus.OPEN)
            for event, market in markets
        ],
    )
    await tx.copy_in(
        "catalog_selection",
        ("selection_id", "market_id", "code", "price", "tick"),
        [
            (selection.id, market.id, selection.code, write_price(selection.price), 1)
            for _, market in markets
            for selection in market.selections
        ],
    )


async def find_events(tx: Transaction, event_ids: Sequence[EventId]) -> list[Event]:
    """Return those of the events that exist, with their markets."""
    rows = await tx.fetch(
        "SELECT event_id, sport, competition, home, away, starts_at FROM catalog_event"
        " WHERE event_id = ANY($1::uuid[]) ORDER BY starts_at, event_id",
        list(event_ids),
    )
    return await _with_markets(tx, rows)


async def find_events_page(
    tx: Transaction, *, starting_after: datetime, after: EventId | None, limit: int
) -> list[Event]:
    """Return events in the order of their start, behind the event `after`."""
    rows = await tx.fetch(
        "SELECT event_id, sport, competition, home, away, starts_at FROM catalog_event"
        " WHERE starts_at > $1 AND ($2::uuid IS NULL OR (starts_at, event_id) >"
        "   (SELECT starts_at, event_id FROM catalog_event WHERE event_id = $2))"
        " ORDER BY starts_at, event_id LIMIT $3",
        starting_after,
        after,
        limit,
    )
    return await _with_markets(tx, rows)


async def find_markets(tx: Transaction, market_ids: Sequence[MarketId]) -> list[Market]:
    """Return those of the markets that exist."""
    rows = await tx.fetch(
        _MARKET_COLUMNS + " WHERE market_id = ANY($1::uuid[]) ORDER BY market_id, code",
        list(market_ids),
    )
    return _markets(rows)


async def find_offers(tx: Transaction, selection_ids: Sequence[SelectionId]) -> list[Offer]:
    """Return what deciding on these selections needs."""
    rows = await tx.fetch(
        "SELECT selection_id, market_id, event_id, price, tick, status, starts_at"
        " FROM catalog_selection JOIN catalog_market USING (market_id)"
        " JOIN catalog_event USING (event_id) WHERE selection_id = ANY($1::uuid[])",
        list(selection_ids),
    )
    return [
        Offer(
            selection_id=SelectionId(str(row["selection_id"])),
            market_id=MarketId(str(row["market_id"])),
            event_id=EventId(str(row["event_id"])),
            price=parse_price(row["price"]),
            price_text=row["price"],
            tick=row["tick"],
            market_open=row["status"] == MarketStatus.OPEN,
            starts_at=row["starts_at"],
        )
        for row in rows
    ]


async def find_priced(
    tx: Transaction, selection_ids: Sequence[SelectionId]
) -> dict[SelectionId, Priced]:
    """Return the prices of those selections that exist."""
    rows = await tx.fetch(
        "SELECT selection_id, event_id, price, tick, status FROM catalog_selection"
        " JOIN catalog_market USING (market_id) WHERE selection_id = ANY($1::uuid[])",
        list(selection_ids),
    )
    return {
        SelectionId(str(row["selection_id"])): Priced(
            selection_id=SelectionId(str(row["selection_id"])),
            event_id=EventId(str(row["event_id"])),
            price=parse_price(row["price"]),
            tick=row["tick"],
            market_closed=row["status"] == MarketStatus.CLOSED,
        )
        for row in rows
    }


async def save_prices(tx: Transaction, priced: Sequence[Priced]) -> None:
    """Write the prices and ticks as they now stand."""
    if not priced:
        return
    await tx.execute(
        "UPDATE catalog_selection AS selection SET price = batch.price, tick = batch.tick"
        " FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS batch (selection_id, price, tick)"
        " WHERE selection.selection_id = batch.selection_id",
        [item.selection_id for item in priced],
        [write_price(item.price) for item in priced],
        [item.tick for item in priced],
    )


async def find_statuses(tx: Transaction, market_ids: Sequence[MarketId]) -> dict[MarketId, Placed]:
    """Return the status of those markets that exist."""
    rows = await tx.fetch(
        "SELECT market_id, event_id, status FROM catalog_market WHERE market_id = ANY($1::uuid[])",
        list(market_ids),
    )
    return {
        MarketId(str(row["market_id"])): Placed(
            market_id=MarketId(str(row["market_id"])),
            event_id=EventId(str(row["event_id"])),
            status=MarketStatus(row["status"]),
        )
        for row in rows
    }


async def save_statuses(tx: Transaction, placed: Sequence[Placed]) -> None:
    """Write the statuses as they now stand."""
    if not placed:
        return
    await tx.execute(
        "UPDATE catalog_market AS market SET status = batch.status"
        " FROM unnest($1::uuid[], $2::text[]) AS batch (market_id, status)"
        " WHERE market.market_id = batch.market_id",
        [item.market_id for item in placed],
        [item.status for item in placed],
    )


async def _with_markets(tx: Transaction, rows: list[asyncpg.Record]) -> list[Event]:
    found = await tx.fetch(
        _MARKET_COLUMNS + " WHERE event_id = ANY($1::uuid[]) ORDER BY market_id, code",
        [row["event_id"] for row in rows],
    )
    markets: dict[EventId, list[Market]] = {}
    for market in _markets(found):
        markets.setdefault(market.event_id, []).append(market)
    return [
        Event(
            id=EventId(str(row["event_id"])),
            sport=row["sport"],
            competition=row["competition"],
            home=row["home"],
            away=row["away"],
            starts_at=row["starts_at"],
            markets=tuple(markets.get(EventId(str(row["event_id"])), ())),
        )
        for row in rows
    ]


def _markets(rows: list[asyncpg.Record]) -> list[Market]:
    """Group rows, one a selection, into markets."""
    grouped: dict[str, list[asyncpg.Record]] = {}
    for row in rows:
        grouped.setdefault(str(row["market_id"]), []).append(row)
    return [
        Market(
            id=MarketId(market_id),
            event_id=EventId(str(mine[0]["event_id"])),
            kind=MarketKind(mine[0]["kind"]),
            line=parse_line(mine[0]["line"], MarketKind(mine[0]["kind"])),
            status=MarketStatus(mine[0]["status"]),
            selections=tuple(
                Selection(
                    id=SelectionId(str(row["selection_id"])),
                    code=row["code"],
                    price=parse_price(row["price"]),
                    tick=row["tick"],
                )
                for row in sorted(mine, key=_place_of_code)
            ),
        )
        for market_id, mine in grouped.items()
    ]


def _place_of_code(row: asyncpg.Record) -> int:
    return MarketKind(row["kind"]).codes.index(row["code"])
