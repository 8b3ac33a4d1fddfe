"""The trading view over HTTP: field sheets, scenarios, the ticker of bets.

Amounts are decimal, in the currency that stands beside them; each currency is a book of its own.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Router, get
from litestar.params import FromPath, FromQuery, QueryParameter

from pitboss.api import problems
from pitboss.api.betting import CombinedView, combined_of
from pitboss.api.edge import Edge
from pitboss.api.furniture import BEARER, Doors, TheEdge, needs
from pitboss.api.problems import ProblemFound
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId, parse_id
from pitboss.kernel.money import currency, format_micros, parse_micros
from pitboss.sportsbook import betting, catalog, settlement, trading
from pitboss.sportsbook.betting.model import Accepted
from pitboss.sportsbook.catalog.model import Event
from pitboss.sportsbook.pricing.model import SEQUENCE_MAX
from pitboss.sportsbook.trading.model import UNLIMITED, SheetLine
from pitboss.staff.agents.model import Permission

GOALS_MAX = 10
# As long as a client waits for one answer; it then asks again from where it is.
WAIT_SECONDS_MAX = 20
# How often who waits looks for new bets.
LOOK_SECONDS = 0.25


class SheetView(msgspec.Struct, frozen=True, kw_only=True):
    """A selection on a field sheet.

    `winnings` is what its open bets win beyond their stakes, `net` what the house keeps of the
    market if this selection alone wins, less than nothing for a loss.  `room` is what may still
    be won, if that is limited.
    """

    market_id: str
    selection_id: str
    code: str | None
    currency: str
    bets: int
    stake: str
    winnings: str
    net: str
    winnings_max: str | None
    room: str | None


class SheetsView(msgspec.Struct, frozen=True, kw_only=True):
    """The field sheet of an event, market by market."""

    event_id: str
    selections: tuple[SheetView, ...]


class ScenarioView(msgspec.Struct, frozen=True, kw_only=True):
    """What the house keeps of an event's open bets, if it ends so."""

    score: str
    currency: str
    net: str


class ScenariosView(msgspec.Struct, frozen=True, kw_only=True):
    """Every score up to so many goals, over all markets that follow from a score."""

    event_id: str
    scenarios: tuple[ScenarioView, ...]


class TickLegView(msgspec.Struct, frozen=True, kw_only=True):
    """A leg at its struck price."""

    selection_id: str
    market_id: str
    event_id: str
    price: str


