"""Marketing over HTTP: players say who may write to them, staff asks whom they may write to."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from pitboss import gate, jurisdictions
from pitboss.api import problems
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    check_body,
    needs,
    player_of,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PlayerId, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.errors import PlayerMissing
from pitboss.responsible import marketing
from pitboss.responsible.marketing.model import Answer, Change, Channel, Refused
from pitboss.staff.agents.model import Permission

LIMIT_MAX = 1_000


class ConsentBody(Body, frozen=True, kw_only=True):
    """Whether the player wants to hear of offers by this channel."""

    given: bool


class ConsentView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the player may be written to by a channel."""

    channel: str
    given: bool


class ConsentsView(msgspec.Struct, frozen=True, kw_only=True):
    """What the player has said of every channel; what was never given is not."""

    channels: tuple[ConsentView, ...]


class MailingView(msgspec.Struct, frozen=True, kw_only=True):
    """Who may be contacted, and until when that may be relied on; `next` asks for more.

    A page may be empty and have a next one.
    """

    player_ids: tuple[str, ...]
    use_before: str
    next: str | None


def make_router(doors: Doors) -> Router:
    """Return the routes about marketing."""
    players = Router(
        "/me/marketing",
        route_handlers=[show_consents, change_consent],
        guards=[doors.player],
        security=BEARER,
        tags=["marketing"],
    )
    staff = Router(
        "/staff/marketing",
        route_handlers=[show_mailing],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[players, staff])


@get("/", summary="Who may write to you")
async def show_consents(request: Asked, edge: TheEdge) -> ConsentsView:
    """Show by which channels the player has agreed to hear of offers."""
    async with edge.database.reading() as tx:
        found = await marketing.list_consents(tx, player_of(request))
    return ConsentsView(
        channels=tuple(ConsentView(channel=item, given=given) for item, given in found.items())
    )


@put(
    "/{channel:str}",
    dto=StrictJson[ConsentBody],
    before_request=check_body,
    summary="Say who may write to you",
)
async def change_consent(
    request: Asked, edge: TheEdge, data: JSONBody[ConsentBody], channel: FromPath[str]
) -> ConsentView:
    """Give or withdraw the consent for a channel; saying it again changes nothing.

    A time-out or an exclusion takes it back at once, and its end does not bring it back.
    """
    player_id = player_of(request)
    wish = Change(player_id=player_id, channel=_channel(channel), given=data.given)
    try:
        async with edge.database.reading() as tx:
            player = await identity.get_player(tx, player_id)
    except PlayerMissing:
        raise ProblemFound(problems.NOT_FOUND) from None
    licence = jurisdictions.get(player.jurisdiction)

    async def work(turn: Turn) -> Answer:
        return await marketing.change(turn, wish, licence)

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    return ConsentView(channel=wish.channel, given=answer.consent.given)


@get("/{channel:str}", opt=needs(Permission.WRITE_TO_PLAYERS), summary="Who may be contacted")
async def show_mailing(
    edge: TheEdge,
    channel: FromPath[str],
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = LIMIT_MAX,
) -> MailingView:
    """List who has agreed and may be contacted now; excluded and closed players are not there."""
    wanted = _channel(channel)
    player_id = None if after is None else PlayerId(parse_id(after, field="after"))
    async with edge.database.moment() as tx:
        found = await gate.find_mailing(
            tx, wanted, now=edge.clock.now(), after=player_id, limit=limit
        )
    return MailingView(
        player_ids=found.player_ids,
        use_before=write_instant(found.use_before),
        next=found.next_after,
    )


def _channel(text: str) -> Channel:
    try:
        return Channel(text)
    except ValueError:
        raise Malformed("channel", f"is none of {', '.join(Channel)}") from None
