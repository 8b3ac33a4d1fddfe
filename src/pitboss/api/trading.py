"""Limits of what may be won, over HTTP, and one call that stops everything.

Amounts are decimal, in the currency that stands beside them; each currency is a book of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from pitboss.api import problems
from pitboss.api.edge import Edge
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
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId, MarketId, PlayerId, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import Currency, currency, format_micros, parse_micros
from pitboss.kernel.shards import CATALOGUE_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.sportsbook import catalog, feeds, trading
from pitboss.sportsbook.catalog.model import (
    Answer,
    Done,
    Event,
    MarketStatus,
    Refusal,
    Refused,
    StatusChange,
)
from pitboss.sportsbook.pricing.model import SEQUENCE_MAX
from pitboss.sportsbook.trading.model import (
    Factor,
    Limit,
    Scope,
    SetAnswer,
    Wish,
    parse_factor,
    write_factor,
)
from pitboss.staff.agents.model import Permission

LIMITS_AT_ONCE_MAX = 100

# An id, a kind of market or the name of a producer; the end is said in a way that Python and
# JavaScript read alike.
Target = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[0-9A-Za-z_.:-]*(?![\s\S])")]


class LimitBody(Body, frozen=True, kw_only=True):
    """What may be won; an amount that is left out is that of the next wider scope.

    `bet_winnings_max` is for one bet, beyond its stake, before the player's factor; `winnings_max`
    for all open bets on one selection.  `referral_winnings_max` is for one bet that a trader takes:
    one that is above the first and within this waits for a trader.  `target` is the kind of market,
    or the id of the market or the selection; nothing for scope `all`.
    """

    scope: Scope
    currency: str
    target: Target = ""
    bet_winnings_max: str | None = None
    winnings_max: str | None = None
    referral_winnings_max: str | None = None


class LimitsBody(Body, frozen=True, kw_only=True):
    """Limits to set."""

    limits: Annotated[
        tuple[LimitBody, ...], msgspec.Meta(min_length=1, max_length=LIMITS_AT_ONCE_MAX)
    ]


class FactorBody(Body, frozen=True, kw_only=True):
    """By what a player's limits for one bet are multiplied: `"1/10"`, `"0.25"`, `"1"`."""

    factor: Annotated[str, msgspec.Meta(max_length=20)]


class Stop(StrEnum):
    """What to stop with one call."""

    MARKET = "market"
    EVENT = "event"
    PRODUCER = "producer"


class SuspensionBody(Body, frozen=True, kw_only=True):
    """What takes no bets from now on, or does again.

    `target` is the id of a market or of an event, or the name of a producer.
    """

    scope: Stop
    target: Target
    suspended: bool


class LimitView(msgspec.Struct, frozen=True, kw_only=True):
    """A limit as it was set."""

    no: int
    scope: str
    target: str
    currency: str
    bet_winnings_max: str | None
    winnings_max: str | None
    referral_winnings_max: str | None
    set_at: str
    set_by: str


class LimitsView(msgspec.Struct, frozen=True, kw_only=True):
    """Limits."""

    limits: tuple[LimitView, ...]


class FactorView(msgspec.Struct, frozen=True, kw_only=True):
    """A player's factor; number 0 if nobody has ever set one."""

    player_id: str
    number: int
    factor: str
    set_at: str | None
    set_by: str


class FactorsView(msgspec.Struct, frozen=True, kw_only=True):
    """A player's factors, the newest first."""

    factors: tuple[FactorView, ...]


class SuspensionView(msgspec.Struct, frozen=True, kw_only=True):
    """How many markets, or producers, are not what they were before."""

    changed: int


def make_router(doors: Doors) -> Router:
    """Return the routes of the trading view."""
    return Router(
        "/v1/staff",
        route_handlers=[
            *(show_limits, show_history, set_limits, show_factors, set_factor),
            suspend,
        ],
        guards=[doors.staff],
        security=BEARER,
        tags=["trading"],
    )


