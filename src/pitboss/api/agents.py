"""How agents get in over HTTP, and who they are: logins, second factors, invitations, roles."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Router, delete, get, post
from litestar.params import JSONBody

from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.factors import SeedView
from pitboss.api.furniture import (
    BEARER,
    ONE_OF_STAFF,
    PERMISSION,
    STRANGERS,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    actor_of,
    check_body,
    needs,
    staff_of,
)
from pitboss.api.logins import TOO_MANY_LOGINS
from pitboss.api.passwords import PasswordDesk
from pitboss.api.problems import Problem, ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.tokens import Role
from pitboss.api.turns import count_try, in_turn
from pitboss.api.whence import asked_from
from pitboss.api.wire import Body
from pitboss.kernel.ids import PlayerId, StaffId, new_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import STAFF_SHARD, Shard, shard_of
from pitboss.messages import Turn
from pitboss.staff import agents
from pitboss.staff.agents.model import (
    LoginAnswer,
    LoginTry,
    Permission,
    Refusal,
    Refused,
    StaffSessionId,
)

LOGIN_FAILED = Problem(
    status=401,
    slug="login_failed",
    detail="There is no member of staff with this name and password, or the login is locked.",
)
# Only who knows the password is told this.
_TOLD = frozenset({Refusal.SECOND_FACTOR_NEEDED, Refusal.WRONG_SECOND_FACTOR})

# Source: PCI DSS 4.0, 8.3.6: twelve characters at least.
PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 1024
_OWN = {PERMISSION: ONE_OF_STAFF}
_OPEN = {PERMISSION: STRANGERS}

# The end is said in a way that Python and JavaScript read alike.
Name = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[a-z][a-z0-9._-]{1,39}(?![\s\S])")]
Half = Annotated[str, msgspec.Meta(max_length=32, pattern=r"^[0-9A-Za-z -]+(?![\s\S])")]
Code = Annotated[str, msgspec.Meta(max_length=6, pattern=r"^[0-9]+(?![\s\S])")]
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=PASSWORD_LENGTH_MAX)]
NewPassword = Annotated[
    str, msgspec.Meta(min_length=PASSWORD_LENGTH_MIN, max_length=PASSWORD_LENGTH_MAX)
]


class StaffSessionBody(Body, frozen=True, kw_only=True):
    """An agent's name and password, and a code once there is a second factor."""

    name: Name
    password: Password
    code: Code | None = None


class InvitationBody(Body, frozen=True, kw_only=True):
    """Both halves of the code, each from somebody else, and the password there is to be."""

    first: Half
    second: Half
    password: NewPassword


class StaffCodeBody(Body, frozen=True, kw_only=True):
    """A code that the agent's authenticator shows."""

    code: Code


