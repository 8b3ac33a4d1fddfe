"""Where a player is, over HTTP: evidence in, whether they may play here out."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import JSONBody

from pitboss import jurisdictions, location
from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    KeyHeader,
    StrictJson,
    TheEdge,
    check_body,
    player_of,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.whence import asked_from
from pitboss.api.wire import Body, check_key
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.location.model import CheckAnswer, CheckRequest, Permit, Place, Refused, network_tag
from pitboss.messages import Turn
from pitboss.players import identity

TOKEN_LENGTH_MAX = 8_192
# Three parts in base64url; the end is said in a way that Python and JavaScript read alike.
TokenText = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=TOKEN_LENGTH_MAX, pattern=r"^[A-Za-z0-9_.-]+(?![\s\S])"),
]


class LocationBody(Body, frozen=True, kw_only=True):
    """The token that the location provider gave the player's device.

    `null` where the licence asks for the address alone.
    """

    token: TokenText | None


class LocationCheckView(msgspec.Struct, frozen=True, kw_only=True):
    """What a check came to: `pass`, `fail`, or `indeterminate` if the evidence says nothing.

    With `pass` the session may stake until `expires_at`; otherwise the reasons say why not.
    """

    check_id: str
    decision: str
    reasons: tuple[str, ...]
    expires_at: str | None


class LocationView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a location is wanted (`none`, `ip`, `device`), and how the session stands.

    `state` is `not_needed`, `not_shown`, `permitted`, `expired`, `blocked` or `network_changed`.
    """

    kind: str
    state: str
    check_id: str | None
    expires_at: str | None
    failures: int


def make_router(doors: Doors) -> Router:
    """Return the routes about a player's location."""
    return Router(
        "/v1/location",
        route_handlers=[check, show],
        guards=[doors.player],
        security=BEARER,
        tags=["location"],
    )


@post(
    "/checks",
    dto=StrictJson[LocationBody],
    before_request=check_body,
    status_code=200,
    summary="Show where you are",
)
async def check(
    request: Asked, edge: TheEdge, data: JSONBody[LocationBody], key: KeyHeader = None
) -> LocationCheckView:
    """Decide whether the player may play where this token and this address say they are.

    A token is good for one check.  The same key and token again get the first answer.
    """
    player_id, session_id = player_of(request), _session_of(request)
    check_id = derived_id("location.check", player_id, check_key(key))
    licence = await _licence_of(edge, player_id)
    ip = asked_from(request.scope, proxies_trusted=edge.proxies_trusted)
    # Not in a thread: handing it over would take about as long as it does.
    sighting = location.gather(
        edge.instruments, licence.location, token=data.token, ip=ip, now=edge.wall.now()
    )
    wish = CheckRequest(
        check_id=check_id,
        player_id=player_id,
        session_id=session_id,
        jurisdiction=licence.code,
        sighting=sighting,
    )

    async def work(turn: Turn) -> CheckAnswer:
        (answer,) = await location.check(turn, [wish], keys=edge.personal_keys)
        return answer

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    return LocationCheckView(
        check_id=answer.check_id,
        decision=answer.decision,
        reasons=tuple(str(reason) for reason in answer.reasons),
        expires_at=None if answer.expires_at is None else write_instant(answer.expires_at),
    )


@get("/", summary="Whether you may play where you are")
async def show(request: Asked, edge: TheEdge) -> LocationView:
    """Show how the session's location stands; nothing is checked anew."""
    player_id, session_id = player_of(request), _session_of(request)
    licence = await _licence_of(edge, player_id)
    async with edge.database.reading() as tx:
        permit = await location.find_permit(tx, Place(player_id=player_id, session_id=session_id))
    ip = asked_from(request.scope, proxies_trusted=edge.proxies_trusted)
    network = network_tag(edge.personal_keys, player_id, ip)
    return LocationView(
        kind=licence.location.kind,
        state=location.state_of(licence.location, permit, network=network, now=edge.clock.now()),
        check_id=None if permit is None else permit.check_id,
        expires_at=_end_of(permit),
        failures=0 if permit is None else permit.failures,
    )


def _session_of(request: Asked) -> str:
    """Return the session that a token belongs to.

    Raises:
        ProblemFound: it belongs to none: log in again.
    """
    if not request.user.session:
        raise ProblemFound(problems.UNAUTHENTICATED)
    return request.user.session


async def _licence_of(edge: Edge, player_id: PlayerId) -> Jurisdiction:
    async with edge.database.reading() as tx:
        player = await identity.get_player(tx, player_id)
    return jurisdictions.get(player.jurisdiction)


def _end_of(permit: Permit | None) -> str | None:
    if permit is None or permit.expires_at is None:
        return None
    return write_instant(permit.expires_at)
