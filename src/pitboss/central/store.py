"""The SQL of central files: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg

from pitboss.central.model import (
    Activity,
    ActivityState,
    CentralState,
    Deposit,
    DepositState,
    FiledDeposit,
    FiledLimit,
    Waiting,
)
from pitboss.db import Transaction
from pitboss.kernel.ids import PaymentId, PlayerId
from pitboss.kernel.shards import SYSTEM_SHARD, Shard, shard_of
from pitboss.registers.model import Silence

_DEPOSIT = "filed.shard, deposit_id, player_id, micros, currency, state, reference, tries"
_ACTIVITY = "activity.shard, activity_id, player_id, session_id, state, reference, tries"
# As the partial indices have them: what is not on these lists is never looked for.
_DEPOSIT_OPEN = "state IN ('wanted', 'silent', 'confirming', 'releasing')"


async def find_deposits(
    tx: Transaction, places: Collection[tuple[Shard, PaymentId]]
) -> dict[PaymentId, FiledDeposit]:
    """Return how these deposits stand with the limit file; of the others, nothing."""
    if not places:
        return {}
    rows = await tx.fetch(
        f"SELECT {_DEPOSIT} FROM central_deposit AS filed"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, id)"
        " ON filed.shard = wanted.shard AND filed.deposit_id = wanted.id",
        [shard for shard, _ in places],
        [deposit_id for _, deposit_id in places],
    )
    return {filed.deposit.id: filed for filed in map(_filed, rows)}


async def save_deposits(
    tx: Transaction,
    filed: Sequence[FiledDeposit],
    due_at: Sequence[datetime | None],
    *,
    now: datetime,
) -> None:
    """Write how deposits stand with the limit file now; without a time it is told at once."""
    if not filed:
        return
    await tx.execute(
        "INSERT INTO central_deposit (shard, deposit_id, player_id, micros, currency, state,"
        " reference, tries, due_at, since)"
        " SELECT shard, id, player, micros, currency, state, reference, tries,"
        "  coalesce(due_at, '-infinity'), $10"
        " FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[],"
        "  $7::text[], $8::int[], $9::timestamptz[])"
        " AS new (shard, id, player, micros, currency, state, reference, tries, due_at)"
        " ON CONFLICT (shard, deposit_id) DO UPDATE SET state = excluded.state,"
        " reference = excluded.reference, tries = excluded.tries, due_at = excluded.due_at,"
        # It waits from when the file was owed a word, however often that was tried in vain.
        " since = CASE WHEN central_deposit.state = excluded.state THEN central_deposit.since"
        "  ELSE excluded.since END",
        [item.deposit.shard for item in filed],
        [item.deposit.id for item in filed],
        [item.deposit.player_id for item in filed],
        [item.deposit.micros for item in filed],
        [item.deposit.currency for item in filed],
        [item.state.value for item in filed],
        [item.reference for item in filed],
        [item.tries for item in filed],
        list(due_at),
        now,
    )


async def find_due_deposits(tx: Transaction, *, at: datetime, limit: int) -> list[FiledDeposit]:
    """Return deposits of which the file is to be told now, the longest due first."""
    rows = await tx.fetch(
        f"SELECT {_DEPOSIT} FROM central_deposit AS filed"
        f" WHERE {_DEPOSIT_OPEN} AND due_at <= $1 ORDER BY due_at, deposit_id LIMIT $2",
        at,
        limit,
    )
    return [_filed(row) for row in rows]


async def find_waiting(tx: Transaction) -> Waiting:
    """Return how many deposits the file has yet to hear of, and since when the oldest."""
    (row,) = await tx.fetch(
        f"SELECT count(*) AS deposits, min(since) AS oldest_at FROM central_deposit"
        f" WHERE {_DEPOSIT_OPEN}"
    )
    return Waiting(deposits=row["deposits"], oldest_at=row["oldest_at"])


async def find_limits(tx: Transaction, player_ids: Collection[PlayerId]) -> list[FiledLimit]:
    """Return how these players' limits stand with the file; of the others, nothing."""
    rows = await tx.fetch(
        "SELECT filed.* FROM central_limit AS filed"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " USING (shard, player_id)",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    return [_limit(row) for row in rows]


async def find_due_limits(
    tx: Transaction, *, at: datetime, now: datetime, limit: int
) -> list[FiledLimit]:
    """Return limits of which the file is to be told now; `now` is the platform's time."""
    rows = await tx.fetch(
        "SELECT * FROM central_limit WHERE (state = 'wanted' OR counts_from <= $2)"
        " AND due_at <= $1 ORDER BY due_at, player_id LIMIT $3",
        at,
        now,
        limit,
    )
    return [_limit(row) for row in rows]


async def save_limit(tx: Transaction, filed: FiledLimit, due_at: datetime | None = None) -> None:
    """Write how a limit stands with the file now; without a time it is told at once."""
    await tx.execute(
        "INSERT INTO central_limit (shard, player_id, number, state, micros, counts_from, tries,"
        " due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, '-infinity'::timestamptz))"
        " ON CONFLICT (shard, player_id) DO UPDATE SET number = excluded.number,"
        " state = excluded.state, micros = excluded.micros, counts_from = excluded.counts_from,"
        " tries = excluded.tries, due_at = excluded.due_at",
        *(filed.shard, filed.player_id, filed.number, _written(filed), filed.micros),
        *(filed.counts_from, filed.tries, due_at),
    )


async def find_open(tx: Transaction, player_ids: Collection[PlayerId]) -> list[Activity]:
    """Return the times of these players that are not over."""
    if not player_ids:
        return []
    rows = await tx.fetch(
        f"SELECT {_ACTIVITY} FROM central_activity AS activity"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, id)"
        " ON activity.shard = wanted.shard AND activity.player_id = wanted.id"
        " WHERE state <> 'left'",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    return [_activity(row) for row in rows]


async def find_page(
    tx: Transaction, *, after: tuple[Shard, str] | None, limit: int
) -> list[Activity]:
    """Return a page of all times that are neither over nor told to be."""
    shard, activity_id = after or (Shard(-1), None)
    rows = await tx.fetch(
        f"SELECT {_ACTIVITY} FROM central_activity AS activity"
        " WHERE state IN ('asked', 'active', 'elsewhere')"
        " AND (shard > $1 OR (shard = $1 AND activity_id > $2::uuid))"
        " ORDER BY shard, activity_id LIMIT $3",
        shard,
        activity_id,
        limit,
    )
    return [_activity(row) for row in rows]


async def find_leaving(tx: Transaction, *, at: datetime, limit: int) -> list[Activity]:
    """Return times of which the file is to be told now that they are over."""
    rows = await tx.fetch(
        f"SELECT {_ACTIVITY} FROM central_activity AS activity"
        " WHERE state = 'leaving' AND due_at <= $1 ORDER BY due_at, activity_id LIMIT $2",
        at,
        limit,
    )
    return [_activity(row) for row in rows]


async def save_activities(
    tx: Transaction, activities: Sequence[Activity], *, since: datetime
) -> None:
    """Write how players stand with the activity file from now on."""
    await tx.execute(
        "INSERT INTO central_activity (shard, activity_id, player_id, session_id, state,"
        " reference, since)"
        " SELECT shard, id, player, session, state, reference, $7"
        " FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])"
        " AS new (shard, id, player, session, state, reference)"
        " ON CONFLICT (shard, activity_id) DO UPDATE SET state = excluded.state,"
        " reference = excluded.reference, since = excluded.since, due_at = excluded.due_at,"
        " tries = 0",
        [item.shard for item in activities],
        [item.id for item in activities],
        [item.player_id for item in activities],
        [item.session_id for item in activities],
        [item.state.value for item in activities],
        [item.reference for item in activities],
        since,
    )


async def postpone_leaving(tx: Transaction, activity: Activity, due_at: datetime) -> None:
    """Write when the file is told next that a time is over."""
    await tx.execute(
        "UPDATE central_activity SET due_at = $3, tries = tries + 1"
        " WHERE shard = $1 AND activity_id = $2",
        activity.shard,
        activity.id,
        due_at,
    )


async def find_pulse(tx: Transaction) -> bool | None:
    """Return whether the files answer, as was noted last."""
    rows = await tx.fetch("SELECT up FROM central_pulse WHERE shard = $1", SYSTEM_SHARD)
    return bool(rows[0]["up"]) if rows else None


async def save_pulse(tx: Transaction, *, up: bool, since: datetime, reason: Silence | None) -> None:
    """Write that the files answer, or do not any more."""
    await tx.execute(
        "INSERT INTO central_pulse (shard, up, since, reason) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (shard) DO UPDATE SET up = $2, since = $3, reason = $4",
        SYSTEM_SHARD,
        up,
        since,
        None if reason is None else reason.value,
    )


async def find_state(tx: Transaction) -> CentralState:
    """Return how the files stand, and for how many they are waited for."""
    (row,) = await tx.fetch(
        f"SELECT (SELECT count(*) FROM central_deposit WHERE {_DEPOSIT_OPEN}) AS waiting,"
        " (SELECT count(*) FROM central_activity WHERE state = 'active') AS active,"
        " pulse.up, pulse.since, pulse.reason"
        " FROM (SELECT) AS one LEFT JOIN central_pulse AS pulse ON pulse.shard = $1",
        SYSTEM_SHARD,
    )
    return CentralState(
        up=row["up"],
        since=row["since"],
        reason=None if row["reason"] is None else Silence(row["reason"]),
        waiting=row["waiting"],
        active=row["active"],
    )


def _filed(row: asyncpg.Record) -> FiledDeposit:
    return FiledDeposit(
        deposit=Deposit(
            shard=Shard(row["shard"]),
            id=PaymentId(str(row["deposit_id"])),
            player_id=PlayerId(str(row["player_id"])),
            micros=row["micros"],
            currency=row["currency"],
        ),
        state=DepositState(row["state"]),
        reference=row["reference"],
        tries=row["tries"],
    )


def _activity(row: asyncpg.Record) -> Activity:
    return Activity(
        shard=Shard(row["shard"]),
        id=str(row["activity_id"]),
        player_id=PlayerId(str(row["player_id"])),
        session_id=str(row["session_id"]),
        state=ActivityState(row["state"]),
        reference=row["reference"],
        tries=row["tries"],
    )


def _limit(row: asyncpg.Record) -> FiledLimit:
    return FiledLimit(
        shard=Shard(row["shard"]),
        player_id=PlayerId(str(row["player_id"])),
        number=row["number"],
        told=row["state"] == "told",
        micros=row["micros"],
        counts_from=row["counts_from"],
        tries=row["tries"],
    )


def _written(filed: FiledLimit) -> str:
    return "told" if filed.told else "wanted"
