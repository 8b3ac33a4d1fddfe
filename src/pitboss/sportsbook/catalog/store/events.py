"""The SQL of events, their markets and who makes prices for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import EventId, MarketId, SelectionId
from pitboss.kernel.price import parse_price, write_price
from pitboss.sportsbook.catalog.model import (
    Event,
    EventState,
    EventStatus,
    KnownEnd,
    Market,
    MarketStatus,
    Named,
    NewEvent,
    NewMarket,
    Placed,
    Producer,
    ProducerState,
    Selection,
    Stage,
    parse_line,
    write_line,
)
from pitboss.sportsbook.catalog.store.offers import PRODUCER_UP, terms_of
from pitboss.sportsbook.registry.model import Ended, parse_ended, place_of_code, write_ended

_STATE_COLUMNS = (
    "status, status_no, score, period, clock_seconds, red_cards, live_no, bet_delay_seconds,"
    " in_play_open"
)
_EVENT_COLUMNS = (
    f"SELECT event_id, sport, competition, home, away, starts_at, name, ended, {_STATE_COLUMNS}"
    " FROM catalog_event"
)
_MARKET_COLUMNS = (
    "SELECT event_id, market_id, kind, line, status, specifiers, producer, status_no,"
    f" {PRODUCER_UP} AS producer_up, selection_id, code, price, tick, name, active,"
    " places, fraction FROM catalog_market JOIN catalog_selection USING (market_id)"
    " LEFT JOIN catalog_producer USING (producer) LEFT JOIN catalog_place_terms USING (market_id)"
)


async def save_events(tx: Transaction, events: Sequence[NewEvent]) -> None:
    """Write new events."""
    if not events:
        return
    await tx.copy_in(
        "catalog_event",
        (
            *("event_id", "sport", "competition", "home", "away", "starts_at", "name"),
            *("in_play_open", "bet_delay_seconds"),
        ),
        [
            (
                *(event.id, event.sport, event.competition, event.home, event.away),
                *(event.starts_at, event.name, event.in_play_open, event.bet_delay_seconds),
            )
            for event in events
        ],
    )


async def save_markets(
    tx: Transaction, markets: Sequence[tuple[EventId, NewMarket]], now: datetime
) -> None:
    """Write new markets of these events, and their selections."""
    if not markets:
        return
    await tx.copy_in(
        "catalog_market",
        ("market_id", "event_id", "kind", "line", "status", "specifiers", "producer"),
        [
            (
                *(market.id, event_id, market.kind, write_line(market.line)),
                *(market.status, market.specifiers, market.producer),
            )
            for event_id, market in markets
        ],
    )
    await tx.copy_in(
        "catalog_selection",
        ("selection_id", "market_id", "code", "price", "tick", "name", "priced_at"),
        [
            (item.id, market.id, item.code, write_price(item.price), 1, item.name, now)
            for _, market in markets
            for item in market.selections
        ],
    )


async def find_events(tx: Transaction, event_ids: Sequence[EventId]) -> list[Event]:
    """Return those of the events that exist, with their markets."""
    rows = await tx.fetch(
        _EVENT_COLUMNS + " WHERE event_id = ANY($1::uuid[]) ORDER BY starts_at, event_id",
        list(event_ids),
    )
    return await _with_markets(tx, rows)


async def find_events_page(
    tx: Transaction, *, starting_after: datetime, after: EventId | None, limit: int
) -> list[Event]:
    """Return events in the order of their start, behind the event `after`."""
    rows = await tx.fetch(
        _EVENT_COLUMNS + " WHERE starts_at > $1 AND ($2::uuid IS NULL OR (starts_at, event_id) >"
        "   (SELECT starts_at, event_id FROM catalog_event WHERE event_id = $2))"
        " ORDER BY starts_at, event_id LIMIT $3",
        starting_after,
        after,
        limit,
    )
    return await _with_markets(tx, rows)


async def find_live_page(tx: Transaction, *, after: EventId | None, limit: int) -> list[Event]:
    """Return events that may be bet on in play, by their start, behind the event `after`."""
    rows = await tx.fetch(
        _EVENT_COLUMNS + " WHERE status = 'live' AND in_play_open"
        " AND ($1::uuid IS NULL OR (starts_at, event_id) >"
        "   (SELECT starts_at, event_id FROM catalog_event WHERE event_id = $1))"
        " ORDER BY starts_at, event_id LIMIT $2",
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


async def find_statuses(tx: Transaction, market_ids: Sequence[MarketId]) -> dict[MarketId, Placed]:
    """Return the status of those markets that exist."""
    rows = await tx.fetch(
        "SELECT market_id, event_id, status, status_no, producer FROM catalog_market"
        " WHERE market_id = ANY($1::uuid[])",
        list(market_ids),
    )
    found = [
        Placed(
            market_id=MarketId(str(row["market_id"])),
            event_id=EventId(str(row["event_id"])),
            status=MarketStatus(row["status"]),
            status_no=row["status_no"],
            producer=row["producer"],
        )
        for row in rows
    ]
    return {place.market_id: place for place in found}


async def find_open_of(tx: Transaction, producer: str) -> list[Named]:
    """Return the markets of a producer that are open, by their ids."""
    rows = await tx.fetch(
        "SELECT market_id::text, event_id::text, kind, line, specifiers FROM catalog_market"
        " WHERE producer = $1 AND status = 'open' ORDER BY market_id",
        producer,
    )
    return [Named(MarketId(row[0]), EventId(row[1]), *row[2:]) for row in map(tuple, rows)]


async def save_statuses(tx: Transaction, placed: Sequence[Placed]) -> None:
    """Write the statuses and producers as they now stand."""
    if not placed:
        return
    await tx.execute(
        "UPDATE catalog_market AS market SET status = batch.status,"
        " status_no = batch.status_no, producer = batch.producer"
        " FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[])"
        "   AS batch (market_id, status, status_no, producer)"
        " WHERE market.market_id = batch.market_id",
        [item.market_id for item in placed],
        [item.status for item in placed],
        [item.status_no for item in placed],
        [item.producer for item in placed],
    )


async def find_stages(tx: Transaction, event_ids: Sequence[EventId]) -> dict[EventId, Stage]:
    """Return what those of the events that exist have come to."""
    rows = await tx.fetch(
        f"SELECT event_id, starts_at, {_STATE_COLUMNS} FROM catalog_event"
        " WHERE event_id = ANY($1::uuid[])",
        list(event_ids),
    )
    found = [
        Stage(event_id=EventId(str(row["event_id"])), starts_at=row["starts_at"], state=_state(row))
        for row in rows
    ]
    return {stage.event_id: stage for stage in found}


async def save_stages(tx: Transaction, stages: Sequence[Stage]) -> None:
    """Write what these events have come to."""
    if not stages:
        return
    states = [stage.state for stage in stages]
    await tx.execute(
        "UPDATE catalog_event AS event SET starts_at = batch.starts_at, status = batch.status,"
        " status_no = batch.status_no, score = batch.score, period = batch.period,"
        " clock_seconds = batch.clock_seconds, red_cards = batch.red_cards,"
        " live_no = batch.live_no, bet_delay_seconds = batch.bet_delay_seconds,"
        " in_play_open = batch.in_play_open"
        " FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::bigint[], $5::text[],"
        "   $6::text[], $7::int[], $8::text[], $9::bigint[], $10::int[], $11::boolean[]) AS batch"
        "   (event_id, starts_at, status, status_no, score, period, clock_seconds, red_cards,"
        "    live_no, bet_delay_seconds, in_play_open)"
        " WHERE event.event_id = batch.event_id",
        [stage.event_id for stage in stages],
        [stage.starts_at for stage in stages],
        [state.status for state in states],
        [state.status_no for state in states],
        [state.score for state in states],
        [state.period for state in states],
        [state.clock_seconds for state in states],
        [state.red_cards for state in states],
        [state.live_no for state in states],
        [state.bet_delay_seconds for state in states],
        [state.in_play_open for state in states],
    )


async def find_endings(
    tx: Transaction, event_ids: Sequence[EventId], *, of_runners: Sequence[str]
) -> dict[EventId, KnownEnd]:
    """Return what is known of the end of those of the events that exist.

    Args:
        tx: a transaction.
        event_ids: the events.
        of_runners: the kinds of markets whose selections are the runners of an event.
    """
    rows = await tx.fetch(
        "SELECT event_id, sport, ended,"
        " (SELECT array_agg(DISTINCT code) FROM catalog_market JOIN catalog_selection"
        "   USING (market_id) WHERE catalog_market.event_id = event.event_id"
        "   AND kind = ANY($2::text[])) AS runners"
        " FROM catalog_event AS event WHERE event_id = ANY($1::uuid[])",
        list(event_ids),
        list(of_runners),
    )
    return {
        EventId(str(row["event_id"])): KnownEnd(
            sport=row["sport"],
            ended=None if row["ended"] is None else parse_ended(row["ended"]),
            runners=frozenset(row["runners"] or ()),
        )
        for row in rows
    }


async def save_endings(tx: Transaction, endings: Mapping[EventId, Ended]) -> None:
    """Write what is known of how these events ended."""
    if endings:
        await tx.execute(
            "UPDATE catalog_event AS event SET ended = batch.ended"
            " FROM unnest($1::uuid[], $2::text[]) AS batch (event_id, ended)"
            " WHERE event.event_id = batch.event_id",
            list(endings),
            [write_ended(ended) for ended in endings.values()],
        )


async def find_producers(tx: Transaction, names: Sequence[str] | None) -> dict[str, Producer]:
    """Return those of the producers that are known; all of them, if None is asked for."""
    rows = await tx.fetch(
        "SELECT producer, state, why, changed_at, change_no, held FROM catalog_producer"
        " WHERE $1::text[] IS NULL OR producer = ANY($1::text[]) ORDER BY producer",
        None if names is None else list(names),
    )
    return {
        row["producer"]: Producer(
            producer=row["producer"],
            state=ProducerState(row["state"]),
            why=row["why"],
            changed_at=row["changed_at"],
            change_no=row["change_no"],
            held=row["held"],
        )
        for row in rows
    }


async def save_producers(tx: Transaction, producers: Sequence[Producer]) -> None:
    """Write how these producers stand, new ones included."""
    if not producers:
        return
    await tx.execute(
        "INSERT INTO catalog_producer (producer, state, why, changed_at, change_no, held)"
        " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[],"
        "   $5::bigint[], $6::boolean[])"
        " ON CONFLICT (producer) DO UPDATE SET state = excluded.state, why = excluded.why,"
        "   changed_at = excluded.changed_at, change_no = excluded.change_no,"
        "   held = excluded.held",
        [item.producer for item in producers],
        [item.state for item in producers],
        [item.why for item in producers],
        [item.changed_at for item in producers],
        [item.change_no for item in producers],
        [item.held for item in producers],
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
            name=row["name"],
            state=_state(row),
            ended=None if row["ended"] is None else parse_ended(row["ended"]),
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
            kind=mine[0]["kind"],
            line=parse_line(mine[0]["line"], mine[0]["kind"]),
            status=MarketStatus(mine[0]["status"]),
            specifiers=mine[0]["specifiers"],
            producer=mine[0]["producer"],
            producer_up=mine[0]["producer_up"],
            status_no=mine[0]["status_no"],
            place_terms=terms_of(mine[0]),
            selections=tuple(
                Selection(
                    id=SelectionId(str(row["selection_id"])),
                    code=row["code"],
                    price=parse_price(row["price"]),
                    tick=row["tick"],
                    name=row["name"],
                    active=row["active"],
                )
                for row in sorted(mine, key=lambda row: place_of_code(row["code"]))
            ),
        )
        for market_id, mine in grouped.items()
    ]


def _state(row: asyncpg.Record) -> EventState:
    return EventState(
        status=EventStatus(row["status"]),
        status_no=row["status_no"],
        score=row["score"],
        period=row["period"],
        clock_seconds=row["clock_seconds"],
        red_cards=row["red_cards"],
        live_no=row["live_no"],
        bet_delay_seconds=row["bet_delay_seconds"],
        in_play_open=row["in_play_open"],
    )
