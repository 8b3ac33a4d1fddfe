"""Addresses that read a body; those of agents, approvals, cases and notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pitboss.api.agents import InvitationBody, StaffCodeBody, StaffSessionBody
from pitboss.api.approvals import (
    AdjustmentBody,
    AgentBody,
    AgentRolesBody,
    LimitOverrideBody,
    NewAgentBody,
    RefusalBody,
    ReinstatementBody,
    RoleBody,
)
from pitboss.api.cases import AssignmentBody, ClosureBody, NoteBody, NotesBody
from pitboss.api.tokens import Role
from pitboss.api.wire import Body
from pitboss.kernel.ids import derived_id

NOBODY = f"/v1/staff/players/{derived_id('nobody')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An address that reads a body: who may ask, whether with a key, and a body that is good."""

    path: str
    kind: type[Body]
    sample: Mapping[str, Any]
    role: Role | None
    keyed: bool = False
    # Whether it takes an agent who is logged in, and not just a program.
    person: bool = False
    method: str = "POST"

    @property
    def route(self) -> str:
        """The address as the document describes it."""
        path = self.path.replace(NOBODY, "/v1/staff/players/{player_id}")
        path = path.replace("/limits/stake/day", "/limits/{kind}/{period}")
        path = path.replace("/marketing/email", "/marketing/{channel}")
        path = path.replace(f"/cases/{derived_id('nobody')}", "/cases/{case_id}")
        path = path.replace(f"/approvals/{derived_id('nobody')}", "/approvals/{approval_id}")
        return path.replace("/security-keys/a2V5/", "/security-keys/{credential}/")


STAFF_DOORS = (
    Door(
        path="/v1/staff/sessions",
        kind=StaffSessionBody,
        sample={"name": "nobody", "password": "correct horse", "code": "123456"},
        role=None,
    ),
    Door(
        path="/v1/staff/invitations",
        kind=InvitationBody,
        sample={"first": "ABCD", "second": "EFGH", "password": "correct horse battery"},
        role=None,
    ),
    Door(
        path="/v1/staff/me/second-factor/confirmation",
        kind=StaffCodeBody,
        sample={"code": "123456"},
        role=Role.STAFF,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/adjustment",
        kind=AdjustmentBody,
        sample={
            "player_id": derived_id("nobody"),
            "amount": "1.00",
            "currency": "EUR",
            "direction": "to_player",
            "why": "goodwill",
        },
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/limit-override",
        kind=LimitOverrideBody,
        sample={
            "player_id": derived_id("nobody"),
            "kind": "deposit",
            "period": "month",
            "amount": "2000.00",
            "currency": "EUR",
            "ground": "income_check",
            "why": "income_checked",
        },
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/reinstatement",
        kind=ReinstatementBody,
        sample={"player_id": derived_id("nobody"), "why": "mistake"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/agent",
        kind=NewAgentBody,
        sample={"name": "zoe", "roles": ["support"], "why": "joined"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/roles",
        kind=AgentRolesBody,
        sample={"staff_id": derived_id("no agent"), "roles": ["support"], "why": "joined"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/removal",
        kind=AgentBody,
        sample={"staff_id": derived_id("no agent"), "why": "left"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/invitation",
        kind=AgentBody,
        sample={"staff_id": derived_id("no agent"), "why": "security"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/role",
        kind=RoleBody,
        sample={"role": "some_role", "permissions": ["figures.see"], "why": "security"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path=f"/v1/staff/approvals/{derived_id('nobody')}/refusal",
        kind=RefusalBody,
        sample={"why": "not_justified"},
        role=Role.STAFF,
        person=True,
    ),
    Door(
        path=f"{NOBODY}/notes",
        kind=NoteBody,
        sample={"text": "was asked to call back", "case_id": derived_id("nobody")},
        role=Role.STAFF,
        keyed=True,
    ),
    Door(
        path=f"{NOBODY}/notes/reading",
        kind=NotesBody,
        sample={"purpose": "support", "case_id": derived_id("nobody")},
        role=Role.STAFF,
    ),
    Door(
        path=f"/v1/staff/cases/{derived_id('nobody')}/assignment",
        kind=AssignmentBody,
        sample={"to": derived_id("nobody"), "why": "on_duty"},
        role=Role.STAFF,
    ),
    Door(
        path=f"/v1/staff/cases/{derived_id('nobody')}/closure",
        kind=ClosureBody,
        sample={"outcome": "no_concern"},
        role=Role.STAFF,
    ),
)
