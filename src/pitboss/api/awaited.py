"""Markets whose bets wait for a result, for staff: what a feed never told, or told in two ways.

Amounts are decimal, in the currency that stands beside them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.params import FromQuery, QueryParameter

from pitboss.api.furniture import BEARER, Doors, TheEdge, needs
from pitboss.kernel.ids import MarketId, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import currency, format_micros
from pitboss.sportsbook import settlement
from pitboss.sportsbook.catalog.model import check_producer
from pitboss.sportsbook.settlement.model import Awaited
from pitboss.staff.agents.model import Permission

LIMIT, LIMIT_MAX = 50, 100
# So long after its start an event should be over, unless somebody asks for longer ones.
HOURS, HOURS_MAX = 6, 24 * 365


class AwaitedSelectionView(msgspec.Struct, frozen=True, kw_only=True):
    """The open bets on a selection of which no result counts, in one currency.

    It is `torn` if something was said of it that cannot be true beside the rest.
    """

    selection_id: str
    code: str
    currency: str
    bets: int
    stake: str
    torn: bool


class AwaitedView(msgspec.Struct, frozen=True, kw_only=True):
    """A market whose bets wait for a result, and why it should be there.

    `late` is `torn` (what was said cannot all be true), `event_over`, `market_closed` or `overdue`
    (its event started too long ago).  With `part_void`, some of its bets may be void here by when
    they were accepted, and wait for other legs.
    """

    market_id: str
    event_id: str
    sport: str
    home: str
    away: str
    event_name: str | None
    starts_at: str
    event_status: str
    kind: str
    line: str | None
    specifiers: str
    producer: str | None
    status: str
    late: str
    part_void: bool
    selections: tuple[AwaitedSelectionView, ...]


class AwaitedPageView(msgspec.Struct, frozen=True, kw_only=True):
    """Markets that wait, the oldest event first; `count` of them in all.

    `next_after` continues behind the last one.
    """

    markets: tuple[AwaitedView, ...]
    count: int
    next_after: str | None


def make_router(doors: Doors) -> Router:
    """Return the route about what waits for a result."""
    return Router(
        "/v1/staff/settlement",
        route_handlers=[show],
        guards=[doors.staff],
        security=BEARER,
        tags=["trading"],
    )


@get("/awaited", opt=needs(Permission.SEE_TRADING), summary="Bets that wait for a result")
async def show(
    edge: TheEdge,
    after: FromQuery[str | None] = None,
    producer: FromQuery[str | None] = None,
    hours: Annotated[int, QueryParameter(ge=1, le=HOURS_MAX)] = HOURS,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = LIMIT,
) -> AwaitedPageView:
    """Show markets with open bets of which no result counts, though it should be there.

    Those that are closed, whose event is over, or whose event started so many `hours` ago.
    """
    behind = None if after is None else MarketId(parse_id(after, field="after"))
    theirs = None if producer is None else check_producer(producer, field="producer")
    async with edge.database.moment() as tx:
        page = await settlement.find_awaited(
            tx,
            started_by=edge.clock.now() - timedelta(hours=hours),
            producer=theirs,
            after=behind,
            limit=limit,
        )
    return AwaitedPageView(
        markets=tuple(map(_view, page.markets)),
        count=page.count,
        next_after=page.markets[-1].market_id if len(page.markets) == limit else None,
    )


def _view(market: Awaited) -> AwaitedView:
    return AwaitedView(
        market_id=market.market_id,
        event_id=market.event_id,
        sport=market.sport,
        home=market.home,
        away=market.away,
        event_name=market.event_name,
        starts_at=write_instant(market.starts_at),
        event_status=market.event_status,
        kind=market.kind,
        line=market.line,
        specifiers=market.specifiers,
        producer=market.producer,
        status=market.status,
        late=market.late,
        part_void=market.part_void,
        selections=tuple(
            AwaitedSelectionView(
                selection_id=one.selection_id,
                code=one.code,
                currency=one.currency,
                bets=one.bets,
                stake=format_micros(one.stake_micros, currency(one.currency)),
                torn=one.torn,
            )
            for one in market.selections
        ),
    )
