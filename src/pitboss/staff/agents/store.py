"""The SQL of agents."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import StaffId
from pitboss.kernel.shards import STAFF_SHARD
from pitboss.staff.agents.model import Agent, AgentStatus, Login, StaffSession, StaffSessionId

_AGENT = "a.staff_id, a.name, a.roles, a.status, a.added_at"
_SESSION = "s.session_id, s.staff_id, s.proven, s.opened_at, s.ends_at, s.ended_at, s.end_reason"
_LOGIN = (
    "staff_id, password_hash, invitation, invited_until, factor_active, last_step, failures,"
    " locked_until"
)


async def find_agents(tx: Transaction) -> list[Agent]:
    """Return everybody who was ever staff, in the order in which they came."""
    rows = await tx.fetch(
        f"SELECT {_AGENT} FROM staff_agent AS a WHERE shard = $1 ORDER BY added_at, staff_id",
        STAFF_SHARD,
    )
    return [_agent(row) for row in rows]


async def save_agent(tx: Transaction, agent: Agent) -> None:
    """Write an agent as they are now."""
    await tx.execute(
        "INSERT INTO staff_agent (shard, staff_id, name, roles, status, added_at)"
        " VALUES ($1, $2, $3, $4::text[], $5, $6) ON CONFLICT (shard, staff_id)"
        " DO UPDATE SET roles = excluded.roles, status = excluded.status",
        STAFF_SHARD,
        agent.id,
        agent.name,
        list(agent.roles),
        agent.status.value,
        agent.added_at,
    )


async def find_changed_roles(tx: Transaction) -> dict[str, list[str]]:
    """Return what those roles permit that were changed or added."""
    rows = await tx.fetch(
        "SELECT role, permissions FROM staff_role WHERE shard = $1 ORDER BY role", STAFF_SHARD
    )
    return {str(row["role"]): [str(item) for item in row["permissions"]] for row in rows}


async def save_role(tx: Transaction, role: str, permissions: Collection[str]) -> None:
    """Write what a role permits."""
    await tx.execute(
        "INSERT INTO staff_role (shard, role, permissions) VALUES ($1, $2, $3::text[])"
        " ON CONFLICT (shard, role) DO UPDATE SET permissions = excluded.permissions",
        STAFF_SHARD,
        role,
        list(permissions),
    )


async def find_session(
    tx: Transaction, session_id: StaffSessionId
) -> tuple[StaffSession, Agent] | None:
    """Return a session and whose it is, if there is one."""
    row = await tx.fetch_one(
        f"SELECT {_SESSION}, {_AGENT} FROM staff_session AS s"
        " JOIN staff_agent AS a USING (shard, staff_id) WHERE s.shard = $1 AND s.session_id = $2",
        STAFF_SHARD,
        session_id,
    )
    return None if row is None else (_session(row), _agent(row))


async def save_session(tx: Transaction, session: StaffSession) -> None:
    """Append a session that was opened."""
    await tx.execute(
        "INSERT INTO staff_session (shard, session_id, staff_id, proven, opened_at, ends_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        STAFF_SHARD,
        session.id,
        session.staff_id,
        session.proven,
        session.opened_at,
        session.ends_at,
    )


async def end_sessions(
    tx: Transaction,
    staff_id: StaffId,
    *,
    only: StaffSessionId | None,
    at: datetime,
    reason: str,
) -> list[StaffSessionId]:
    """Write that an agent's sessions have ended, or one of them; return which those were."""
    rows = await tx.fetch(
        "UPDATE staff_session SET ended_at = $3, end_reason = $4"
        " WHERE shard = $1 AND staff_id = $2 AND ended_at IS NULL"
        " AND ($5::uuid IS NULL OR session_id = $5) RETURNING session_id",
        STAFF_SHARD,
        staff_id,
        at,
        reason,
        only,
    )
    return sorted(StaffSessionId(str(row["session_id"])) for row in rows)


async def find_login(tx: Transaction, staff_id: StaffId) -> Login:
    """Return what an agent gets in with."""
    row = await tx.fetch_one(
        f"SELECT {_LOGIN} FROM staff_login WHERE shard = $1 AND staff_id = $2",
        STAFF_SHARD,
        staff_id,
    )
    return Login(staff_id=staff_id) if row is None else _login(row)


async def find_invited(tx: Transaction, invitation: bytes) -> Login | None:
    """Return whose invitation this is, if it is anybody's."""
    row = await tx.fetch_one(
        f"SELECT {_LOGIN} FROM staff_login WHERE shard = $1 AND invitation = $2",
        STAFF_SHARD,
        invitation,
    )
    return None if row is None else _login(row)


async def save_login(tx: Transaction, login: Login) -> None:
    """Write what an agent gets in with."""
    await tx.execute(
        f"INSERT INTO staff_login (shard, {_LOGIN})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (shard, staff_id)"
        " DO UPDATE SET password_hash = excluded.password_hash, invitation = excluded.invitation,"
        " invited_until = excluded.invited_until, factor_active = excluded.factor_active,"
        " last_step = excluded.last_step, failures = excluded.failures,"
        " locked_until = excluded.locked_until",
        STAFF_SHARD,
        login.staff_id,
        login.password_hash,
        login.invitation,
        login.invited_until,
        login.factor_active,
        login.last_step,
        login.failures,
        login.locked_until,
    )


async def delete_login(tx: Transaction, staff_id: StaffId) -> None:
    """Delete what an agent got in with."""
    await tx.execute(
        "DELETE FROM staff_login WHERE shard = $1 AND staff_id = $2", STAFF_SHARD, staff_id
    )


def _agent(row: asyncpg.Record) -> Agent:
    return Agent(
        id=StaffId(str(row["staff_id"])),
        name=str(row["name"]),
        roles=tuple(row["roles"]),
        status=AgentStatus(row["status"]),
        added_at=row["added_at"],
    )


def _session(row: asyncpg.Record) -> StaffSession:
    return StaffSession(
        id=StaffSessionId(str(row["session_id"])),
        staff_id=StaffId(str(row["staff_id"])),
        proven=row["proven"],
        opened_at=row["opened_at"],
        ends_at=row["ends_at"],
        ended_at=row["ended_at"],
        end_reason=row["end_reason"],
    )


def _login(row: asyncpg.Record) -> Login:
    fields = dict(row)
    fields["staff_id"] = StaffId(str(fields["staff_id"]))
    return Login(**fields)
