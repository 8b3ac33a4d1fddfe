"""The tables of agents, from facts alone; what anybody gets in with is in none."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.kernel.instants import parse_instant
from pitboss.staff.agents.facts import (
    AgentAdded,
    AgentRemoved,
    AgentRolesSet,
    RoleChanged,
    StaffSessionEnded,
    StaffSessionOpened,
)
from pitboss.staff.agents.model import AgentStatus

_ROLES, _STATUS = 2, 3
_ENDED_AT, _END_REASON = 5, 6


class AgentsFold(Fold):
    """Who is staff, with which roles, and who was logged in."""

    def __init__(self) -> None:
        self.agents = Table(
            "staff_agent",
            key=("staff_id",),
            columns=("staff_id", "name", "roles", "status", "added_at"),
        )
        self.roles = Table("staff_role", key=("role",), columns=("role", "permissions"))
        self.sessions = Table(
            "staff_session",
            key=("session_id",),
            columns=(
                *("session_id", "staff_id", "proven", "opened_at", "ends_at"),
                *("ended_at", "end_reason"),
            ),
        )
        super().__init__(self.agents, self.roles, self.sessions)
        self.takes = {
            AgentAdded: self._add,
            AgentRolesSet: self._set_roles,
            AgentRemoved: self._remove,
            RoleChanged: self._change_role,
            StaffSessionOpened: self._open,
            StaffSessionEnded: self._end,
        }

    def _add(self, fact: AgentAdded, told: Told) -> None:
        row = [fact.staff_id, fact.name, [*fact.roles], AgentStatus.ACTIVE, told.recorded_at]
        self.add_row(self.agents, row, told)

    def _set_roles(self, fact: AgentRolesSet, told: Told) -> None:
        agent = self.find_row(self.agents, fact.staff_id, told)
        if agent is not None:
            agent[_ROLES] = [*fact.after]

    def _remove(self, fact: AgentRemoved, told: Told) -> None:
        agent = self.find_row(self.agents, fact.staff_id, told)
        if agent is not None:
            agent[_ROLES], agent[_STATUS] = [], AgentStatus.REMOVED

    def _change_role(self, fact: RoleChanged, told: Told) -> None:
        self.roles.add([fact.role, [*fact.after]])

    def _open(self, fact: StaffSessionOpened, told: Told) -> None:
        ends_at = parse_instant(fact.ends_at, field="ends_at")
        row = [fact.session_id, fact.staff_id, fact.proven, told.recorded_at, ends_at, None, None]
        self.add_row(self.sessions, row, told)

    def _end(self, fact: StaffSessionEnded, told: Told) -> None:
        session = self.find_row(self.sessions, fact.session_id, told)
        if session is not None:
            session[_ENDED_AT], session[_END_REASON] = told.recorded_at, fact.reason
