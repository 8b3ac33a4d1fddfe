"""Terms over HTTP: staff put a version in force, players see and accept it."""

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
    player_of,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import STAFF_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.players import terms
from pitboss.players.terms.model import (
    AcceptRequest,
    Answer,
    PublishRequest,
    Refused,
    Terms,
)
from pitboss.staff.agents.model import Permission

# The end is said in a way that Python and JavaScript read alike.
Version = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[A-Za-z0-9._-]+(?![\s\S])")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}(?![\s\S])")]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class PublishBody(Body, frozen=True, kw_only=True):
    """A version of a licence's terms; `sha256` is of its text, in hexadecimal."""

    jurisdiction: Code
    version: Version
    sha256: Digest


class AcceptBody(Body, frozen=True, kw_only=True):
    """The version that the player has read and accepts."""

    version: Version


class TermsView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the terms."""

    jurisdiction: str
    version: str
    sha256: str
    published_at: str


def make_router(doors: Doors) -> Router:
    """Return the routes about terms."""
    players = Router(
        "/me/terms",
        route_handlers=[accept],
        guards=[doors.player],
        security=BEARER,
        tags=["players"],
    )
    staff = Router(
        "/staff/terms",
        route_handlers=[publish],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[players, staff, show])


@get("/terms/{jurisdiction:str}", tags=["players"], summary="The terms in force")
async def show(edge: TheEdge, jurisdiction: FromPath[str]) -> TermsView:
    """Show which version of a licence's terms is in force."""
    if "\x00" in jurisdiction:
        raise ProblemFound(problems.NOT_FOUND)
    async with edge.database.reading() as tx:
        current = await terms.find_current(tx, jurisdiction)
    if current is None:
        raise ProblemFound(problems.NOT_FOUND)
    return _view(current)


@post(
    "/",
    dto=StrictJson[AcceptBody],
    before_request=check_body,
    status_code=200,
    summary="Accept the terms",
)
async def accept(request: Asked, edge: TheEdge, data: JSONBody[AcceptBody]) -> TermsView:
    """Accept the version in force; until then nothing can be staked.  Again is harmless."""
    wish = AcceptRequest(player_id=player_of(request), version=data.version)

    async def work(turn: Turn) -> Answer:
        return await terms.accept(turn, wish)

    return _answered(await in_turn(edge, [shard_of(wish.player_id)], "player", work))


@post(
    "/",
    dto=StrictJson[PublishBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.PUBLISH_TERMS),
    summary="Put terms in force",
)
async def publish(request: Asked, edge: TheEdge, data: JSONBody[PublishBody]) -> TermsView:
    """Put a version in force at once: nobody of the licence plays before accepting it."""
    wish = PublishRequest(jurisdiction=data.jurisdiction, version=data.version, digest=data.sha256)

    async def work(turn: Turn) -> Answer:
        return await terms.publish(turn, wish)

    return _answered(await in_turn(edge, [STAFF_SHARD], actor_of(request), work))


def _answered(answer: Answer) -> TermsView:
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    return _view(answer.terms)


def _view(current: Terms) -> TermsView:
    return TermsView(
        jurisdiction=current.jurisdiction,
        version=current.version,
        sha256=current.digest,
        published_at=write_instant(current.published_at),
    )
