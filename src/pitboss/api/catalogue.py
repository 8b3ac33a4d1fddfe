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
from pitboss.sportsbook.returns.model import PlaceTerms

EVENTS_LIMIT = 50
EVENTS_LIMIT_MAX = 100


class SelectionView(msgspec.Struct, frozen=True, kw_only=True):
    """A possible answer; `price` is exact, `price_decimal` is for reading.

    It has a `name` where the code says too little, and takes no bets while it is not `active`.
    """

    selection_id: str
    code: str
    name: str | None
    active: bool
    price: str
    price_decimal: str
    tick: int


class PlaceTermsView(msgspec.Struct, frozen=True, kw_only=True):
    """How many places a market pays, and the fraction of the winnings that they pay."""

    places: int
    fraction: str


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """A question about an event; `specifiers` tell two of one kind apart (`line=2.5|period=1`).

    It is shown as suspended while nobody can be believed about its prices.
    """

    market_id: str
    kind: str
    line: str | None
    specifiers: str
    status: str
    place_terms: PlaceTermsView | None
    selections: tuple[SelectionView, ...]


# For every player, whatever the licence: pages of events are the same for all.
# Source: RTS 15A (GB); the licence's `sportsbook.in_play_notice`.
IN_PLAY_NOTICE = (
    "What is shown of an event in play may be late; others may know more of it than you do."
)


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """A sporting event with its markets at their current prices.

    It has two sides, or a `name`.  `live_no` grows with each change of score, red cards or period;
    `in_play`: it has begun and may be bet on.  A bet in play waits `bet_delay_seconds`, and the
    player is to be shown the `notice` that comes with it.
    """

    event_id: str
    sport: str
    competition: str
    home: str
    away: str
    name: str | None
    starts_at: str
    status: str
    in_play: bool
    notice: str | None
    bet_delay_seconds: int
    score: str | None
    period: str | None
    clock_seconds: int | None
    red_cards: str | None
    live_no: int
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
    in_play: FromQuery[bool] = False,
) -> EventsView:
    """Show the events that have not started, by their start; or those that are `in_play`."""
    behind = None if after is None else EventId(parse_id(after, field="after"))
    async with edge.database.reading() as tx:
        events = await catalog.find_events(
            tx, starting_after=edge.clock.now(), after=behind, limit=limit, in_play=in_play
        )
    return EventsView(
        events=tuple(event_view(event) for event in events),
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
    return event_view(event)


def event_view(event: Event) -> EventView:
    """Return an event as it is shown, with its markets at their current prices."""
    state = event.state
    return EventView(
        event_id=event.id,
        sport=event.sport,
        competition=event.competition,
        home=event.home,
        away=event.away,
        name=event.name,
        starts_at=write_instant(event.starts_at),
        status=state.status,
        in_play=state.in_play,
        notice=IN_PLAY_NOTICE if state.in_play else None,
        bet_delay_seconds=state.bet_delay_seconds,
        score=state.score,
        period=state.period,
        clock_seconds=state.clock_seconds,
        red_cards=state.red_cards,
        live_no=state.live_no,
        markets=tuple(_market(market) for market in event.markets),
    )


def _terms(terms: PlaceTerms | None) -> PlaceTermsView | None:
    if terms is None:
        return None
    return PlaceTermsView(places=terms.places, fraction=str(terms.fraction))


def _market(market: Market) -> MarketView:
    return MarketView(
        market_id=market.id,
        kind=market.kind,
        line=write_line(market.line),
        specifiers=market.specifiers,
        status=market.shown_status,
        place_terms=_terms(market.place_terms),
        selections=tuple(
            SelectionView(
                selection_id=selection.id,
                code=selection.code,
                name=selection.name,
                active=selection.active,
                price=write_price(selection.price),
                price_decimal=show_price(selection.price),
                tick=selection.tick,
            )
            for selection in market.selections
        ),
    )
