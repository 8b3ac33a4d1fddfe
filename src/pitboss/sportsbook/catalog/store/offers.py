"""The SQL of what can be bet on: prices, terms for places, and all that a leg is decided by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from fractions import Fraction

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.kernel.price import book_of, parse_price, write_price
from pitboss.sportsbook import registry
from pitboss.sportsbook.catalog.model import (
    RACES,
    UNDATED,
    EventStatus,
    MarketStatus,
    Offer,
    Priced,
)
from pitboss.sportsbook.returns.model import PlaceTerms, TermsChange

_TAKES_PRICES = frozenset(str(status) for status in MarketStatus if status.takes_prices)
# A producer that nobody has heard of is down.
PRODUCER_UP = "(producer IS NULL OR coalesce(state = 'up' AND NOT held, false))"
# Kinds of market of which exactly one selection wins, or the stakes come back: whatever is shared
# out among winners by shares of a stake is shared out between two that are opposite.
_ONE_WINNER = tuple(kind.id for kind in registry.kinds() if kind.has_one_winner)


async def find_offers(tx: Transaction, selection_ids: Sequence[SelectionId]) -> list[Offer]:
    """Return what deciding on these selections needs."""
    rows = await tx.fetch(
        "SELECT selection_id, market_id, event_id, price, tick, active, priced_at, code,"
        f" market.status, kind, line, specifiers, producer, {PRODUCER_UP} AS producer_up,"
        " starts_at, sport, competition, event.status AS event_status, score, period, red_cards,"
        " live_no, bet_delay_seconds, in_play_open, places, fraction,"
        # Of those that are stopped too: what they may have left to the others is no more than that.
        " (SELECT array_agg(other.price) FROM catalog_selection AS other"
        "  WHERE other.market_id = market.market_id AND market.kind = ANY($2)) AS prices,"
        " CASE WHEN kind = ANY($3::text[]) THEN (SELECT count(*) FROM catalog_selection AS runner"
        "   WHERE runner.market_id = market.market_id AND runner.active) END AS runners,"
        # Each of them only grows, so together they are as before only if each is.
        " market.status_no + event.status_no + coalesce(change_no, 0) AS status_no"
        " FROM catalog_selection JOIN catalog_market AS market USING (market_id)"
        " JOIN catalog_event AS event USING (event_id)"
        " LEFT JOIN catalog_producer USING (producer)"
        " LEFT JOIN catalog_place_terms USING (market_id) WHERE selection_id = ANY($1::uuid[])",
        list(selection_ids),
        _ONE_WINNER,
        list(RACES),
    )
    return [_offer(row) for row in rows]


async def find_places(
    tx: Transaction, selection_ids: Collection[SelectionId]
) -> dict[SelectionId, EventId]:
    """Return of which events those of the selections are that exist; that never changes."""
    rows = await tx.fetch(
        "SELECT selection_id::text, event_id::text"
        " FROM catalog_selection JOIN catalog_market USING (market_id)"
        " WHERE selection_id = ANY($1::uuid[])",
        list(selection_ids),
    )
    return {SelectionId(selection_id): EventId(event_id) for selection_id, event_id in rows}


async def find_place_terms(
    tx: Transaction, market_ids: Sequence[MarketId]
) -> dict[MarketId, PlaceTerms]:
    """Return the terms for places of those markets that have their own."""
    rows = await tx.fetch(
        "SELECT * FROM catalog_place_terms WHERE market_id = ANY($1::uuid[])", list(market_ids)
    )
    found = {MarketId(str(row["market_id"])): terms_of(row) for row in rows}
    return {market_id: terms for market_id, terms in found.items() if terms is not None}


async def save_place_terms(tx: Transaction, changes: Sequence[TermsChange]) -> None:
    """Write the terms for places of markets that had none."""
    if changes:
        await tx.copy_in(
            "catalog_place_terms",
            ("market_id", "places", "fraction"),
            [(item.market_id, item.terms.places, str(item.terms.fraction)) for item in changes],
        )


async def find_priced(
    tx: Transaction, selection_ids: Sequence[SelectionId]
) -> dict[SelectionId, Priced]:
    """Return the prices of those selections that exist."""
    rows = await tx.fetch(
        "SELECT selection_id::text, event_id::text, market_id::text, price, tick, active, status"
        " FROM catalog_selection JOIN catalog_market USING (market_id)"
        " WHERE selection_id = ANY($1::uuid[])",
        list(selection_ids),
    )
    # Taken apart at once: to look a column up by its name costs as much as to make the noun.
    return {
        selection_id: Priced(
            selection_id=selection_id,
            event_id=event_id,
            market_id=market_id,
            price=parse_price(price),
            tick=tick,
            active=active,
            market_closed=status not in _TAKES_PRICES,
        )
        for selection_id, event_id, market_id, price, tick, active, status in rows
    }


async def save_prices(tx: Transaction, priced: Sequence[Priced], now: datetime) -> None:
    """Write the prices and ticks as they now stand."""
    if not priced:
        return
    await tx.execute(
        "UPDATE catalog_selection AS selection"
        " SET price = batch.price, tick = batch.tick, priced_at = $4"
        " FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS batch (selection_id, price, tick)"
        " WHERE selection.selection_id = batch.selection_id",
        [item.selection_id for item in priced],
        [write_price(item.price) for item in priced],
        [item.tick for item in priced],
        now,
    )


async def save_confirmed(
    tx: Transaction, selection_ids: Sequence[SelectionId], now: datetime
) -> None:
    """Write that these prices are right now."""
    if selection_ids:
        await tx.execute(
            "UPDATE catalog_selection SET priced_at = $2 WHERE selection_id = ANY($1::uuid[])",
            list(selection_ids),
            now,
        )


async def save_active(tx: Transaction, priced: Sequence[Priced]) -> None:
    """Write which of these selections take bets."""
    if priced:
        await tx.execute(
            "UPDATE catalog_selection AS selection SET active = batch.active"
            " FROM unnest($1::uuid[], $2::boolean[]) AS batch (selection_id, active)"
            " WHERE selection.selection_id = batch.selection_id",
            [item.selection_id for item in priced],
            [item.active for item in priced],
        )


def _offer(row: asyncpg.Record) -> Offer:
    status = EventStatus(row["event_status"])
    in_play = row["in_play_open"] and status is EventStatus.LIVE
    takes_bets = in_play or status is EventStatus.PREMATCH
    market_open = row["status"] == MarketStatus.OPEN and row["active"] and row["producer_up"]
    return Offer(
        selection_id=SelectionId(str(row["selection_id"])),
        market_id=MarketId(str(row["market_id"])),
        event_id=EventId(str(row["event_id"])),
        price=parse_price(row["price"]),
        price_text=row["price"],
        tick=row["tick"],
        market_open=takes_bets and market_open,
        starts_at=row["starts_at"],
        status_no=row["status_no"],
        live_no=row["live_no"],
        in_play=in_play,
        bet_delay_seconds=row["bet_delay_seconds"],
        producer=row["producer"],
        producer_up=row["producer_up"],
        priced_at=row["priced_at"] or UNDATED,
        sport=row["sport"],
        competition=row["competition"],
        kind=row["kind"],
        line=row["line"],
        specifiers=row["specifiers"],
        code=row["code"],
        event_status=status,
        score=row["score"],
        period=row["period"],
        red_cards=row["red_cards"],
        book=None if row["prices"] is None else book_of(tuple(row["prices"])),
        place_terms=terms_of(row),
        runners=row["runners"],
    )


def terms_of(row: asyncpg.Record) -> PlaceTerms | None:
    """Return the terms for places of a row, if the market has some."""
    if row["places"] is None:
        return None
    return PlaceTerms(places=row["places"], fraction=Fraction(row["fraction"]))
