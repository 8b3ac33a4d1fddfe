"""What roles permit, which changes of them there can be, and who is let in.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from pitboss.players.personal.model import PersonalKeys
from pitboss.staff.agents.model import (
    ADMINISTRATOR,
    BUILTIN,
    COUNTED,
    FAILURES_MAX,
    LOCKED_FOR,
    NOTHING,
    SERVICE,
    SESSION_LIFE,
    Agent,
    AgentStatus,
    Login,
    LoginTry,
    Permission,
    Refusal,
    StaffSession,
)

# Nobody makes the first worth nothing, nor gives programs what takes a person.
FIXED = frozenset({ADMINISTRATOR, SERVICE})

Roles = Mapping[str, frozenset[Permission]]


def all_roles(changed: Mapping[str, Iterable[str]]) -> dict[str, frozenset[Permission]]:
    """Return every role with what it permits: the changed ones as they are stored.

    What nobody knows any more permits nothing.  Fixed roles are as the code has them, whatever
    is stored.
    """
    known = {permission.value for permission in Permission}
    stored = {
        role: frozenset(Permission(item) for item in permissions if item in known)
        for role, permissions in changed.items()
    }
    return {**BUILTIN, **stored, **{role: BUILTIN[role] for role in FIXED}}


def permissions_of(agent: Agent, roles: Roles) -> frozenset[Permission]:
    """Return all that an agent may do: what any of the roles permits, and nothing else."""
    if agent.status is not AgentStatus.ACTIVE:
        return NOTHING
    return NOTHING.union(*(roles.get(role, NOTHING) for role in agent.roles))


def refusal_of_roles(wanted: Collection[str], roles: Roles) -> Refusal | None:
    """Return why somebody cannot have these roles; that of programs is no person's."""
    return Refusal.UNKNOWN_ROLE if {*wanted} - roles.keys() or SERVICE in wanted else None


def leaves_nobody(agents: Iterable[Agent], staff_id: str, after: Collection[str]) -> bool:
    """Say whether with these roles the last administrator would be none any more."""
    chiefs = {
        agent.id
        for agent in agents
        if agent.status is AgentStatus.ACTIVE and ADMINISTRATOR in agent.roles
    }
    return chiefs == {staff_id} and ADMINISTRATOR not in after


def can_approve(agents: Iterable[Agent]) -> bool:
    """Say whether there are two administrators, who can approve what the other asks for."""
    found = [
        agent
        for agent in agents
        if agent.status is AgentStatus.ACTIVE and ADMINISTRATOR in agent.roles
    ]
    return len(found) > 1


def refusal_to_enter(
    attempt: LoginTry, login: Login, *, step: int | None, now: datetime
) -> Refusal | None:
    """Return why somebody is not let in, if so.

    Whoever has no second factor yet is let in without: their session permits to set one up.
    """
    if login.is_locked(now):
        return Refusal.LOGIN_LOCKED
    if not attempt.right:
        return Refusal.WRONG_PASSWORD
    if login.factor_active and step is None:
        asked = attempt.code is None
        return Refusal.SECOND_FACTOR_NEEDED if asked else Refusal.WRONG_SECOND_FACTOR
    return None


def login_after(login: Login, why: Refusal | None, *, step: int | None, now: datetime) -> Login:
    """Return how a login stands after a try: failures add up until somebody is let in."""
    if why is None:
        used = login.last_step if step is None else step
        return replace(login, failures=0, locked_until=None, last_step=used)
    if why not in COUNTED:
        return login
    failures = (0 if login.locked_until is not None else login.failures) + 1
    locked = now + LOCKED_FOR if failures >= FAILURES_MAX else None
    return replace(login, failures=failures, locked_until=locked)


def new_session(attempt: LoginTry, *, proven: bool, now: datetime) -> StaffSession:
    """Return the session of somebody who is let in."""
    return StaffSession(
        id=attempt.session_id,
        staff_id=attempt.staff_id,
        proven=proven,
        opened_at=now,
        ends_at=now + SESSION_LIFE,
    )


def invitation_digest(keys: PersonalKeys, first: str, second: str) -> bytes:
    """Return what is stored of an invitation: both halves, which two people were shown."""
    return keys.digest("staff.invitation", f"{_plain(first)}\x00{_plain(second)}".encode())


def _plain(half: str) -> str:
    return half.replace("-", "").replace(" ", "").upper()[:64]
