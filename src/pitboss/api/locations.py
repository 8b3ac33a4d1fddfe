"""Where a player is, over HTTP: evidence in, whether they may play here out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

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
    actor_of,
    check_body,
    needs,
    player_of,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.watch import DEVICE_HEADER
from pitboss.api.whence import asked_from
from pitboss.api.wire import Body, check_key
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId, derived_id, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.location.model import (
    CheckAnswer,
    CheckRequest,
    History,
    Kept,
    Permit,
    Place,
    Refused,
    network_tag,
)
from pitboss.messages import Turn
from pitboss.players import identity, personal
from pitboss.players.personal.model import Path, Purpose, ReadAnswer, ReadRequest, SubjectId
from pitboss.players.personal.model import Refused as NotFound
from pitboss.staff.agents.model import Permission

TOKEN_LENGTH_MAX = 8_192
# Of a player without a check nothing is read, and it is told all the same that somebody looked.
NOWHERE = Path("/location")
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


class CheckedView(msgspec.Struct, frozen=True, kw_only=True):
    """A check as staff see it; `fix` is latitude, longitude and accuracy in metres, if it is kept.

    Only the player's own fix is kept: a token that was not theirs says nothing of them.
    """

    check_id: str
    session_id: str
    checked_at: str
    decision: str
    reasons: tuple[str, ...]
    expires_at: str | None
    fix: str | None


class SharerView(msgspec.Struct, frozen=True, kw_only=True):
    """Another player who was located on a device of this one."""

    player_id: str
    seen_at: str


class LocationsView(msgspec.Struct, frozen=True, kw_only=True):
    """A player's newest checks, the newest first.

    `failures` in a row did not pass.  `alerts`: `repeated_failures`, `shared_device`.
    """

    player_id: str
    checks: tuple[CheckedView, ...]
    failures: int
    shared_with: tuple[SharerView, ...]
    alerts: tuple[str, ...]


def make_router(doors: Doors) -> Router:
    """Return the routes about where players are: their own, and the back office's."""
    own = Router(
        "/location",
        route_handlers=[check, show],
        guards=[doors.player],
        security=BEARER,
        tags=["location"],
    )
    staff = Router(
        "/staff/players/{player_id:str}",
        route_handlers=[show_history],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[own, staff])


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

    A token is good for one check.  The same key and token again get the first answer.  If the
    client names its device in `x-device-id`, a token of another device is not believed.
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
        device_id=request.headers.get(DEVICE_HEADER),
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


@get("/locations", opt=needs(Permission.READ_PERSONAL_DATA), summary="Where a player was")
async def show_history(
    request: Asked, edge: TheEdge, player_id: FromPath[str], purpose: FromQuery[Purpose]
) -> LocationsView:
    """Show a player's newest checks and what to look at; a fact says that you looked, and why."""
    wanted = PlayerId(parse_id(player_id, field="player_id"))

    async def work(turn: Turn) -> tuple[History, ReadAnswer]:
        history = await location.find_history(turn.tx, wanted)
        paths = tuple(Path(f"/location/{item.check_id}/fix") for item in history.checks)
        wish = ReadRequest(subject_id=SubjectId(wanted), purpose=purpose, paths=paths or (NOWHERE,))
        (found,) = await personal.read(turn, [wish], keys=edge.personal_keys)
        return history, found

    history, found = await in_turn(edge, [shard_of(wanted)], actor_of(request), work)
    if isinstance(found, NotFound):
        raise ProblemFound(problem_of(found.reason))
    return LocationsView(
        player_id=wanted,
        checks=tuple(_checked_view(item, found.values) for item in history.checks),
        failures=history.failures,
        shared_with=tuple(
            SharerView(player_id=item.player_id, seen_at=write_instant(item.seen_at))
            for item in history.sharers
        ),
        alerts=history.alerts,
    )


def _checked_view(kept: Kept, values: Mapping[Path, str]) -> CheckedView:
    return CheckedView(
        check_id=kept.check_id,
        session_id=kept.session_id,
        checked_at=write_instant(kept.checked_at),
        decision=kept.decision,
        reasons=tuple(str(reason) for reason in kept.reasons),
        expires_at=None if kept.expires_at is None else write_instant(kept.expires_at),
        fix=values.get(Path(f"/location/{kept.check_id}/fix")),
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
