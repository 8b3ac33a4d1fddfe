"""Time-outs and exclusions over HTTP: players take them, staff imposes them, none is shortened."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from pitboss import jurisdictions
from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    KeyHeader,
    StrictJson,
    TheEdge,
    actor_of,
    check_body,
    needs,
    player_of,
)
from pitboss.api.problems import FieldError, Problem, ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body, check_key
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId, derived_id, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import access, identity
from pitboss.players.access.model import SessionEnd
from pitboss.players.identity.errors import PlayerMissing
from pitboss.responsible import exclusion
from pitboss.responsible.exclusion.model import (
    Answer,
    Excluded,
    Exclusion,
    Initiator,
    Kind,
    Reason,
    Refusal,
    Refused,
    ReturnAnswer,
    Wish,
)
from pitboss.staff.agents.model import Permission

# What no licence offers by far is no term at all.
Hours = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Months = Annotated[int, msgspec.Meta(ge=1, le=1_200)]


class TimeOutBody(Body, frozen=True, kw_only=True):
    """How long; the licence says which terms there are."""

    hours: Hours


class ExclusionBody(Body, frozen=True, kw_only=True):
    """How long, in months; null is without an end, where the licence has that."""

    months: Months | None


class ImposedBody(Body, frozen=True, kw_only=True):
    """How long, in months or without an end, and why."""

    months: Months | None
    reason: Reason


class ExclusionView(msgspec.Struct, frozen=True, kw_only=True):
    """A time-out or an exclusion; without `ends_at` it has no end.

    `over` says that it keeps the player away no more: an exclusion may go on after its term, until
    the player asks to play again, or staff or a register lets go.
    """

    kind: str
    initiator: str
    starts_at: str
    ends_at: str | None
    over: bool


class ExclusionsView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the player was ever kept away by, and the terms that the licence offers."""

    exclusions: tuple[ExclusionView, ...]
    time_out_hours: tuple[int, ...]
    time_out_hours_min: int
    time_out_hours_max: int
    exclusion_months: tuple[int, ...]
    exclusion_months_min: int
    indefinite: bool


class ReturnView(msgspec.Struct, frozen=True, kw_only=True):
    """From when on the player may play again."""

    returns_at: str


def make_router(doors: Doors) -> Router:
    """Return the routes about keeping away."""
    players = Router(
        "/me",
        route_handlers=[show_exclusions, take_time_out, exclude_myself, ask_to_return],
        guards=[doors.player],
        security=BEARER,
        tags=["exclusion"],
    )
    staff = Router(
        "/staff",
        route_handlers=[exclude_player],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[players, staff])


@get("/exclusions", summary="Your time-outs and exclusions")
async def show_exclusions(request: Asked, edge: TheEdge) -> ExclusionsView:
    """Show what keeps the player away or did, and which terms can be chosen."""
    player_id = player_of(request)
    licence = await _licence_of(edge, player_id)
    async with edge.database.reading() as tx:
        found = await exclusion.list_exclusions(tx, player_id)
    return ExclusionsView(
        exclusions=tuple(_view(item, licence, edge.clock.now()) for item in found),
        time_out_hours=licence.breaks.time_out_hours_choices,
        time_out_hours_min=licence.breaks.time_out_hours_min,
        time_out_hours_max=licence.breaks.time_out_hours_max,
        exclusion_months=licence.exclusion.months_choices,
        exclusion_months_min=licence.exclusion.months_min,
        indefinite=licence.exclusion.indefinite,
    )


@post(
    "/time-outs",
    dto=StrictJson[TimeOutBody],
    before_request=check_body,
    status_code=200,
    summary="Take a time-out",
)
async def take_time_out(
    request: Asked, edge: TheEdge, data: JSONBody[TimeOutBody], key: KeyHeader = None
) -> ExclusionView:
    """Stop play now, for hours; it ends by itself and not before."""
    player_id = player_of(request)
    wish = Wish(
        key=_key(Initiator.PLAYER, player_id, check_key(key)),
        player_id=player_id,
        kind=Kind.TIME_OUT,
        initiator=Initiator.PLAYER,
        reason=Reason.PLAYERS_CHOICE,
        hours=data.hours,
    )
    return await _exclude(edge, wish, "player")