class StaffSessionView(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's token; unless `proven`, it is good for setting a second factor up alone."""

    staff_id: str
    session_id: str
    token: str
    expires_at: str
    proven: bool


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff."""

    staff_id: str
    name: str
    roles: tuple[str, ...]
    status: str


class MeView(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and all that they may do just now."""

    staff_id: str
    name: str
    roles: tuple[str, ...]
    permissions: tuple[str, ...]


class AgentsView(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who is or was staff."""

    agents: tuple[AgentView, ...]


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    """A role and all that it permits."""

    role: str
    permissions: tuple[str, ...]


class RolesView(msgspec.Struct, frozen=True, kw_only=True):
    """Every role there is."""

    roles: tuple[RoleView, ...]


def make_router(edge: Edge, doors: Doors, desk: PasswordDesk) -> Router:
    """Return the routes about agents."""

    @post(
        "/sessions",
        dto=StrictJson[StaffSessionBody],
        before_request=check_body,
        opt=_OPEN,
        summary="Log in as staff",
    )
    async def log_in(
        request: Request[Any, Any, Any], data: JSONBody[StaffSessionBody]
    ) -> StaffSessionView:
        """Log in with a name, a password and a code; without a second factor, to set one up."""
        await _count(edge, request)
        return await _let_in(edge, desk, data)

    @post(
        "/invitations",
        dto=StrictJson[InvitationBody],
        before_request=check_body,
        status_code=204,
        opt=_OPEN,
        summary="Choose your password",
    )
    async def take(request: Request[Any, Any, Any], data: JSONBody[InvitationBody]) -> None:
        """Choose a password, with both halves of the code that two colleagues were shown."""
        await _count(edge, request)
        await _take(edge, desk, data)

    inside = Router(
        "/",
        route_handlers=[log_out, show_me, offer, confirm, show_agents, show_roles],
        guards=[doors.staff],
        security=BEARER,
    )
    return Router("/v1/staff", route_handlers=[log_in, take, inside], tags=["staff"])


@delete("/session", status_code=204, opt=_OWN, summary="Log out")
async def log_out(request: Asked, edge: TheEdge) -> None:
    """End the session that asks; its token is good for nothing from now on."""
    staff_id, session_id = staff_of(request), StaffSessionId(request.user.session)

    async def work(turn: Turn) -> None:
        await agents.end_session(turn, staff_id, session_id)

    await in_turn(edge, [STAFF_SHARD], actor_of(request), work)


@get("/me", opt=_OWN, summary="Who you are, and what you may do")
async def show_me(request: Asked, edge: TheEdge) -> MeView:
    """Show who asks and what they may do; nothing until the second factor is proven."""
    session_id = StaffSessionId(request.user.session)
    async with edge.database.reading() as tx:
        standing = await agents.find_standing(tx, session_id, now=edge.clock.now())
    if standing is None:
        raise ProblemFound(problems.UNAUTHENTICATED)
    return MeView(
        staff_id=standing.agent.id,
        name=standing.agent.name,
        roles=standing.agent.roles,
        permissions=tuple(sorted(standing.permissions)),
    )


@post("/me/second-factor", status_code=200, opt=_OWN, summary="Set up your second factor")
async def offer(request: Asked, edge: TheEdge) -> SeedView:
    """Draw what an authenticator is set up with; it counts once a code of it was confirmed."""
    staff_id = staff_of(request)

    async def work(turn: Turn) -> str | Refused:
        return await agents.offer_factor(turn, staff_id, keys=edge.personal_keys)

    answer = await in_turn(edge, _shards(staff_id), actor_of(request), work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    # Source: the format that authenticators read (otpauth), with the defaults of RFC 6238.
    uri = f"otpauth://totp/pitboss:staff-{staff_id}?secret={answer}&issuer=pitboss"
    return SeedView(secret=answer, uri=uri)


@post(
    "/me/second-factor/confirmation",
    dto=StrictJson[StaffCodeBody],
    before_request=check_body,
    status_code=204,
    opt=_OWN,
    summary="Confirm your second factor",
)
async def confirm(request: Asked, edge: TheEdge, data: JSONBody[StaffCodeBody]) -> None:
    """Show a code of the authenticator; then log in again, with the next one."""
    staff_id = staff_of(request)

    async def work(turn: Turn) -> Refused | None:
        return await agents.confirm_factor(turn, staff_id, data.code, keys=edge.personal_keys)

    answer = await in_turn(edge, _shards(staff_id), actor_of(request), work)
    if answer is not None:
        raise ProblemFound(problem_of(answer.reason))


@get("/agents", opt=needs(Permission.SEE_AGENTS), summary="Everybody on staff")
async def show_agents(edge: TheEdge) -> AgentsView:
    """Show everybody who is or was staff, with their roles."""
    async with edge.database.reading() as tx:
        found = await agents.find_agents(tx)
    return AgentsView(
        agents=tuple(
            AgentView(staff_id=agent.id, name=agent.name, roles=agent.roles, status=agent.status)
            for agent in found
        )
    )


@get("/roles", opt=needs(Permission.SEE_AGENTS), summary="What each role permits")
async def show_roles(edge: TheEdge) -> RolesView:
    """Show every role and what it permits."""
    async with edge.database.reading() as tx:
        found = await agents.find_roles(tx)
    return RolesView(
        roles=tuple(
            RoleView(role=role, permissions=tuple(sorted(permissions)))
            for role, permissions in sorted(found.items())
        )
    )


async def _count(edge: Edge, request: Request[Any, Any, Any]) -> None:
    """Count a try from an address before it is made."""
    address = asked_from(request.scope, proxies_trusted=edge.proxies_trusted)
    if not await count_try(edge, f"staff {address}"):
        raise ProblemFound(TOO_MANY_LOGINS)


async def _let_in(edge: Edge, desk: PasswordDesk, body: StaffSessionBody) -> StaffSessionView:
    """Return a new session; a name that nobody has costs the same and hears the same words."""
    async with edge.database.reading() as tx:
        login = await agents.find_login(tx, body.name)
    right = await desk.verify(None if login is None else login.password_hash, body.password)
    if login is None:
        await in_turn(edge, [STAFF_SHARD], "staff:nobody", agents.note_stranger)
        raise ProblemFound(LOGIN_FAILED)
    attempt = LoginTry(
        staff_id=login.staff_id,
        right=right,
        session_id=StaffSessionId(new_id(edge.clock.now(), edge.entropy)),
        code=body.code,
    )

    async def work(turn: Turn) -> LoginAnswer:
        # Between the look and the turn the password may have been made void by an invitation.
        now_known = await agents.find_login(turn.tx, body.name)
        same = now_known is not None and now_known.password_hash == login.password_hash
        judged = attempt if same else _wrong(attempt)
        return await agents.judge(turn, judged, keys=edge.personal_keys)

    answer = await in_turn(edge, _shards(login.staff_id), f"staff:{login.staff_id}", work)
    if isinstance(answer, Refused):
        known = right and answer.reason in _TOLD
        raise ProblemFound(problem_of(answer.reason) if known else LOGIN_FAILED)
    session = answer.session
    token = edge.tokens.issue(session.staff_id, Role.STAFF, now=edge.wall.now(), session=session.id)
    return StaffSessionView(
        staff_id=session.staff_id,
        session_id=session.id,
        token=token.text,
        expires_at=write_instant(token.expires_at),
        proven=session.proven,
    )


def _wrong(attempt: LoginTry) -> LoginTry:
    return LoginTry(staff_id=attempt.staff_id, right=False, session_id=attempt.session_id)


async def _take(edge: Edge, desk: PasswordDesk, body: InvitationBody) -> None:
    """Store the password of whoever was invited."""
    halves = (body.first, body.second)
    async with edge.database.reading() as tx:
        staff_id = await agents.find_invited(tx, *halves, keys=edge.personal_keys)
    hashed = await desk.hash(body.password)
    if staff_id is None:
        raise ProblemFound(problem_of(Refusal.INVITATION_UNKNOWN))

    async def work(turn: Turn) -> Refused | None:
        return await agents.take_invitation(turn, staff_id, halves, hashed, keys=edge.personal_keys)

    answer = await in_turn(edge, [STAFF_SHARD], f"staff:{staff_id}", work)
    if answer is not None:
        raise ProblemFound(problem_of(answer.reason))


def _shards(staff_id: StaffId) -> list[Shard]:
    """Return the staff's shard, and the one where the seed of this agent lies."""
    return [STAFF_SHARD, shard_of(PlayerId(staff_id))]
