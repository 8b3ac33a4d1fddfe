"""The catalogue over HTTP: what can be bet on, for everybody."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.params import FromPath, FromQuery, QueryParameter

from pitboss.api import problems
from pitboss.api.furniture import TheEdge
from pitboss.api.problems import ProblemFound
from pitboss.kernel.ids import EventId, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.price import show_price, write_price
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import Event, Market, write_line

EVENTS_LIMIT = 50
EVENTS_LIMIT_MAX = 100


class SelectionView(msgspec.Struct, frozen=True, kw_only=True):
    """A possible answer; `price` is exact, `price_decimal` is for reading."""

    selection_id: str
    code: str
    price: str
    price_decimal: str
    tick: int


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """A question about an event."""

    market_id: str
    kind: str
    line: str | None
    status: str
    selections: tuple[SelectionView, ...]


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """A sporting event with its markets at their current prices."""

    event_id: str
    sport: str
    competition: str
    home: str
    away: str
    starts_at: str
    markets: tuple[MarketView, ...]


class EventsView(msgspec.Struct, frozen=True, kw_only=True):
    """Events by their start; `next_after` continues behind the last one."""

    events: tuple[EventView, ...]
    next_after: str | None


def make_router() -> Router:
    """Return the routes about the catalogue."""
    return Router("/v1/events", route_handlers=[show_events, show_event], tags=["catalogue"])


@get("/", summary="What can be bet on")
async def show_events(
    edge: TheEdge,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=EVENTS_LIMIT_MAX)] = EVENTS_LIMIT,
) -> EventsView:
    """Show the events that have not started, by their start."""
    behind = None if after is None else EventId(parse_id(after, field="after"))
    async with edge.database.reading() as tx:
        events = await catalog.find_events(
            tx, starting_after=edge.clock.now(), after=behind, limit=limit
        )
    return EventsView(
        events=tuple(_event(event) for event in events),
        next_after=events[-1].id if len(events) == limit else None,
    )


@get("/{event_id:str}", summary="One event")
async def show_event(edge: TheEdge, event_id: FromPath[str]) -> EventView:
    """Show an event, started or not."""
    wanted = EventId(parse_id(event_id, field="event_id"))
    async with edge.database.reading() as tx:
        event = await catalog.find_event(tx, wanted)
    if event is None:
        raise ProblemFound(problems.NOT_FOUND)
    return _event(event)


def _event(event: Event) -> EventView:
    return EventView(
        event_id=event.id,
        sport=event.sport,
        competition=event.competition,
        home=event.home,
        away=event.away,
        starts_at=write_instant(event.starts_at),
        markets=tuple(_market(market) for market in event.markets),
    )


def _market(market: Market) -> MarketView:
    return MarketView(
        market_id=market.id,
        kind=market.kind,
        line=write_line(market.line),
        status=market.status,
        selections=tuple(
            SelectionView(
                selection_id=selection.id,
                code=selection.code,
                price=write_price(selection.price),
                price_decimal=show_price(selection.price),
                tick=selection.tick,
            )
            for selection in market.selections
        ),
    )
