"""Combinations of one event over HTTP: traders price them, everybody sees what is on sale."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from pitboss.api import problems
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    actor_of,
    check_body,
    needs,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId, SelectionId, parse_id
from pitboss.kernel.price import parse_price, show_price
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import combinations
from pitboss.sportsbook.betting.model import IN_PLAY_PRICE_AGE_MAX
from pitboss.sportsbook.combinations.model import (
    LEGS_MAX,
    LEGS_MIN,
    Answer,
    Combination,
    NotPriced,
    Part,
    Wish,
)
from pitboss.staff.agents.model import Permission

AT_ONCE_MAX = 100
# Whole numbers beyond this are not exact in every JSON reader.  Source: RFC 8785, section 3.2.2.3.
_TICK_MAX = 2**53 - 1


class PartBody(Body, frozen=True, kw_only=True):
    """A selection, and the tick of the price from which the price of all was made."""

    selection_id: str
    tick: Annotated[int, msgspec.Meta(ge=1, le=_TICK_MAX)]


class CombinationBody(Body, frozen=True, kw_only=True):
    """Selections of one event, each of another market, and their price together.

    Without a price they are taken off sale.  One that is very much longer than the product of the
    parts' is taken if it is `confirmed`.
    """

    parts: Annotated[tuple[PartBody, ...], msgspec.Meta(min_length=LEGS_MIN, max_length=LEGS_MAX)]
    price: str | None = None
    confirmed: bool = False


class CombinationsBody(Body, frozen=True, kw_only=True):
    """Combinations to price, each answered by itself."""

    combinations: Annotated[
        tuple[CombinationBody, ...], msgspec.Meta(min_length=1, max_length=AT_ONCE_MAX)
    ]


class PartView(msgspec.Struct, frozen=True, kw_only=True):
    """A selection of a combination, at the tick that the whole was priced with."""

    selection_id: str
    tick: int


class CombinationView(msgspec.Struct, frozen=True, kw_only=True):
    """Selections that are sold together; `price` is exact, `price_decimal` is for reading.

    A slip names the combination with its tick, and the parts with theirs as its legs.
    """

    combination_id: str
    event_id: str
    parts: tuple[PartView, ...]
    price: str | None
    price_decimal: str | None
    tick: int


class CombinationsView(msgspec.Struct, frozen=True, kw_only=True):
    """The combinations of an event that are on sale now."""

    combinations: tuple[CombinationView, ...]


class PricedView(msgspec.Struct, frozen=True, kw_only=True):
    """It stands so, or why it does not; `changed` is false when it did before, or does not."""

    combination: CombinationView | None
    changed: bool
    refusal: str | None


class AllPricedView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of each, in order."""

    answers: tuple[PricedView, ...]


def make_router(doors: Doors) -> Router:
    """Return the routes about combinations."""
    everybody = Router(
        "/events/{event_id:str}/combinations", route_handlers=[show], tags=["catalogue"]
    )
    staff = Router(
        "/staff/combinations",
        route_handlers=[price],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[everybody, staff])


@get("/", summary="What is sold together")
async def show(edge: TheEdge, event_id: FromPath[str]) -> CombinationsView:
    """Show the combinations of an event that can be bet on now, at most 200.

    One whose parts have other prices by now is not shown until it is priced anew.
    """
    wanted = EventId(parse_id(event_id, field="event_id"))
    async with edge.database.reading() as tx:
        found = await combinations.find_on_sale(
            tx, wanted, now=edge.clock.now(), in_play_age_max=IN_PLAY_PRICE_AGE_MAX
        )
    return CombinationsView(combinations=tuple(map(_view, found)))


@post(
    "/",
    dto=StrictJson[CombinationsBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.CHANGE_PRICES),
    summary="Sell selections of an event together",
)
async def price(request: Asked, edge: TheEdge, data: JSONBody[CombinationsBody]) -> AllPricedView:
    """Give selections of one event a price together, or take them off sale; 100 at most.

    Each price was made from the prices at these ticks; if one does not stand any more, it is
    refused.  The same again changes nothing, but confirms a price in play.
    """
    try:
        wishes = [
            _read(body, f"combinations[{place}]") for place, body in enumerate(data.combinations)
        ]
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None

    async def work(turn: Turn) -> tuple[Answer, ...]:
        return await combinations.price(turn, wishes, by=actor_of(request))

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    return AllPricedView(answers=tuple(map(_answer, answers)))


def _read(body: CombinationBody, field: str) -> Wish:
    parts = tuple(
        Part(
            selection_id=SelectionId(
                parse_id(part.selection_id, field=f"{field}.parts[{place}].selection_id")
            ),
            tick=part.tick,
        )
        for place, part in enumerate(body.parts)
    )
    try:
        price = None if body.price is None else parse_price(body.price)
    except Malformed as error:
        raise Malformed(f"{field}.price", error.message) from None
    return Wish(parts=parts, price=price, confirmed=body.confirmed)


def _answer(answer: Answer) -> PricedView:
    if isinstance(answer, NotPriced):
        return PricedView(combination=None, changed=False, refusal=answer.reason)
    return PricedView(combination=_view(answer.combination), changed=answer.changed, refusal=None)


def _view(one: Combination) -> CombinationView:
    exact = one.price_exact
    return CombinationView(
        combination_id=one.id,
        event_id=one.event_id,
        parts=tuple(PartView(selection_id=part.selection_id, tick=part.tick) for part in one.parts),
        price=one.price,
        price_decimal=None if exact is None else show_price(exact),
        tick=one.tick,
    )
