"""Writes of agents: inside the caller's turn of the staff's shard.

Whether somebody may ask for them is the caller's to know: `approvals` and the machine's owner.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId, StaffId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import STAFF_SHARD
from pitboss.kernel.totp import SEED_BYTES, read_seed, step_of, write_seed
from pitboss.messages import Turn
from pitboss.players import personal
from pitboss.players.personal.model import (
    Found,
    KeepRequest,
    PersonalKeys,
    Purpose,
    ReadRequest,
    SubjectId,
)
from pitboss.staff.agents.facts import (
    AgentAdded,
    AgentInvited,
    AgentRemoved,
    AgentRolesSet,
    InvitationTaken,
    RoleChanged,
    StaffFactorChanged,
    StaffLoginRefused,
    StaffSessionEnded,
    StaffSessionOpened,
    StaffStrangerRefused,
)
from pitboss.staff.agents.model import (
    ADMINISTRATOR,
    COUNTED,
    INVITATION_LIFE,
    NOTHING,
    TOTP_SEED,
    Agent,
    AgentAnswer,
    AgentStatus,
    LetIn,
    Login,
    LoginAnswer,
    LoginTry,
    Permission,
    Reason,
    Refusal,
    Refused,
    SessionEnd,
    StaffSessionId,
)

from . import rules, store
from .queries import find_roles

_STRANGERS = derived_id("staff.strangers")


async def add(
    turn: Turn,
    staff_id: StaffId,
    name: str,
    roles: Collection[str],
    reason: Reason,
    *,
    cause: str | None = None,
) -> AgentAnswer:
    """Add a member of staff, who gets in once they were invited.

    The same agent again, with the same name and roles, is there already.  `name` is one that no
    other active agent has.
    """
    agents = await _agents(turn)
    known = next((agent for agent in agents if agent.id == staff_id), None)
    wanted = _in_order(roles)
    if known is not None:
        same = (known.name, known.roles) == (name, wanted)
        return known if same else Refused(reason=Refusal.NAME_TAKEN)
    if any(agent.name == name and agent.status is AgentStatus.ACTIVE for agent in agents):
        return Refused(reason=Refusal.NAME_TAKEN)
    refusal = rules.refusal_of_roles(wanted, await find_roles(turn.tx))
    if refusal is not None:
        return Refused(reason=refusal)
    agent = Agent(
        id=staff_id, name=name, roles=wanted, status=AgentStatus.ACTIVE, added_at=turn.now
    )
    await store.save_agent(turn.tx, agent)
    fact = AgentAdded(staff_id=staff_id, name=name, roles=wanted, reason=reason)
    _publish(turn, staff_id, fact, cause)
    return agent


async def bootstrap(
    turn: Turn, staff_id: StaffId, name: str, roles: Collection[str]
) -> AgentAnswer:
    """Add an agent because the machine's owner says so, until two can add the others.

    From the second administrator on it takes both of them: see `approvals`.
    """
    if rules.can_approve(await _agents(turn)):
        return Refused(reason=Refusal.ENOUGH_ADMINISTRATORS)
    return await add(turn, staff_id, name, roles, Reason.BOOTSTRAP)


async def set_roles(
    turn: Turn,
    staff_id: StaffId,
    roles: Collection[str],
    reason: Reason,
    *,
    cause: str | None = None,
) -> AgentAnswer:
    """Give an agent these roles and no others, from the commit on.

    Never so that nobody is an administrator any more.  Asking again changes nothing.
    """
    agents = await _agents(turn)
    agent = _active(agents, staff_id)
    if agent is None:
        return Refused(reason=Refusal.UNKNOWN_AGENT)
    wanted = _in_order(roles)
    refusal = rules.refusal_of_roles(wanted, await find_roles(turn.tx))
    if refusal is None and rules.leaves_nobody(agents, staff_id, wanted):
        refusal = Refusal.LAST_ADMINISTRATOR
    if refusal is not None:
        return Refused(reason=refusal)
    if agent.roles == wanted:
        return agent
    after = replace(agent, roles=wanted)
    await store.save_agent(turn.tx, after)
    fact = AgentRolesSet(staff_id=staff_id, before=agent.roles, after=wanted, reason=reason)
    _publish(turn, staff_id, fact, cause)
    return after


async def remove(
    turn: Turn, staff_id: StaffId, reason: Reason, *, cause: str | None = None
) -> AgentAnswer:
    """Let an agent do nothing any more, for ever; the last administrator stays.

    Their sessions end, and what they got in with is gone.  Asking again changes nothing.
    """
    agents = await _agents(turn)
    agent = next((item for item in agents if item.id == staff_id), None)
    if agent is None:
        return Refused(reason=Refusal.UNKNOWN_AGENT)
    if agent.status is AgentStatus.REMOVED:
        return agent
    if rules.leaves_nobody(agents, staff_id, ()):
        return Refused(reason=Refusal.LAST_ADMINISTRATOR)
    after = replace(agent, roles=(), status=AgentStatus.REMOVED)
    await store.save_agent(turn.tx, after)
    await store.delete_login(turn.tx, staff_id)
    await _end(turn, staff_id, SessionEnd.REMOVED)
    _publish(turn, staff_id, AgentRemoved(staff_id=staff_id, reason=reason), cause)
    return after


async def change_role(
    turn: Turn,
    role: str,
    permissions: Collection[Permission],
    reason: Reason,
    *,
    cause: str | None = None,
) -> Refused | None:
    """Let a role permit this and nothing else; one that is new is added.

    That of administrators is never changed: else one of them could make it worth nothing.  Nor is
    that of programs.  Asking again changes nothing.
    """
    if role in rules.FIXED:
        return Refused(reason=Refusal.UNCHANGEABLE_ROLE)
    before = (await find_roles(turn.tx)).get(role)
    after = frozenset(permissions)
    if before == after:
        return None
    await store.save_role(turn.tx, role, sorted(after))
    fact = RoleChanged(
        role=role,
        before=tuple(sorted(before or NOTHING)),
        after=tuple(sorted(after)),
        reason=reason,
    )
    _publish(turn, derived_id("staff.role", role), fact, cause)
    return None


async def invite(
    turn: Turn,
    staff_id: StaffId,
    halves: tuple[str, str],
    reason: Reason,
    *,
    keys: PersonalKeys,
    cause: str | None = None,
) -> Refused | None:
    """Let whoever has both halves of a code choose the agent's password, for a day.

    What the agent got in with until now is void at once, and so are the sessions.
    """
    if _active(await _agents(turn), staff_id) is None:
        return Refused(reason=Refusal.UNKNOWN_AGENT)
    until = turn.now + INVITATION_LIFE
    digest = rules.invitation_digest(keys, *halves)
    await store.save_login(
        turn.tx, Login(staff_id=staff_id, invitation=digest, invited_until=until)
    )
    await _end(turn, staff_id, SessionEnd.INVITED)
    fact = AgentInvited(staff_id=staff_id, until=write_instant(until), reason=reason)
    _publish(turn, staff_id, fact, cause)
    return None


async def take_invitation(
    turn: Turn,
    staff_id: StaffId,
    halves: tuple[str, str],
    password_hash: str,
    *,
    keys: PersonalKeys,
) -> Refused | None:
    """Store the password of an agent who shows both halves of the code; it works once."""
    _ensure_turn(turn)
    login = await store.find_invited(turn.tx, rules.invitation_digest(keys, *halves))
    if (
        login is None
        or login.staff_id != staff_id
        or login.invited_until is None
        or turn.now >= login.invited_until
    ):
        return Refused(reason=Refusal.INVITATION_UNKNOWN)
    await store.save_login(turn.tx, Login(staff_id=staff_id, password_hash=password_hash))
    _publish(turn, staff_id, InvitationTaken(staff_id=staff_id))
    return None


async def judge(turn: Turn, attempt: LoginTry, *, keys: PersonalKeys) -> LoginAnswer:
    """Let somebody in as an agent, or not, and count it.

    Tries wait here for each other, so that of any number at once no more count than are allowed
    in a row.  The turn holds the agent's personal shard too.
    """
    if _active(await _agents(turn), attempt.staff_id) is None:
        return Refused(reason=Refusal.WRONG_PASSWORD)
    login = await store.find_login(turn.tx, attempt.staff_id)
    step = None
    if attempt.right and login.factor_active and attempt.code is not None:
        step = await _step(turn, login, attempt.code, keys)
    why = rules.refusal_to_enter(attempt, login, step=step, now=turn.now)
    after = rules.login_after(login, why, step=step, now=turn.now)
    if after != login:
        await store.save_login(turn.tx, after)
    if why is not None:
        locked = after.locked_until if why in COUNTED else None
        fact = StaffLoginRefused(
            staff_id=attempt.staff_id,
            reason=why,
            locked_until=None if locked is None else write_instant(locked),
        )
        _publish(turn, attempt.staff_id, fact)
        return Refused(reason=why)
    session = rules.new_session(attempt, proven=login.factor_active, now=turn.now)
    await store.save_session(turn.tx, session)
    opened = StaffSessionOpened(
        staff_id=session.staff_id,
        session_id=session.id,
        proven=session.proven,
        ends_at=write_instant(session.ends_at),
    )
    _publish(turn, session.staff_id, opened)
    return LetIn(session=session)


async def note_stranger(turn: Turn) -> None:
    """Tell that somebody tried a name that nobody has, at about the price of one that exists."""
    await _agents(turn)
    await store.find_login(turn.tx, StaffId(_STRANGERS))
    _publish(turn, _STRANGERS, StaffStrangerRefused(reason="unknown_name"))


async def end_session(turn: Turn, staff_id: StaffId, session_id: StaffSessionId) -> None:
    """End one session of an agent, who logs out; ending again changes nothing."""
    await _end(turn, staff_id, SessionEnd.LOGGED_OUT, only=session_id)


async def offer_factor(turn: Turn, staff_id: StaffId, *, keys: PersonalKeys) -> str | Refused:
    """Draw a TOTP seed and return it once, in base 32; it counts when a code of it was shown."""
    _ensure_turn(turn)
    login = await store.find_login(turn.tx, staff_id)
    if login.factor_active:
        return Refused(reason=Refusal.FACTOR_ACTIVE)
    text = write_seed(turn.entropy.random_bytes(SEED_BYTES))
    await personal.keep(
        turn, [KeepRequest(subject_id=_subject(staff_id), values={TOTP_SEED: text})], keys=keys
    )
    _publish(turn, staff_id, StaffFactorChanged(staff_id=staff_id, change="offered"))
    return text


async def confirm_factor(
    turn: Turn, staff_id: StaffId, code: str, *, keys: PersonalKeys
) -> Refused | None:
    """Make an offered factor count, if this is a code of it; the agent logs in again with it."""
    _ensure_turn(turn)
    login = await store.find_login(turn.tx, staff_id)
    if login.factor_active:
        return Refused(reason=Refusal.FACTOR_ACTIVE)
    step = await _step(turn, login, code, keys)
    if step is None:
        return Refused(reason=Refusal.WRONG_SECOND_FACTOR)
    await store.save_login(turn.tx, replace(login, factor_active=True, last_step=step))
    await _end(turn, staff_id, SessionEnd.FACTOR_CONFIRMED)
    _publish(turn, staff_id, StaffFactorChanged(staff_id=staff_id, change="confirmed"))
    return None


async def _step(turn: Turn, login: Login, code: str, keys: PersonalKeys) -> int | None:
    wish = ReadRequest(
        subject_id=_subject(login.staff_id), purpose=Purpose.AUTHENTICATION, paths=(TOTP_SEED,)
    )
    (found,) = await personal.read(turn, [wish], keys=keys)
    if not isinstance(found, Found) or TOTP_SEED not in found.values:
        return None
    seed = read_seed(found.values[TOTP_SEED])
    return step_of(seed, code, last_step=login.last_step, now=turn.now)


async def _end(
    turn: Turn, staff_id: StaffId, reason: SessionEnd, *, only: StaffSessionId | None = None
) -> None:
    _ensure_turn(turn)
    ended = await store.end_sessions(turn.tx, staff_id, only=only, at=turn.now, reason=reason)
    for session_id in ended:
        fact = StaffSessionEnded(staff_id=staff_id, session_id=session_id, reason=reason)
        _publish(turn, staff_id, fact)


async def _agents(turn: Turn) -> list[Agent]:
    _ensure_turn(turn)
    return await store.find_agents(turn.tx)


def _ensure_turn(turn: Turn) -> None:
    ensure(STAFF_SHARD in turn.heads, "agents are changed by who holds the staff's turn")


def _active(agents: Collection[Agent], staff_id: StaffId) -> Agent | None:
    found = (agent for agent in agents if agent.id == staff_id)
    return next((agent for agent in found if agent.status is AgentStatus.ACTIVE), None)


def _in_order(roles: Collection[str]) -> tuple[str, ...]:
    """Return roles in one order, each once; the administrator's first, as it weighs most."""
    return tuple(sorted(set(roles), key=lambda role: (role != ADMINISTRATOR, role)))


def _subject(staff_id: StaffId) -> SubjectId:
    """Return the agent as somebody whose data is kept, in the shard that the id falls into."""
    return SubjectId(PlayerId(staff_id))


def _publish(turn: Turn, stream: str, fact: Fact, cause: str | None = None) -> None:
    turn.publish(STAFF_SHARD, stream, fact, cause=cause)