@get("/trading/limits", opt=needs(Permission.SEE_TRADING), summary="What may be won")
async def show_limits(edge: TheEdge) -> LimitsView:
    """Show the limits in force."""
    async with edge.database.reading() as tx:
        limits = await trading.find_limits(tx)
    return LimitsView(limits=tuple(map(_limit, limits)))


@get("/trading/limits/history", opt=needs(Permission.SEE_TRADING), summary="What might be won")
async def show_history(
    edge: TheEdge,
    of: FromQuery[Scope],
    target: FromQuery[str] = "",
    before: Annotated[int | None, QueryParameter(ge=1, le=SEQUENCE_MAX)] = None,
) -> LimitsView:
    """Show what a scope (`of`) and target were limited to, the newest first; `before` continues."""
    wanted = _target(of, target, "target")
    async with edge.database.reading() as tx:
        limits = await trading.find_history(tx, of, wanted, before=before)
    return LimitsView(limits=tuple(map(_limit, limits)))


@post(
    "/trading/limits",
    dto=StrictJson[LimitsBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.SET_TRADING_LIMITS),
    summary="Say what may be won",
)
async def set_limits(request: Asked, edge: TheEdge, data: JSONBody[LimitsBody]) -> LimitsView:
    """Set limits, all or none; they count from the next batch of bets on."""
    wishes = [_wish(body, f"limits[{at}]") for at, body in enumerate(data.limits)]
    by = actor_of(request)

    async def work(turn: Turn) -> list[Limit]:
        answers = await trading.set_limits(turn, wishes, by=by)
        limits = [answer.limit for answer in answers if isinstance(answer, SetAnswer)]
        if len(limits) < len(answers):
            # Whoever sets several wants them together: nothing of it is committed.
            raise ProblemFound(problem_of("unknown_target"))
        return limits

    limits = await in_turn(edge, [CATALOGUE_SHARD], by, work)
    return LimitsView(limits=tuple(map(_limit, limits)))


@get(
    "/players/{player_id:str}/trading-factor",
    opt=needs(Permission.SEE_TRADING),
    summary="A player's factors",
)
async def show_factors(edge: TheEdge, player_id: FromPath[str]) -> FactorsView:
    """Show the factors that a player had, the newest first; without any it is 1."""
    wanted = PlayerId(parse_id(player_id, field="player_id"))
    async with edge.database.reading() as tx:
        factors = await trading.find_factors(tx, wanted)
    return FactorsView(factors=tuple(map(_factor, factors)))


@post(
    "/players/{player_id:str}/trading-factor",
    dto=StrictJson[FactorBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.SET_TRADING_LIMITS),
    summary="Set a player's factor",
)
async def set_factor(
    request: Asked, edge: TheEdge, player_id: FromPath[str], data: JSONBody[FactorBody]
) -> FactorView:
    """Multiply what one bet of this player may win, from the next bet on."""
    wanted = PlayerId(parse_id(player_id, field="player_id"))
    try:
        factor = parse_factor(data.factor)
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None

    async def work(turn: Turn) -> Factor | None:
        if wanted not in await identity.find_players(turn.tx, [(shard_of(wanted), wanted)]):
            return None
        return await trading.set_factor(turn, wanted, factor, by=actor_of(request))

    answer = await in_turn(edge, [shard_of(wanted)], actor_of(request), work)
    if answer is None:
        raise ProblemFound(problem_of("unknown_player"))
    return _factor(answer)


