"""Four eyes over HTTP: what one agent asks for, another one decides."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from litestar import Router, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from pitboss.api.agents import Name
from pitboss.api.corrections import find_as_shown
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
    staff_of,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body, check_key
from pitboss.jurisdictions.model import LiftedBy, LimitKind, Period
from pitboss.kernel.ids import PlayerId, StaffId, derived_id, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import currency, parse_micros
from pitboss.kernel.shards import CATALOGUE_SHARD, STAFF_SHARD, Shard, shard_of
from pitboss.messages import Turn
from pitboss.staff import approvals
from pitboss.staff.agents.model import ROLES_MAX, Permission
from pitboss.staff.approvals.model import (
    Adjustment,
    AgentInvitation,
    AgentRemoval,
    AgentRoles,
    Answer,
    Answered,
    Approval,
    ApprovalId,
    Asking,
    LimitOverride,
    MarketCorrection,
    NewAgent,
    PlayerWish,
    Refusal,
    Reinstatement,
    RoleChange,
    State,
    Why,
    Wish,
)

# The end is said in a way that Python and JavaScript read alike.
RoleName = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[a-z][a-z0-9_]{1,39}(?![\s\S])")]
RoleNames = Annotated[tuple[RoleName, ...], msgspec.Meta(min_length=1, max_length=ROLES_MAX)]
Permissions = Annotated[
    tuple[Permission, ...], msgspec.Meta(min_length=1, max_length=len(Permission))
]


class Direction(StrEnum):
    """Whom an adjustment gives money to."""

    TO_PLAYER = "to_player"
    FROM_PLAYER = "from_player"


class Ground(StrEnum):
    """Which check of staff's raises a cap, where the licence names it."""

    INCOME_CHECK = LiftedBy.INCOME_CHECK.value
    RISK_CHECK = LiftedBy.RISK_CHECK.value


class AdjustmentBody(Body, frozen=True, kw_only=True):
    """Money to give a player or to take back, and why."""

    player_id: str
    amount: str
    currency: str
    direction: Direction
    why: Why


class LimitOverrideBody(Body, frozen=True, kw_only=True):
    """The most that a player may reach from now on, the check that allows it, and why."""

    player_id: str
    kind: LimitKind
    period: Period | None
    amount: str
    currency: str
    ground: Ground
    why: Why


class ReinstatementBody(Body, frozen=True, kw_only=True):
    """A player whom staff suspended, or excluded, who shall play again, and why."""

    player_id: str
    why: Why


class NewAgentBody(Body, frozen=True, kw_only=True):
    """Somebody who shall be staff, with these roles, and why."""

    name: Name
    roles: RoleNames
    why: Why


class AgentRolesBody(Body, frozen=True, kw_only=True):
    """An agent, all the roles that they shall have, and why."""

    staff_id: str
    roles: RoleNames
    why: Why


class AgentBody(Body, frozen=True, kw_only=True):
    """An agent, and why."""

    staff_id: str
    why: Why


class RoleBody(Body, frozen=True, kw_only=True):
    """A role, all that it shall permit, and why."""

    role: RoleName
    permissions: Permissions
    why: Why


class RefusalBody(Body, frozen=True, kw_only=True):
    """Why a request is refused."""

    why: Why


