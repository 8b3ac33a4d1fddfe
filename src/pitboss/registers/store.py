"""The SQL of registers: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.jurisdictions.model import Moment, Register
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import SYSTEM_SHARD, Shard, shard_of
from pitboss.registers.model import Answer, Due, RegisterState, Silence, Standing

_COLUMNS = (
    "standing.shard, standing.player_id, register, answer, reference, moment, checked_at,"
    " silent_since, tries"
)


async def find_standings(tx: Transaction, player_ids: Collection[PlayerId]) -> list[Standing]:
    """Return all that registers have said of these players."""
    if not player_ids:
        return []
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM register_standing AS standing"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, id)"
        " ON standing.shard = wanted.shard AND standing.player_id = wanted.id",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    return [_standing(row) for row in rows]


async def save_standings(
    tx: Transaction, standings: Sequence[Standing], due_at: Sequence[datetime | None]
) -> None:
    """Write how players stand with a register now, and when it is asked about each next."""
    if not standings:
        return
    await tx.execute(
        "INSERT INTO register_standing (shard, player_id, register, answer, reference, moment,"
        " checked_at, silent_since, tries, due_at)"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::text[],"
        " $6::text[], $7::timestamptz[], $8::timestamptz[], $9::int[], $10::timestamptz[])"
        " ON CONFLICT (shard, player_id, register) DO UPDATE SET answer = excluded.answer,"
        " reference = excluded.reference, moment = excluded.moment,"
        " checked_at = excluded.checked_at, silent_since = excluded.silent_since,"
        " tries = excluded.tries, due_at = excluded.due_at, wanted = NULL",
        [item.shard for item in standings],
        [item.player_id for item in standings],
        [item.register.value for item in standings],
        [None if item.answer is None else item.answer.value for item in standings],
        [item.reference for item in standings],
        [item.moment.value for item in standings],
        [item.checked_at for item in standings],
        [item.silent_since for item in standings],
        [item.tries for item in standings],
        list(due_at),
    )


async def postpone(
    tx: Transaction,
    register: Register,
    player_ids: Collection[PlayerId],
    due_at: datetime | None,
) -> None:
    """Write when a register is asked about these players next; None: not by the loop."""
    await tx.execute(
        "UPDATE register_standing AS standing SET due_at = $4, tries = tries + 1"
        " FROM unnest($1::smallint[], $2::uuid[]) AS later (shard, id)"
        " WHERE standing.shard = later.shard AND standing.player_id = later.id AND register = $3",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
        register.value,
        due_at,
    )


async def want(
    tx: Transaction, player_ids: Collection[PlayerId], moment: Moment, at: datetime
) -> int:
    """Have the loop ask about these players soon, for this; return of how many it will."""
    rows = await tx.fetch(
        "UPDATE register_standing AS standing SET due_at = $3, wanted = $4"
        " FROM unnest($1::smallint[], $2::uuid[]) AS wish (shard, id)"
        " WHERE standing.shard = wish.shard AND standing.player_id = wish.id RETURNING 1",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
        at,
        moment.value,
    )
    return len(rows)


async def find_due_shards(
    tx: Transaction, shards: Collection[Shard], register: Register, *, at: datetime
) -> list[Shard]:
    """Return those of the shards in which somebody is to be asked about."""
    rows = await tx.fetch(
        "SELECT lane FROM unnest($1::smallint[]) AS lane"
        " WHERE EXISTS (SELECT FROM register_standing"
        "   WHERE shard = lane AND register = $2 AND due_at <= $3) ORDER BY lane",
        list(shards),
        register.value,
        at,
    )
    return [Shard(row["lane"]) for row in rows]


async def find_due(
    tx: Transaction, shard: Shard, register: Register, *, at: datetime, limit: int
) -> list[Due]:
    """Return players of a shard whom it is time to ask about; those longest overdue first."""
    rows = await tx.fetch(
        "SELECT standing.player_id, jurisdiction, coalesce(wanted, CASE WHEN silent_since IS NULL"
        " THEN 'daily' ELSE moment END) AS moment, tries"
        " FROM register_standing AS standing JOIN player ON player.shard = standing.shard"
        " AND player.player_id = standing.player_id"
        " WHERE standing.shard = $1 AND register = $2 AND due_at <= $3 AND status <> 'closed'"
        " ORDER BY due_at LIMIT $4",
        shard,
        register.value,
        at,
        limit,
    )
    return [_due(shard, row) for row in rows]


async def find_never_asked(
    tx: Transaction,
    shard: Shard,
    register: Register,
    licences: Collection[str],
    *,
    limit: int,
) -> list[Due]:
    """Return players of these licences whom a register was never asked about."""
    rows = await tx.fetch(
        "SELECT player_id, jurisdiction, 'daily' AS moment, 0 AS tries FROM player"
        " WHERE shard = $1 AND jurisdiction = ANY($3::text[]) AND status <> 'closed'"
        " AND NOT EXISTS (SELECT FROM register_standing AS standing"
        "   WHERE standing.shard = player.shard AND standing.player_id = player.player_id"
        "   AND register = $2) LIMIT $4",
        shard,
        register.value,
        list(licences),
        limit,
    )
    return [_due(shard, row) for row in rows]


async def find_pulse(tx: Transaction, register: Register) -> bool | None:
    """Return whether a register was up when that was last noted; None if it never was."""
    row = await tx.fetch_one(
        "SELECT up FROM register_pulse WHERE shard = $1 AND register = $2",
        SYSTEM_SHARD,
        register.value,
    )
    return None if row is None else bool(row["up"])


async def save_pulse(
    tx: Transaction, register: Register, *, up: bool, since: datetime, reason: Silence | None
) -> None:
    """Write how a register stands."""
    await tx.execute(
        "INSERT INTO register_pulse (shard, register, up, since, reason)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (shard, register)"
        " DO UPDATE SET up = $3, since = $4, reason = $5",
        SYSTEM_SHARD,
        register.value,
        up,
        since,
        None if reason is None else reason.value,
    )


async def find_states(tx: Transaction, *, at: datetime) -> list[RegisterState]:
    """Return how the registers stand of which anything is known."""
    rows = await tx.fetch(
        "SELECT coalesce(pulse.register, told.register) AS register, up, since, reason,"
        " coalesce(waiting, 0) AS waiting, coalesce(excluded, 0) AS excluded, answered_at"
        " FROM (SELECT * FROM register_pulse WHERE shard = $1) AS pulse"
        " FULL JOIN (SELECT register, max(checked_at) AS answered_at,"
        "   count(*) FILTER (WHERE due_at <= $2 OR silent_since IS NOT NULL) AS waiting,"
        "   count(*) FILTER (WHERE answer = 'excluded') AS excluded"
        "   FROM register_standing GROUP BY register) AS told"
        " ON told.register = pulse.register ORDER BY 1",
        SYSTEM_SHARD,
        at,
    )
    return [
        RegisterState(
            register=Register(row["register"]),
            up=row["up"],
            since=row["since"],
            reason=row["reason"],
            waiting=row["waiting"],
            excluded=row["excluded"],
            answered_at=row["answered_at"],
        )
        for row in rows
    ]


def _standing(row: asyncpg.Record) -> Standing:
    return Standing(
        shard=Shard(row["shard"]),
        player_id=PlayerId(str(row["player_id"])),
        register=Register(row["register"]),
        moment=Moment(row["moment"]),
        answer=None if row["answer"] is None else Answer(row["answer"]),
        reference=row["reference"],
        checked_at=row["checked_at"],
        silent_since=row["silent_since"],
        tries=row["tries"],
    )


def _due(shard: Shard, row: asyncpg.Record) -> Due:
    return Due(
        shard=shard,
        player_id=PlayerId(str(row["player_id"])),
        jurisdiction=row["jurisdiction"],
        moment=Moment(row["moment"]),
        tries=row["tries"],
    )
