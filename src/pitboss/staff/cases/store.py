"""The SQL of cases."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId, StaffId
from pitboss.kernel.shards import STAFF_SHARD
from pitboss.staff.cases.model import Case, CaseId, Marker, Outcome, Signal, State

_CASE = (
    "case_id, player_id, marker, value, opened_at, seen_at, state, assigned_to, closed_at, outcome"
)
Key = tuple[PlayerId, Marker]


async def lock_position(tx: Transaction) -> int:
    """Return the position of the fact to read next; whoever asks too waits until we are done."""
    row = await tx.fetch_one("SELECT position FROM case_reader FOR UPDATE")
    return 0 if row is None else int(row["position"])


async def move_position(tx: Transaction, position: int) -> None:
    """Note which fact is to be read next."""
    await tx.execute("UPDATE case_reader SET position = $1", position)


async def save_signals(tx: Transaction, signals: Sequence[Signal]) -> None:
    """Keep signals; one that is kept already stays."""
    await tx.execute(
        "INSERT INTO case_signal (player_id, marker, key, at, weight)"
        " SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[])"
        " ON CONFLICT DO NOTHING",
        [item.player_id for item in signals],
        [item.marker.value for item in signals],
        [item.key for item in signals],
        [item.at for item in signals],
        [item.weight for item in signals],
    )


async def forget_signals(tx: Transaction, keys: Collection[Key], *, before: datetime) -> None:
    """Delete signals of these that are too old to count."""
    await tx.execute(
        "DELETE FROM case_signal USING unnest($1::uuid[], $2::text[]) AS old (player, mark)"
        " WHERE player_id = player AND marker = mark AND at < $3",
        [player_id for player_id, _ in keys],
        [marker.value for _, marker in keys],
        before,
    )


async def find_signals(tx: Transaction, keys: Collection[Key]) -> dict[Key, list[Signal]]:
    """Return the signals of these players and markers, in order of time."""
    rows = await tx.fetch(
        "SELECT player_id, marker, key, at, weight FROM case_signal"
        " JOIN unnest($1::uuid[], $2::text[]) AS wanted (player, mark)"
        " ON player_id = player AND marker = mark ORDER BY at, length(key), key",
        [player_id for player_id, _ in keys],
        [marker.value for _, marker in keys],
    )
    found: dict[Key, list[Signal]] = {}
    for row in rows:
        signal = Signal(
            player_id=PlayerId(str(row["player_id"])),
            marker=Marker(row["marker"]),
            key=row["key"],
            at=row["at"],
            weight=row["weight"],
        )
        found.setdefault((signal.player_id, signal.marker), []).append(signal)
    return found


async def find_newest(tx: Transaction, keys: Collection[Key]) -> dict[Key, Case]:
    """Return the newest case of each of these players and markers, if there is one."""
    rows = await tx.fetch(
        f"SELECT DISTINCT ON (player_id, marker) {_CASE} FROM staff_case"
        " JOIN unnest($2::uuid[], $3::text[]) AS wanted (player, mark)"
        " ON player_id = player AND marker = mark WHERE shard = $1"
        " ORDER BY player_id, marker, opened_at DESC, state DESC",
        STAFF_SHARD,
        [player_id for player_id, _ in keys],
        [marker.value for _, marker in keys],
    )
    return {(case.player_id, case.marker): case for case in map(_case, rows)}


async def find_case(tx: Transaction, case_id: CaseId) -> Case | None:
    """Return a case, if there is one."""
    row = await tx.fetch_one(
        f"SELECT {_CASE} FROM staff_case WHERE shard = $1 AND case_id = $2", STAFF_SHARD, case_id
    )
    return None if row is None else _case(row)


async def find_cases(
    tx: Transaction, *, state: State | None, assigned_to: StaffId | None, limit: int
) -> list[Case]:
    """Return the newest cases, of this state and of this agent if that is asked for."""
    rows = await tx.fetch(
        f"SELECT {_CASE} FROM staff_case WHERE shard = $1 AND ($2::text IS NULL OR state = $2)"
        " AND ($3::uuid IS NULL OR assigned_to = $3) ORDER BY opened_at DESC, case_id LIMIT $4",
        STAFF_SHARD,
        None if state is None else state.value,
        assigned_to,
        limit,
    )
    return [_case(row) for row in rows]


async def save_case(tx: Transaction, case: Case) -> None:
    """Write a case as it stands."""
    await tx.execute(
        f"INSERT INTO staff_case (shard, {_CASE})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " ON CONFLICT (shard, case_id) DO UPDATE SET value = excluded.value,"
        " seen_at = excluded.seen_at, state = excluded.state,"
        " assigned_to = excluded.assigned_to, closed_at = excluded.closed_at,"
        " outcome = excluded.outcome",
        STAFF_SHARD,
        case.id,
        case.player_id,
        case.marker.value,
        case.value,
        case.opened_at,
        case.seen_at,
        case.state.value,
        case.assigned_to,
        case.closed_at,
        None if case.outcome is None else case.outcome.value,
    )


def _case(row: asyncpg.Record) -> Case:
    to, outcome = row["assigned_to"], row["outcome"]
    return Case(
        id=CaseId(str(row["case_id"])),
        player_id=PlayerId(str(row["player_id"])),
        marker=Marker(row["marker"]),
        value=row["value"],
        opened_at=row["opened_at"],
        seen_at=row["seen_at"],
        state=State(row["state"]),
        assigned_to=None if to is None else StaffId(str(to)),
        closed_at=row["closed_at"],
        outcome=None if outcome is None else Outcome(outcome),
    )
