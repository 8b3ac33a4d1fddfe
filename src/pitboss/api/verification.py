"""Verification over HTTP: players ask and look, providers tell, staff decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec
import structlog
from litestar import Request, Router, get, post
from litestar.params import FromPath, JSONBody

from pitboss.api import problems
from pitboss.api.cashier import SIGNATURE_REFUSED, HeardView
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
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body, check_key
from pitboss.kernel.ids import IdempotencyKey, PlayerId, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import verification
from pitboss.players.verification.errors import SignatureRefused
from pitboss.players.verification.model import (
    DOCUMENTS_POSSIBLE,
    CheckRequest,
    Decision,
    DecisionReason,
    DecisionRequest,
    NewsAnswer,
    NewsRefused,
    RequestAnswer,
    Requested,
    Verification,
)
from pitboss.staff.agents.model import Permission

_log = structlog.get_logger("api.verification")


class VerificationView(msgspec.Struct, frozen=True, kw_only=True):
    """How a player's identity stands; `documents` are wanted now, the others may be one day."""

    player_id: str
    state: str
    documents: tuple[str, ...]
    documents_possible: tuple[str, ...]
    valid_until: str | None


class DecisionBody(Body, frozen=True, kw_only=True):
    """What a member of staff found, why, and the first day (in UTC) on which that is too old."""

    decision: Decision
    reason: DecisionReason
    valid_until: date | None = None


def make_router(doors: Doors) -> Router:
    """Return the routes about verification."""
    players = Router(
        "/me/verification",
        route_handlers=[show, ask],
        guards=[doors.player],
        security=BEARER,
        tags=["players"],
    )
    staff = Router(
        "/staff/players/{player_id:str}",
        route_handlers=[decide],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[players, staff, hear])


@get("/", summary="How your identity stands")
async def show(request: Asked, edge: TheEdge) -> VerificationView:
    """Show how the player's identity stands, and what is or may be asked for."""
    return await _view(edge, player_of(request))


@post("/", status_code=202, summary="Have your identity checked")
async def ask(request: Asked, edge: TheEdge, key: KeyHeader = None) -> VerificationView:
    """Have the provider check who the player is; what comes of it is seen here later."""
    wish = CheckRequest(player_id=player_of(request), key=IdempotencyKey(check_key(key)))

    async def work(turn: Turn) -> Sequence[RequestAnswer]:
        return await verification.request(turn, [wish])

    (answer,) = await in_turn(edge, [shard_of(wish.player_id)], "player", work)
    if not isinstance(answer, Requested):
        raise ProblemFound(problem_of(answer.reason))
    return await _view(edge, wish.player_id)


@post(
    "/verification",
    dto=StrictJson[DecisionBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.DECIDE_VERIFICATION),
    summary="Decide on a player's identity",
)
async def decide(
    request: Asked,
    edge: TheEdge,
    player_id: FromPath[str],
    data: JSONBody[DecisionBody],
    key: KeyHeader = None,
) -> VerificationView:
    """Note what you found; it counts at once, whatever a provider said or will say."""
    until = data.valid_until if data.decision is Decision.VERIFIED else None
    wish = DecisionRequest(
        player_id=PlayerId(parse_id(player_id, field="player_id")),
        key=IdempotencyKey(check_key(key)),
        decision=data.decision,
        reason=data.reason,
        valid_until=None if until is None else datetime.combine(until, time(), UTC),
    )

    async def work(turn: Turn) -> Sequence[RequestAnswer]:
        return await verification.decide(turn, [wish])

    (answer,) = await in_turn(edge, [shard_of(wish.player_id)], actor_of(request), work)
    if not isinstance(answer, Requested):
        raise ProblemFound(problem_of(answer.reason))
    return await _view(edge, wish.player_id)


@post(
    "/webhooks/verification/{provider:str}",
    status_code=200,
    tags=["providers"],
    summary="What a verification provider found",
)
async def hear(
    request: Request[Any, Any, Any], edge: TheEdge, provider: FromPath[str]
) -> HeardView:
    """Record what a provider tells, if it signed it; told again, it changes nothing."""
    reader = edge.check_readers.get(provider)
    if reader is None:
        raise ProblemFound(problems.NOT_FOUND)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        news = reader.read_news(headers, await request.body(), now=edge.wall.now())
    except SignatureRefused as refused:
        _log.warning("a callback was refused", provider=provider, why=str(refused))
        raise ProblemFound(SIGNATURE_REFUSED) from None
    async with edge.database.reading() as tx:
        shards = await verification.find_shards(tx, [news])

    async def work(turn: Turn) -> Sequence[NewsAnswer]:
        return await verification.record_news(turn, [news])

    (answer,) = await in_turn(edge, shards, f"provider:{provider}", work)
    refusal = answer.reason if isinstance(answer, NewsRefused) else None
    return HeardView(believed=refusal is None, refusal=refusal)


async def _view(edge: Edge, player_id: PlayerId) -> VerificationView:
    async with edge.database.reading() as tx:
        standing: Verification = await verification.find_verification(tx, player_id)
        check = (
            None
            if standing.check_id is None
            else await verification.find_check(tx, player_id, standing.check_id)
        )
    until = standing.valid_until
    return VerificationView(
        player_id=player_id,
        state=standing.state_at(edge.clock.now()),
        documents=() if check is None else check.documents,
        documents_possible=DOCUMENTS_POSSIBLE,
        valid_until=None if until is None else write_instant(until),
    )