class ApprovalView(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, and how it stands.

    `half` is shown to who asks and to who approves an invitation, a different one to each: the
    agent needs both.
    """

    approval_id: str
    wish: dict[str, Any]
    why: str
    asked_by: str
    asked_at: str
    expires_at: str
    state: str
    decided_by: str | None
    decided_at: str | None
    outcome: str | None
    half: str | None = None


class ApprovalsView(msgspec.Struct, frozen=True, kw_only=True):
    """Requests, the newest first."""

    approvals: tuple[ApprovalView, ...]


def make_router(doors: Doors) -> Router:
    """Return the routes about approvals."""
    asking = [
        ask_adjustment,
        ask_limit_override,
        ask_reinstatement,
        ask_agent,
        ask_roles,
        ask_removal,
        ask_invitation,
        ask_role_change,
    ]
    return Router(
        "/v1/staff/approvals",
        route_handlers=[show, show_one, approve, refuse, withdraw, *asking],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )


@get("/", opt=needs(Permission.SEE_APPROVALS), summary="What was asked for")
async def show(edge: TheEdge, waiting: FromQuery[bool] = False) -> ApprovalsView:
    """Show the newest requests, or those alone that wait for somebody to decide."""
    async with edge.database.reading() as tx:
        found = await approvals.find_approvals(tx, waiting=waiting)
    return ApprovalsView(approvals=tuple(_view(edge, item) for item in found))


@get("/{approval_id:str}", opt=needs(Permission.SEE_APPROVALS), summary="One request")
async def show_one(edge: TheEdge, approval_id: FromPath[str]) -> ApprovalView:
    """Show one request and how it stands."""
    return _view(edge, await _find(edge, _id(approval_id)))


@post(
    "/adjustment",
    dto=StrictJson[AdjustmentBody],
    before_request=check_body,
    opt=needs(Permission.ASK_ADJUSTMENT),
    summary="Ask to adjust a wallet",
)
async def ask_adjustment(
    request: Asked, edge: TheEdge, data: JSONBody[AdjustmentBody], key: KeyHeader = None
) -> ApprovalView:
    """Ask to give a player money of the house, or to take it back."""
    micros = parse_micros(data.amount, currency(data.currency), field="amount")
    wish = Adjustment(
        player_id=PlayerId(parse_id(data.player_id, field="player_id")),
        currency=data.currency,
        micros=micros if data.direction is Direction.TO_PLAYER else -micros,
    )
    return await _ask(request, edge, wish, data.why, key)


@post(
    "/limit-override",
    dto=StrictJson[LimitOverrideBody],
    before_request=check_body,
    opt=needs(Permission.ASK_LIMIT_OVERRIDE),
    summary="Ask to raise a statutory cap",
)
async def ask_limit_override(
    request: Asked, edge: TheEdge, data: JSONBody[LimitOverrideBody], key: KeyHeader = None
) -> ApprovalView:
    """Ask to raise a statutory cap for a player, where the licence says by which check."""
    wish = LimitOverride(
        player_id=PlayerId(parse_id(data.player_id, field="player_id")),
        kind=data.kind,
        period=data.period,
        most=parse_micros(data.amount, currency(data.currency), field="amount"),
        ground=LiftedBy(data.ground),
    )
    return await _ask(request, edge, wish, data.why, key)


@post(
    "/reinstatement",
    dto=StrictJson[ReinstatementBody],
    before_request=check_body,
    opt=needs(Permission.ASK_REINSTATEMENT),
    summary="Ask to let a player play again",
)
async def ask_reinstatement(
    request: Asked, edge: TheEdge, data: JSONBody[ReinstatementBody], key: KeyHeader = None
) -> ApprovalView:
    """Ask to let a player play again whom staff suspended, or excluded for a term that is over."""
    wish = Reinstatement(player_id=PlayerId(parse_id(data.player_id, field="player_id")))
    return await _ask(request, edge, wish, data.why, key)


@post(
    "/agent",
    dto=StrictJson[NewAgentBody],
    before_request=check_body,
    opt=needs(Permission.ASK_ROLE_CHANGE),
    summary="Ask for a new agent",
)
async def ask_agent(
    request: Asked, edge: TheEdge, data: JSONBody[NewAgentBody], key: KeyHeader = None
) -> ApprovalView:
    """Ask to add an agent; you are shown one half of the code that lets them choose a password."""
    staff_id = derived_id("staff.agent", staff_of(request), check_key(key))
    wish = NewAgent(staff_id=StaffId(staff_id), name=data.name, roles=data.roles)
    return await _ask(request, edge, wish, data.why, key)


@post(
    "/roles",
    dto=StrictJson[AgentRolesBody],
    before_request=check_body,
    opt=needs(Permission.ASK_ROLE_CHANGE),
    summary="Ask for other roles of an agent",
)
async def ask_roles(
    request: Asked, edge: TheEdge, data: JSONBody[AgentRolesBody], key: KeyHeader = None
) -> ApprovalView:
    """Ask to give an agent these roles and no others; never yourself."""
    wish = AgentRoles(staff_id=_staff(data.staff_id), roles=data.roles)
    return await _ask(request, edge, wish, data.why, key)


@post(
    "/removal",
    dto=StrictJson[AgentBody],
    before_request=check_body,
    opt=needs(Permission.ASK_ROLE_CHANGE),
    summary="Ask to remove an agent",
)
async def ask_removal(
    request: Asked, edge: TheEdge, data: JSONBody[AgentBody], key: KeyHeader = None
) -> ApprovalView:
    """Ask that an agent may do nothing any more; the last administrator stays."""
    wish = AgentRemoval(staff_id=_staff(data.staff_id))
    return await _ask(request, edge, wish, data.why, key)


@post(
    "/invitation",
    dto=StrictJson[AgentBody],
    before_request=check_body,
    opt=needs(Permission.ASK_ROLE_CHANGE),
    summary="Ask to invite an agent anew",
)
async def ask_invitation(
    request: Asked, edge: TheEdge, data: JSONBody[AgentBody], key: KeyHeader = None
) -> ApprovalView:
    """Ask that an agent chooses another password; you are shown one half of the code for it."""
    wish = AgentInvitation(staff_id=_staff(data.staff_id))
    return await _ask(request, edge, wish, data.why, key)


@post(
    "/role",
    dto=StrictJson[RoleBody],
    before_request=check_body,
    opt=needs(Permission.ASK_ROLE_CHANGE),
    summary="Ask to change what a role permits",
)
async def ask_role_change(
    request: Asked, edge: TheEdge, data: JSONBody[RoleBody], key: KeyHeader = None
) -> ApprovalView:
    """Ask that a role permits this and nothing else; never one of your own."""
    wish = RoleChange(role=data.role, permissions=tuple(sorted(set(data.permissions))))
    return await _ask(request, edge, wish, data.why, key)


@post(
    "/{approval_id:str}/approval",
    status_code=200,
    opt=needs(Permission.DECIDE_APPROVALS),
    summary="Approve a request",
)
async def approve(request: Asked, edge: TheEdge, approval_id: FromPath[str]) -> ApprovalView:
    """Approve what somebody else asked for; it is done at once, and once."""
    wanted, by = _id(approval_id), staff_of(request)

    async def work(turn: Turn) -> Answer:
        return await approvals.approve(turn, wanted, by, keys=edge.personal_keys)

    await _ensure_as_shown(edge, wanted)
    return await _decide(request, edge, wanted, work)


@post(
    "/{approval_id:str}/refusal",
    dto=StrictJson[RefusalBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.DECIDE_APPROVALS),
    summary="Refuse a request",
)
async def refuse(
    request: Asked, edge: TheEdge, approval_id: FromPath[str], data: JSONBody[RefusalBody]
) -> ApprovalView:
    """Refuse what somebody else asked for."""
    wanted, by = _id(approval_id), staff_of(request)

    async def work(turn: Turn) -> Answer:
        return await approvals.refuse(turn, wanted, by, data.why)

    return await _decide(request, edge, wanted, work)


@delete(
    "/{approval_id:str}",
    status_code=200,
    opt=needs(Permission.DECIDE_APPROVALS),
    summary="Withdraw your request",
)
async def withdraw(request: Asked, edge: TheEdge, approval_id: FromPath[str]) -> ApprovalView:
    """Take back what you asked for, if nobody has decided."""
    wanted, by = _id(approval_id), staff_of(request)

    async def work(turn: Turn) -> Answer:
        return await approvals.withdraw(turn, wanted, by)

    return await _decide(request, edge, wanted, work)


async def _ask(request: Asked, edge: Edge, wish: Wish, why: Why, key: str | None) -> ApprovalView:
    by = staff_of(request)
    asking = Asking(
        id=ApprovalId(derived_id("staff.approval", by, check_key(key))),
        wish=wish,
        why=why,
        asked_by=by,
    )

    async def work(turn: Turn) -> Answer:
        return await approvals.ask(turn, asking, keys=edge.personal_keys)

    return _answered(edge, await in_turn(edge, _shards(wish), actor_of(request), work))


async def _decide(request: Asked, edge: Edge, approval_id: ApprovalId, work: Any) -> ApprovalView:
    # What was asked for never changes, so its shards are known before the turn.
    approval = await _find(edge, approval_id)
    return _answered(edge, await in_turn(edge, _shards(approval.wish), actor_of(request), work))


async def _ensure_as_shown(edge: Edge, approval_id: ApprovalId) -> None:
    """Refuse a correction that would come to something else by now than who asked for it was shown.

    Between asking and approving other markets may have ended.  A decided one is asked nothing:
    whoever decided it hears the same answer again.
    """
    approval = await _find(edge, approval_id)
    if not isinstance(approval.wish, MarketCorrection) or approval.state is not State.WAITING:
        return
    try:
        await find_as_shown(edge, approval.wish)
    except ProblemFound:
        # It may have been decided meanwhile, and of course the market is another one since then.
        if (await _find(edge, approval_id)).state is State.WAITING:
            raise


async def _find(edge: Edge, approval_id: ApprovalId) -> Approval:
    async with edge.database.reading() as tx:
        approval = await approvals.find_approval(tx, approval_id)
    if approval is None:
        raise ProblemFound(problem_of(Refusal.UNKNOWN_APPROVAL))
    return approval


def _shards(wish: Wish) -> list[Shard]:
    if isinstance(wish, MarketCorrection):
        return [STAFF_SHARD, CATALOGUE_SHARD]
    if isinstance(wish, PlayerWish):
        return [STAFF_SHARD, shard_of(wish.player_id)]
    return [STAFF_SHARD]


def _answered(edge: Edge, answer: Answer) -> ApprovalView:
    if isinstance(answer, Answered):
        return _view(edge, answer.approval, half=answer.half)
    raise ProblemFound(problem_of(answer.reason))


def _id(text: str) -> ApprovalId:
    return ApprovalId(parse_id(text, field="approval_id"))


def _staff(text: str) -> StaffId:
    return StaffId(parse_id(text, field="staff_id"))


def _view(edge: Edge, item: Approval, *, half: str | None = None) -> ApprovalView:
    return ApprovalView(
        approval_id=item.id,
        wish=msgspec.to_builtins(item.wish),
        why=item.why,
        asked_by=item.asked_by,
        asked_at=write_instant(item.asked_at),
        expires_at=write_instant(item.expires_at),
        state=item.as_of(edge.clock.now()),
        decided_by=item.decided_by,
        decided_at=None if item.decided_at is None else write_instant(item.decided_at),
        outcome=item.outcome,
        half=half,
    )