@post(
    "/trading/suspension",
    dto=StrictJson[SuspensionBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.SUSPEND_MARKETS),
    summary="Stop, or go on, with one call",
)
async def suspend(request: Asked, edge: TheEdge, data: JSONBody[SuspensionBody]) -> SuspensionView:
    """Take no more bets on a market, on all of an event or on all of a producer; or do so again.

    A market that is closed, settled or cancelled stays so.  A producer that staff stopped is let go
    by staff alone, and then is what its feed says of it.
    """
    wanted = [] if data.scope is Stop.PRODUCER else await _changes(edge, data)

    async def work(turn: Turn) -> tuple[Answer, ...]:
        if data.scope is Stop.PRODUCER:
            return await feeds.hold_producer(turn, data.target, held=data.suspended)
        return await feeds.set_status(turn, wanted)

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    refused = [one for one in answers if isinstance(one, Refused)]
    if refused and data.scope is not Stop.EVENT:
        raise ProblemFound(problem_of(refused[0].reason))
    return SuspensionView(changed=sum(isinstance(one, Done) and one.changed for one in answers))


async def _changes(edge: Edge, data: SuspensionBody) -> Sequence[StatusChange]:
    status = MarketStatus.SUSPENDED if data.suspended else MarketStatus.OPEN
    wanted = parse_id(data.target, field="target")
    if data.scope is Stop.MARKET:
        return [StatusChange(market_id=MarketId(wanted), status=status)]
    event = await _find_event(edge, wanted, refusal=Refusal.UNKNOWN_EVENT)
    return [
        StatusChange(market_id=market.id, status=status)
        for market in event.markets
        if market.status.takes_prices
    ]


async def _find_event(edge: Edge, text: str, *, refusal: Refusal | None = None) -> Event:
    wanted = EventId(parse_id(text, field="event_id"))
    async with edge.database.reading() as tx:
        event = await catalog.find_event(tx, wanted)
    if event is None:
        raise ProblemFound(problems.NOT_FOUND if refusal is None else problem_of(refusal))
    return event


def _wish(body: LimitBody, field: str) -> Wish:
    try:
        unit = currency(body.currency)
    except Malformed as error:
        raise ProblemFound(problems.malformed(f"{field}.currency", error.message)) from None
    return Wish(
        scope=body.scope,
        target=_target(body.scope, body.target, f"{field}.target"),
        currency=body.currency,
        bet_winnings_max=_micros(body.bet_winnings_max, unit, f"{field}.bet_winnings_max"),
        winnings_max=_micros(body.winnings_max, unit, f"{field}.winnings_max"),
        referral_winnings_max=_micros(
            body.referral_winnings_max, unit, f"{field}.referral_winnings_max"
        ),
    )


def _target(scope: Scope, target: str, field: str) -> str:
    match scope:
        case Scope.MARKET | Scope.SELECTION:
            return parse_id(target, field=field)
        case Scope.KIND | Scope.ALL:
            if (target == "") is (scope is Scope.KIND):
                detail = "is needed for this scope" if scope is Scope.KIND else "has no place here"
                raise ProblemFound(problems.malformed(field, detail))
            return target


def _micros(text: str | None, unit: Currency, field: str) -> int | None:
    if text is None:
        return None
    try:
        micros = parse_micros(text, unit, field=field)
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None
    if micros < 0:
        raise ProblemFound(problems.malformed(field, "a limit is not below zero"))
    return micros


def _limit(limit: Limit) -> LimitView:
    unit = currency(limit.currency)
    return LimitView(
        no=limit.no,
        scope=limit.scope,
        target=limit.target,
        currency=limit.currency,
        bet_winnings_max=_optional(limit.bet_winnings_max, unit),
        winnings_max=_optional(limit.winnings_max, unit),
        referral_winnings_max=_optional(limit.referral_winnings_max, unit),
        set_at=write_instant(limit.set_at),
        set_by=limit.set_by,
    )


def _factor(factor: Factor) -> FactorView:
    return FactorView(
        player_id=factor.player_id,
        number=factor.number,
        factor=write_factor(factor.factor),
        set_at=None if factor.set_at is None else write_instant(factor.set_at),
        set_by=factor.set_by,
    )


def _optional(micros: int | None, unit: Currency) -> str | None:
    return None if micros is None else format_micros(micros, unit)