@post(
    "/exclusions",
    dto=StrictJson[ExclusionBody],
    before_request=check_body,
    status_code=200,
    summary="Exclude yourself",
)
async def exclude_myself(
    request: Asked, edge: TheEdge, data: JSONBody[ExclusionBody], key: KeyHeader = None
) -> ExclusionView:
    """Stop play and deposits now, for months or without an end; nothing shortens it."""
    player_id = player_of(request)
    wish = Wish(
        key=_key(Initiator.PLAYER, player_id, check_key(key)),
        player_id=player_id,
        kind=Kind.EXCLUSION,
        initiator=Initiator.PLAYER,
        reason=Reason.PLAYERS_CHOICE,
        months=data.months,
    )
    return await _exclude(edge, wish, "player")


@post("/return", status_code=200, summary="Ask to play again")
async def ask_to_return(request: Asked, edge: TheEdge) -> ReturnView:
    """Ask, once every term is over, to play again; the licence says how long that takes."""
    player_id = player_of(request)
    licence = await _licence_of(edge, player_id)

    async def work(turn: Turn) -> ReturnAnswer:
        return await exclusion.ask_to_return(turn, player_id, licence)

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    return ReturnView(returns_at=write_instant(answer.returns_at))


@post(
    "/players/{player_id:str}/exclusions",
    dto=StrictJson[ImposedBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.EXCLUDE_PLAYERS),
    summary="Exclude a player",
)
async def exclude_player(
    request: Asked,
    edge: TheEdge,
    data: JSONBody[ImposedBody],
    player_id: FromPath[str],
    key: KeyHeader = None,
) -> ExclusionView:
    """Keep a player away from everything now, for a reason that staff gives."""
    wanted = PlayerId(parse_id(player_id, field="player_id"))
    wish = Wish(
        key=_key(Initiator.STAFF, wanted, check_key(key)),
        player_id=wanted,
        kind=Kind.EXCLUSION,
        initiator=Initiator.STAFF,
        reason=data.reason,
        months=data.months,
    )
    return await _exclude(edge, wish, actor_of(request))


async def _exclude(edge: Edge, wish: Wish, actor: str) -> ExclusionView:
    """Exclude, and end the player's sessions; whoever comes back sees his money and cannot play.

    Source: AGCO 2.14 (an exclusion logs out); a time-out leaves the session.
    """
    licence = await _licence_of(edge, wish.player_id)

    async def work(turn: Turn) -> Answer:
        answer = await exclusion.exclude(turn, wish, licence)
        if isinstance(answer, Excluded) and wish.kind is Kind.EXCLUSION and not answer.repeated:
            await access.end_sessions(turn, wish.player_id, SessionEnd.EXCLUDED)
        return answer

    answer = await in_turn(edge, [shard_of(wish.player_id)], actor, work)
    if isinstance(answer, Excluded):
        return _view(answer.exclusion, licence, edge.clock.now())
    raise ProblemFound(_problem_of(answer.reason, wish))


def _problem_of(reason: Refusal, wish: Wish) -> Problem:
    """Return the problem that tells a refusal; a term is blamed by the field that named it."""
    problem = problem_of(reason)
    if reason is not Refusal.TERM_NOT_OFFERED:
        return problem
    field = "hours" if wish.kind is Kind.TIME_OUT else "months"
    return replace(problem, errors=(FieldError(field, problem.detail),))


async def _licence_of(edge: Edge, player_id: PlayerId) -> Jurisdiction:
    try:
        async with edge.database.reading() as tx:
            player = await identity.get_player(tx, player_id)
    except PlayerMissing:
        raise ProblemFound(problems.NOT_FOUND) from None
    return jurisdictions.get(player.jurisdiction)


def _key(initiator: Initiator, player_id: PlayerId, key: str) -> str:
    """Return the exclusion's own key: what a player sends never stands in the way of staff."""
    return derived_id("exclusion", initiator, player_id, key)


def _view(item: Exclusion, licence: Jurisdiction, now: datetime) -> ExclusionView:
    return ExclusionView(
        kind=item.kind,
        initiator=item.initiator,
        starts_at=write_instant(item.starts_at),
        ends_at=None if item.ends_at is None else write_instant(item.ends_at),
        over=exclusion.is_over(item, licence, now),
    )