class TickView(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted bet on the ticker; legs of a `combination` have its one price."""

    position: int
    at: str
    bet_id: str
    player_id: str
    stake: str
    currency: str
    free_bet: str | None
    boosted: str | None
    combination: CombinedView | None
    legs: tuple[TickLegView, ...]


class TicksView(msgspec.Struct, frozen=True, kw_only=True):
    """Accepted bets in the one order; ask again with `after`, which is `next_after`."""

    bets: tuple[TickView, ...]
    next_after: int


def make_router(doors: Doors) -> Router:
    """Return the routes of the trading view."""
    return Router(
        "/v1/staff",
        route_handlers=[show_sheet, show_scenarios, show_ticker],
        guards=[doors.staff],
        security=BEARER,
        tags=["trading"],
    )


@get(
    "/events/{event_id:str}/field-sheet",
    opt=needs(Permission.SEE_TRADING),
    summary="What open bets on an event would win",
)
async def show_sheet(edge: TheEdge, event_id: FromPath[str]) -> SheetsView:
    """Show, for each selection of an event, its open bets and what they leave of the market."""
    event = await _find_event(edge, event_id)
    async with edge.database.reading() as tx:
        lines = await trading.find_sheet(tx, event)
    codes = {one.id: one.code for market in event.markets for one in market.selections}
    return SheetsView(
        event_id=event.id,
        selections=tuple(_sheet(line, codes.get(line.taken.selection_id)) for line in lines),
    )


@get(
    "/events/{event_id:str}/scenarios",
    opt=needs(Permission.SEE_TRADING),
    summary="What each score would leave",
)
async def show_scenarios(
    edge: TheEdge,
    event_id: FromPath[str],
    goals_max: Annotated[int, QueryParameter(ge=0, le=GOALS_MAX)] = 5,
) -> ScenariosView:
    """Show what the house would keep of an event's open bets, for every score."""
    event = await _find_event(edge, event_id)
    async with edge.database.reading() as tx:
        scenarios = await settlement.find_scenarios(tx, event, goals_max=goals_max)
    return ScenariosView(
        event_id=event.id,
        scenarios=tuple(
            ScenarioView(
                score=one.score,
                currency=one.currency,
                net=format_micros(one.net_micros, currency(one.currency)),
            )
            for one in scenarios
        ),
    )


@get("/bets/ticker", opt=needs(Permission.SEE_TRADING), summary="Accepted bets as they come")
async def show_ticker(
    edge: TheEdge,
    after: Annotated[int, QueryParameter(ge=0, le=SEQUENCE_MAX)] = 0,
    event_id: FromQuery[str | None] = None,
    stake_min: FromQuery[str | None] = None,
    wait: Annotated[int, QueryParameter(ge=0, le=WAIT_SECONDS_MAX)] = 0,
) -> TicksView:
    """Show accepted bets from a position of the one order on, at most 100.

    With `wait`, the answer comes when there is a bet, or after so many seconds.  `event_id` and
    `stake_min` (a decimal amount, in whatever currency) leave the others out.
    """
    event = None if event_id is None else EventId(parse_id(event_id, field="event_id"))
    looks = max(1, int(wait / LOOK_SECONDS))
    position, found = after, list[Accepted]()
    for look in range(looks):
        async with edge.database.reading() as tx:
            accepted, position = await betting.follow_accepted(tx, from_position=position)
        found = [one for one in accepted if _is_wanted(one, event, stake_min)]
        if found or look == looks - 1:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return TicksView(bets=tuple(map(_tick, found)), next_after=position)


async def _find_event(edge: Edge, text: str) -> Event:
    wanted = EventId(parse_id(text, field="event_id"))
    async with edge.database.reading() as tx:
        event = await catalog.find_event(tx, wanted)
    if event is None:
        raise ProblemFound(problems.NOT_FOUND)
    return event


def _is_wanted(one: Accepted, event: EventId | None, stake_min: str | None) -> bool:
    if event is not None and all(leg.event_id != event for leg in one.legs):
        return False
    if stake_min is None:
        return True
    try:
        least = parse_micros(stake_min, currency(one.currency), field="stake_min")
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None
    return one.stake_micros >= least


def _sheet(line: SheetLine, code: str | None) -> SheetView:
    taken, unit = line.taken, currency(line.taken.currency)
    most = None if line.ceiling.total_max >= UNLIMITED else line.ceiling.total_max
    return SheetView(
        market_id=taken.market_id,
        selection_id=taken.selection_id,
        code=code,
        currency=taken.currency,
        bets=taken.bets,
        stake=format_micros(taken.stake_micros, unit),
        winnings=format_micros(taken.winnings_micros, unit),
        net=format_micros(line.net_micros, unit),
        winnings_max=None if most is None else format_micros(most, unit),
        room=None if most is None else format_micros(most - taken.winnings_micros, unit),
    )


def _tick(one: Accepted) -> TickView:
    return TickView(
        position=one.position,
        at=one.at,
        bet_id=one.bet_id,
        player_id=one.player_id,
        stake=format_micros(one.stake_micros, currency(one.currency)),
        currency=one.currency,
        free_bet=None if one.shape is None else one.shape.free_bet,
        boosted=None if one.shape is None else one.shape.boosted,
        combination=combined_of(one.shape),
        legs=tuple(
            TickLegView(
                selection_id=leg.selection_id,
                market_id=leg.market_id,
                event_id=leg.event_id,
                price=leg.price,
            )
            for leg in one.legs
        ),
    )
