"""What is told of agents.  Names of agents are those that they work under."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import StaffId


class AgentAdded(Fact, frozen=True, kw_only=True, tag="agent.added"):
    """Somebody became a member of staff; they get in once they were invited."""

    staff_id: StaffId
    name: str
    roles: tuple[str, ...]
    reason: str


class AgentRolesSet(Fact, frozen=True, kw_only=True, tag="agent.roles_set"):
    """A member of staff has other roles from now on, at the next request."""

    staff_id: StaffId
    before: tuple[str, ...]
    after: tuple[str, ...]
    reason: str


class AgentRemoved(Fact, frozen=True, kw_only=True, tag="agent.removed"):
    """A member of staff may do nothing any more, for ever."""

    staff_id: StaffId
    reason: str


class AgentInvited(Fact, frozen=True, kw_only=True, tag="agent.invited"):
    """A member of staff may choose a password, with a code; whatever they got in with is void."""

    staff_id: StaffId
    until: str
    reason: str


class InvitationTaken(Fact, frozen=True, kw_only=True, tag="agent.invitation_taken"):
    """Somebody who had the whole code chose the password of a member of staff."""

    staff_id: StaffId


class RoleChanged(Fact, frozen=True, kw_only=True, tag="staff_role.changed"):
    """A role permits something else from now on, to everybody who has it."""

    role: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    reason: str


class StaffSessionOpened(Fact, frozen=True, kw_only=True, tag="staff.session_opened"):
    """A member of staff logged in; unless `proven`, to set a second factor up and nothing else."""

    staff_id: StaffId
    session_id: str
    proven: bool
    ends_at: str


class StaffSessionEnded(Fact, frozen=True, kw_only=True, tag="staff.session_ended"):
    """A session of a member of staff ended: whoever holds its token is nobody from now on."""

    staff_id: StaffId
    session_id: str
    reason: str


class StaffLoginRefused(Fact, frozen=True, kw_only=True, tag="staff.login_refused"):
    """Somebody was not let in as a member of staff; `locked_until` if that locked the login."""

    staff_id: StaffId
    reason: str
    locked_until: str | None = None


class StaffStrangerRefused(Fact, frozen=True, kw_only=True, tag="staff.stranger_refused"):
    """Somebody tried a name that no member of staff has; it is not said which."""

    reason: str


class StaffFactorChanged(Fact, frozen=True, kw_only=True, tag="staff.factor_changed"):
    """A member of staff was offered a second factor, or confirmed it."""

    staff_id: StaffId
    change: str


# Every type of this room, for who reads facts.
FACTS = (
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
