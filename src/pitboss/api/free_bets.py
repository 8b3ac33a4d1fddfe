"""Free bets over HTTP: staff gives them, players see those that they can use."""

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
from pitboss.sportsbook.betting.model import Gift, GiftAnswer, NotGiven
from pitboss.staff.agents.model import Permission


class GiftBody(Body, frozen=True, kw_only=True):
    """A stake for one bet, such as `"5.00"`, good until an instant."""

    stake: str
    currency: str
    expires_at: str


class FreeBetView(msgspec.Struct, frozen=True, kw_only=True):
    """A stake that was given, for one bet of it; what it returns comes without the stake."""

    free_bet: str
    stake: str
    currency: str
    expires_at: str


class FreeBetsView(msgspec.Struct, frozen=True, kw_only=True):
    """The free bets that can be used now, those that end first before the others."""

    free_bets: tuple[FreeBetView, ...]


class GivenView(msgspec.Struct, frozen=True, kw_only=True):
    """It is given; `changed` is false when it was before."""

    free_bet: str
    changed: bool


def make_router(doors: Doors) -> Router:
    """Return the routes about free bets."""
    players = Router(
        "/me/free-bets",
        route_handlers=[show],
        guards=[doors.player],
        security=BEARER,
        tags=["bets"],
    )
    staff = Router(
        "/staff/players/{player_id:str}/free-bets",
        route_handlers=[give],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[players, staff])


@get("/", summary="Your free bets")
async def show(request: Asked, edge: TheEdge) -> FreeBetsView:
    """Show the free bets that you can use now: each for one bet, of its whole stake."""
    player_id = player_of(request)
    async with edge.database.reading() as tx:
        found = await betting.find_free_bets_of(
            tx, shard_of(player_id), player_id, now=edge.clock.now()
        )
    return FreeBetsView(
        free_bets=tuple(
            FreeBetView(
                free_bet=item.id,
                stake=format_micros(item.stake_micros, currency(item.currency)),
                currency=item.currency,
                expires_at=write_instant(item.expires_at),
            )
            for item in found
        )
    )


@post(
    "/",
    dto=StrictJson[GiftBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.GIVE_FREE_BETS),
    summary="Give a player a free bet",
)
async def give(
    request: Asked,
    edge: TheEdge,
    player_id: FromPath[str],
    data: JSONBody[GiftBody],
    key: KeyHeader = None,
) -> GivenView:
    """Give a stake for one bet; the same key and body again give nothing more."""
    gift = _read(PlayerId(parse_id(player_id, field="player_id")), data, check_key(key))

    async def work(turn: Turn) -> Sequence[GiftAnswer]:
        return await betting.give_free_bets(turn, [gift])

    (answer,) = await in_turn(edge, [shard_of(gift.player_id)], actor_of(request), work)
    if isinstance(answer, NotGiven):
        raise ProblemFound(problem_of(answer.reason))
    return GivenView(free_bet=gift.id, changed=answer.changed)


def _read(player_id: PlayerId, body: GiftBody, key: str) -> Gift:
    try:
        return Gift(
            id=derived_id("free_bet", player_id, key),
            player_id=player_id,
            stake_micros=parse_micros(body.stake, currency(body.currency), field="stake"),
            currency=body.currency,
            expires_at=parse_instant(body.expires_at, field="expires_at"),
        )
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None
