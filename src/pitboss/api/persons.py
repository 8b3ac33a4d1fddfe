"""The back office's doors to who a player is: to close an account, to look, and to forget."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, delete, post
from litestar.params import FromPath, JSONBody

from pitboss import cashier, jurisdictions, location
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
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body, check_key
from pitboss.cashier.model import Refusal as CashierRefusal
from pitboss.cashier.model import UnblockReason
from pitboss.kernel.ids import PlayerId, derived_id, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import access, identity, personal
from pitboss.players.access.model import Refused as Locked
from pitboss.players.access.model import SessionEnd
from pitboss.players.identity.model import (
    ErasureAnswer,
    ErasureRequest,
    Obligation,
    PlayerErased,
    PlayerStatus,
    Refused,
    StatusAnswer,
    StatusReason,
    StatusRequest,
    StatusSet,
)
from pitboss.players.personal.model import (
    SECRETS,
    DiscloseAnswer,
    LegalBasis,
    Path,
    Purpose,
    ReadAnswer,
    ReadRequest,
    SubjectId,
)
from pitboss.players.personal.model import Refused as NotFound
from pitboss.responsible import exclusion
from pitboss.staff.agents.model import Permission
from pitboss.staff.approvals.model import Refusal as ApprovalRefusal

PATHS_MAX = 20
# The end is said in a way that Python and JavaScript read alike.
PathText = Annotated[str, msgspec.Meta(max_length=100, pattern=r"^/[A-Za-z0-9_./-]+(?![\s\S])")]
Paths = Annotated[tuple[PathText, ...], msgspec.Meta(min_length=1, max_length=PATHS_MAX)]


class PlayerStatusBody(Body, frozen=True, kw_only=True):
    """What a player's status is to be, and why."""

    status: PlayerStatus
    reason: StatusReason


class PlayerStatusView(msgspec.Struct, frozen=True, kw_only=True):
    """What a player's status became."""

    player_id: str
    status: str


class UnblockBody(Body, frozen=True, kw_only=True):
    """What was found: why the player may pay in again."""

    reason: UnblockReason


class LookBody(Body, frozen=True, kw_only=True):
    """Why somebody looks, and at what: no more than that takes."""

    purpose: Purpose
    paths: Paths


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """Who a player is, by path."""

    player_id: str
    values: dict[str, str]


class OpenedView(msgspec.Struct, frozen=True, kw_only=True):
    """A value and its salt: SHA-256(salt || JSON of the value) is what facts carry."""

    path: str
    salt: str
    value: str


class DisclosureView(msgspec.Struct, frozen=True, kw_only=True):
    """What a third party needs to check commitments; salts are hexadecimal."""

    player_id: str
    opened: tuple[OpenedView, ...]


class ErasureBody(Body, frozen=True, kw_only=True):
    """The legal basis: a point of article 17(1) of the GDPR."""

    basis: LegalBasis


class ErasureView(msgspec.Struct, frozen=True, kw_only=True):
    """The player is forgotten; `repeated` if that was so before."""

    player_id: str
    erased_at: str
    repeated: bool


def make_router(doors: Doors) -> Router:
    """Return the routes about persons, for staff."""
    return Router(
        "/v1/staff/players/{player_id:str}",
        route_handlers=[set_status, unlock, unblock, log_out, look, disclose, erase],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )


