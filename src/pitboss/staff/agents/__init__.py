"""Agents: members of staff with a login of their own, roles, and what each of them may do."""

from pitboss.staff.agents.operations import (
    add,
    bootstrap,
    change_role,
    confirm_factor,
    end_session,
    invite,
    judge,
    note_stranger,
    offer_factor,
    remove,
    set_roles,
    take_invitation,
)
from pitboss.staff.agents.queries import (
    find_agents,
    find_invited,
    find_login,
    find_roles,
    find_standing,
    lock_standing,
)

__all__ = [
    "add",
    "bootstrap",
    "change_role",
    "confirm_factor",
    "end_session",
    "find_agents",
    "find_invited",
    "find_login",
    "find_roles",
    "find_standing",
    "invite",
    "judge",
    "lock_standing",
    "note_stranger",
    "offer_factor",
    "remove",
    "set_roles",
    "take_invitation",
]
