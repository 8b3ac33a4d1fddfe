"""Reads of agents."""

from __future__ import annotations

from datetime import datetime

from pitboss.db import Transaction
from pitboss.kernel.ids import StaffId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import STAFF_SHARD
from pitboss.messages import Turn
from pitboss.players.personal.model import PersonalKeys
from pitboss.staff.agents.model import (
    NOTHING,
    Agent,
    AgentStatus,
    Login,
    Permission,
    StaffSessionId,
    Standing,
)

from . import rules, store


async def find_agents(tx: Transaction) -> list[Agent]:
    """Return everybody who was ever staff, the first one first."""
    return await store.find_agents(tx)


async def find_roles(tx: Transaction) -> dict[str, frozenset[Permission]]:
    """Return every role there is with what it permits."""
    return rules.all_roles(await store.find_changed_roles(tx))


async def find_login(tx: Transaction, name: str) -> Login | None:
    """Return what an active agent of this name gets in with; None if nobody has it."""
    for agent in await store.find_agents(tx):
        if agent.name == name and agent.status is AgentStatus.ACTIVE:
            return await store.find_login(tx, agent.id)
    return None


async def find_invited(
    tx: Transaction, first: str, second: str, *, keys: PersonalKeys
) -> StaffId | None:
    """Return who is invited by these two halves of a code; None if nobody is, or was."""
    login = await store.find_invited(tx, rules.invitation_digest(keys, first, second))
    return None if login is None else login.staff_id


async def find_standing(
    tx: Transaction, session_id: StaffSessionId, *, now: datetime
) -> Standing | None:
    """Return who asks in this session and what they may do at this moment; None if nobody may.

    Until the second factor is proven that is nothing.  Roles are looked up anew each time, so a
    role that was taken away is away at the next request.
    """
    found = await store.find_session(tx, session_id)
    if found is None or not found[0].is_live(now) or found[1].status is not AgentStatus.ACTIVE:
        return None
    session, agent = found
    if not session.proven:
        return Standing(agent=agent, permissions=NOTHING)
    roles = await find_roles(tx)
    return Standing(agent=agent, permissions=rules.permissions_of(agent, roles))


async def lock_standing(turn: Turn, staff_id: StaffId) -> Standing | None:
    """Return what an agent may do, as the last word: the turn holds the staff's shard."""
    ensure(STAFF_SHARD in turn.heads, "who may do what is the last word in the staff's turn")
    for agent in await store.find_agents(turn.tx):
        if agent.id == staff_id:
            roles = await find_roles(turn.tx)
            return Standing(agent=agent, permissions=rules.permissions_of(agent, roles))
    return None