@post(
    "/status",
    dto=StrictJson[PlayerStatusBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.STOP_PLAYERS),
    summary="Let a player play, stop them, or close the account",
)
async def set_status(
    request: Asked,
    edge: TheEdge,
    player_id: FromPath[str],
    data: JSONBody[PlayerStatusBody],
    key: KeyHeader = None,
) -> PlayerStatusView:
    """Change a player's status; closing is for ever, and the term of retention begins with it."""
    wish = StatusRequest(
        key=derived_id("staff.player_status", check_key(key)),
        player_id=_player(player_id),
        status=data.status,
        reason=data.reason,
    )

    async def work(turn: Turn) -> StatusAnswer:
        await _ensure_no_reinstatement(turn, wish)
        (answer,) = await identity.set_status(turn, [wish])
        if isinstance(answer, StatusSet) and answer.status is not PlayerStatus.ACTIVE:
            await access.end_sessions(turn, wish.player_id, SessionEnd.STATUS_CHANGED)
        return answer

    answer = await in_turn(edge, [shard_of(wish.player_id)], actor_of(request), work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    return PlayerStatusView(player_id=answer.player_id, status=answer.status)


@post(
    "/unlock", status_code=204, summary="Open a locked login", opt=needs(Permission.UNLOCK_LOGINS)
)
async def unlock(request: Asked, edge: TheEdge, player_id: FromPath[str]) -> None:
    """Open a login that was locked after too many failures, once you know who asks for it."""
    wanted = _player(player_id)

    async def work(turn: Turn) -> Locked | None:
        return await access.unlock(turn, wanted)

    answer = await in_turn(edge, [shard_of(wanted)], actor_of(request), work)
    if answer is not None:
        raise ProblemFound(problem_of(answer.reason))


@post(
    "/deposits/unblock",
    dto=StrictJson[UnblockBody],
    before_request=check_body,
    status_code=204,
    opt=needs(Permission.UNBLOCK_DEPOSITS),
    summary="Let a player pay in again",
)
async def unblock(
    request: Asked, edge: TheEdge, player_id: FromPath[str], data: JSONBody[UnblockBody]
) -> None:
    """Let a player pay in again whose deposits failed too often too fast, once you have looked.

    What failed until now counts no more; saying it again changes nothing.
    """
    wanted = _player(player_id)

    async def work(turn: Turn) -> CashierRefusal | None:
        return await cashier.unblock_deposits(turn, wanted, data.reason)

    refusal = await in_turn(edge, [shard_of(wanted)], actor_of(request), work)
    if refusal is not None:
        raise ProblemFound(problem_of(refusal))


@delete(
    "/sessions",
    status_code=204,
    summary="End all sessions of a player",
    opt=needs(Permission.END_SESSIONS),
)
async def log_out(request: Asked, edge: TheEdge, player_id: FromPath[str]) -> None:
    """End every session of a player, from the next request on; they may log in again."""
    wanted = _player(player_id)

    async def work(turn: Turn) -> int:
        return await access.end_sessions(turn, wanted, SessionEnd.ENDED_BY_STAFF)

    await in_turn(edge, [shard_of(wanted)], actor_of(request), work)


@post(
    "/personal-data",
    dto=StrictJson[LookBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.READ_PERSONAL_DATA),
    summary="Look at who a player is",
)
async def look(
    request: Asked, edge: TheEdge, player_id: FromPath[str], data: JSONBody[LookBody]
) -> PersonView:
    """Show who a player is; a fact says that you looked, at what and why."""
    wish = _look(player_id, data)

    async def work(turn: Turn) -> ReadAnswer:
        (answer,) = await personal.read(turn, [wish], keys=edge.personal_keys)
        return answer

    answer = await in_turn(edge, [shard_of(wish.subject_id)], actor_of(request), work)
    if isinstance(answer, NotFound):
        raise ProblemFound(problem_of(answer.reason))
    return PersonView(
        player_id=wish.subject_id,
        values={str(path): value for path, value in answer.values.items()},
    )


@post(
    "/disclosure",
    dto=StrictJson[LookBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.DISCLOSE_PERSONAL_DATA),
    summary="Open commitments for a dispute",
)
async def disclose(
    request: Asked, edge: TheEdge, player_id: FromPath[str], data: JSONBody[LookBody]
) -> DisclosureView:
    """Return values with their salts, so that a third party can check what facts committed to."""
    wish = _look(player_id, data)

    async def work(turn: Turn) -> DiscloseAnswer:
        (answer,) = await personal.disclose(turn, [wish], keys=edge.personal_keys)
        return answer

    answer = await in_turn(edge, [shard_of(wish.subject_id)], actor_of(request), work)
    if isinstance(answer, NotFound):
        raise ProblemFound(problem_of(answer.reason))
    opened = tuple(
        OpenedView(path=item.path, salt=item.salt.hex(), value=item.value) for item in answer.opened
    )
    return DisclosureView(player_id=wish.subject_id, opened=opened)


@post(
    "/erasure",
    dto=StrictJson[ErasureBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.ERASE_PERSONAL_DATA),
    summary="Forget who a player is",
)
async def erase(
    request: Asked, edge: TheEdge, player_id: FromPath[str], data: JSONBody[ErasureBody]
) -> ErasureView:
    """Erase a player's personal data for ever.

    Refused while the account is not closed, money or a payment is open, the player is excluded, or
    the licence wants the data kept.  Facts, bets and money stay as they are.  Asking again changes
    nothing.
    """
    wanted = _player(player_id)

    async def work(turn: Turn) -> ErasureAnswer:
        return await erase_player(turn, wanted, data.basis)

    answer = await in_turn(edge, [shard_of(wanted)], actor_of(request), work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    return ErasureView(
        player_id=answer.player_id,
        erased_at=write_instant(answer.at),
        repeated=answer.repeated,
    )


async def erase_player(turn: Turn, player_id: PlayerId, basis: LegalBasis) -> ErasureAnswer:
    """Erase a player in a turn of their shard, unless something still stands between us."""
    known = await identity.find_players(turn.tx, [(shard_of(player_id), player_id)])
    obligations = (await cashier.find_obligations(turn.tx, known.values())).get(player_id)
    licences = {
        player.id: licence
        for player in known.values()
        if (licence := jurisdictions.find(player.jurisdiction)) is not None
    }
    wish = ErasureRequest(
        player_id=player_id,
        basis=basis,
        obligations=(obligations or frozenset())
        | {
            Obligation.PLAYER_EXCLUDED
            for _ in await exclusion.find_kept_away(turn.tx, licences, now=turn.now)
        },
    )
    (answer,) = await identity.erase(turn, [wish])
    if isinstance(answer, PlayerErased):
        await location.forget(turn, [player_id])
        await access.forget(turn, player_id)
    return answer


async def _ensure_no_reinstatement(turn: Turn, wish: StatusRequest) -> None:
    """Let one agent stop a player, and not let one play again who was stopped."""
    if wish.status is not PlayerStatus.ACTIVE:
        return
    place = (shard_of(wish.player_id), wish.player_id)
    player = (await identity.recall_players(turn, [place])).get(wish.player_id)
    if player is not None and player.status is PlayerStatus.SUSPENDED:
        raise ProblemFound(problem_of(ApprovalRefusal.NEEDS_APPROVAL))


def _player(text: str) -> PlayerId:
    return PlayerId(parse_id(text, field="player_id"))


def _look(player_id: str, body: LookBody) -> ReadRequest:
    for path in body.paths:
        if path.startswith(SECRETS):
            # Not even staff are shown what a player proves who they are with.
            raise ProblemFound(problems.malformed("paths", "a secret is shown to nobody"))
    return ReadRequest(
        subject_id=SubjectId(_player(player_id)),
        purpose=body.purpose,
        paths=tuple(Path(path) for path in body.paths),
    )
