"""Boosts over HTTP: staff gives them, players see those that they can use."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from pitboss.api import problems
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
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PlayerId, derived_id, parse_id
from pitboss.kernel.instants import parse_instant, write_instant
from pitboss.kernel.money import currency, format_micros, parse_micros
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.sportsbook import betting
from pitboss.sportsbook.betting.model import BoostAnswer, Boosting, NotBoosted
from pitboss.sportsbook.returns.model import parse_share
from pitboss.staff.agents.model import Permission


class BoostBody(Body, frozen=True, kw_only=True):
    """A share by which what one bet wins is raised (`"1/10"` or `"0.1"`), until an instant.

    It is for a stake of `stake_max` at most.
    """

    share: str
    stake_max: str
    currency: str
    expires_at: str


class BoostView(msgspec.Struct, frozen=True, kw_only=True):
    """A boost that was given: what one single or accumulator wins is raised by a share of it."""

    boost: str
    share: str
    stake_max: str
    currency: str
    expires_at: str


class BoostsView(msgspec.Struct, frozen=True, kw_only=True):
    """The boosts that can be used now, those that end first before the others."""

    boosts: tuple[BoostView, ...]


class BoostGivenView(msgspec.Struct, frozen=True, kw_only=True):
    """It is given; `changed` is false when it was before."""

    boost: str
    changed: bool


def make_router(doors: Doors) -> Router:
    """Return the routes about boosts."""
    players = Router(
        "/me/boosts",
        route_handlers=[show],
        guards=[doors.player],
        security=BEARER,
        tags=["bets"],
    )
    staff = Router(
        "/staff/players/{player_id:str}/boosts",
        route_handlers=[give],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[players, staff])


@get("/", summary="Your boosts")
async def show(request: Asked, edge: TheEdge) -> BoostsView:
    """Show the boosts that you can use now: each for one bet."""
    player_id = player_of(request)
    async with edge.database.reading() as tx:
        found = await betting.find_boosts_of(
            tx, shard_of(player_id), player_id, now=edge.clock.now()
        )
    return BoostsView(
        boosts=tuple(
            BoostView(
                boost=item.id,
                share=item.share,
                stake_max=format_micros(item.stake_micros_max, currency(item.currency)),
                currency=item.currency,
                expires_at=write_instant(item.expires_at),
            )
            for item in found
        )
    )


@post(
    "/",
    dto=StrictJson[BoostBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.GIVE_BOOSTS),
    summary="Give a player a boost",
)
async def give(
    request: Asked,
    edge: TheEdge,
    player_id: FromPath[str],
    data: JSONBody[BoostBody],
    key: KeyHeader = None,
) -> BoostGivenView:
    """Raise what one bet wins; the same key and body again give nothing more."""
    wanted = _read(PlayerId(parse_id(player_id, field="player_id")), data, check_key(key))

    async def work(turn: Turn) -> Sequence[BoostAnswer]:
        return await betting.give_boosts(turn, [wanted])

    (answer,) = await in_turn(edge, [shard_of(wanted.player_id)], actor_of(request), work)
    if isinstance(answer, NotBoosted):
        raise ProblemFound(problem_of(answer.reason))
    return BoostGivenView(boost=wanted.id, changed=answer.changed)


def _read(player_id: PlayerId, body: BoostBody, key: str) -> Boosting:
    try:
        share = parse_share(body.share, field="share")
        if not share:
            raise Malformed("share", "it is above 0")
        unit = currency(body.currency)
        return Boosting(
            id=derived_id("boost", player_id, key),
            player_id=player_id,
            share=str(share),
            stake_micros_max=parse_micros(body.stake_max, unit, field="stake_max"),
            currency=body.currency,
            expires_at=parse_instant(body.expires_at, field="expires_at"),
        )
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None
