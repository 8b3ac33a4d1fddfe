"""The SQL of breaks: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.responsible.breaks.model import (
    Interval,
    Place,
    RealityCheck,
    Reply,
    Start,
    State,
    Totals,
)


async def find_states(tx: Transaction, places: Collection[Place]) -> dict[str, State]:
    """Return what is known of the checks of these sessions, of each one, by its id."""
    rows = await tx.fetch(
        "SELECT wanted.shard, wanted.player_id, wanted.session_id, chosen.player_id IS NOT NULL"
        " AS chose, minutes, set_at, due_at, reply, answered_at"
        " FROM unnest($1::smallint[], $2::uuid[], $3::uuid[])"
        "   AS wanted (shard, player_id, session_id)"
        " LEFT JOIN reality_check_interval AS chosen"
        "   ON chosen.shard = wanted.shard AND chosen.player_id = wanted.player_id"
        " LEFT JOIN reality_check AS newest ON newest.shard = wanted.shard"
        "   AND newest.session_id = wanted.session_id AND newest.player_id = wanted.player_id",
        [shard_of(player_id) for player_id, _ in places],
        [player_id for player_id, _ in places],
        [session_id for _, session_id in places],
    )
    return {str(row["session_id"]): _state(row) for row in rows}


async def find_interval(tx: Transaction, player_id: PlayerId) -> Interval | None:
    """Return how often a player wants a reality check, if that was ever said."""
    row = await tx.fetch_one(
        "SELECT minutes, set_at FROM reality_check_interval WHERE shard = $1 AND player_id = $2",
        shard_of(player_id),
        player_id,
    )
    if row is None:
        return None
    return Interval(
        shard=shard_of(player_id),
        player_id=player_id,
        minutes=row["minutes"],
        set_at=row["set_at"],
    )


async def save_interval(tx: Transaction, interval: Interval) -> None:
    """Write how often a player wants a reality check."""
    await tx.execute(
        "INSERT INTO reality_check_interval (shard, player_id, minutes, set_at)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (shard, player_id)"
        " DO UPDATE SET minutes = excluded.minutes, set_at = excluded.set_at",
        interval.shard,
        interval.player_id,
        interval.minutes,
        interval.set_at,
    )


async def save_check(tx: Transaction, check: RealityCheck) -> None:
    """Write the newest check of a session over the one before."""
    await tx.execute(
        "INSERT INTO reality_check (shard, session_id, player_id, due_at, reply, answered_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (shard, session_id)"
        " DO UPDATE SET due_at = excluded.due_at, reply = excluded.reply,"
        " answered_at = excluded.answered_at",
        check.shard,
        check.session_id,
        check.player_id,
        check.due_at,
        check.reply.value,
        check.answered_at,
    )


async def save_start(tx: Transaction, start: Start) -> None:
    """Append a session's first moment."""
    await tx.execute(
        "INSERT INTO session_start (shard, session_id, player_id, opened_at, staked, settled,"
        " returned, deposited, withdrawn) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        start.shard,
        start.session_id,
        start.player_id,
        start.opened_at,
        *start.before.amounts,
    )


async def find_start(tx: Transaction, place: Place) -> Start | None:
    """Return a session's first moment, if it is this player's."""
    player_id, session_id = place
    row = await tx.fetch_one(
        f"SELECT {_START} FROM session_start"
        " WHERE shard = $1 AND session_id = $2 AND player_id = $3",
        shard_of(player_id),
        session_id,
        player_id,
    )
    return None if row is None else _start(row)


async def find_next_start(tx: Transaction, player_id: PlayerId, after: datetime) -> Start | None:
    """Return the first moment of the player's first session that began then or later."""
    row = await tx.fetch_one(
        f"SELECT {_START} FROM session_start WHERE shard = $1 AND player_id = $2"
        " AND opened_at >= $3 ORDER BY opened_at, session_id LIMIT 1",
        shard_of(player_id),
        player_id,
        after,
    )
    return None if row is None else _start(row)


_START = "shard, session_id, player_id, opened_at, staked, settled, returned, deposited, withdrawn"


def _start(row: asyncpg.Record) -> Start:
    return Start(
        shard=Shard(row["shard"]),
        session_id=str(row["session_id"]),
        player_id=PlayerId(str(row["player_id"])),
        opened_at=row["opened_at"],
        before=Totals(
            staked=row["staked"],
            settled=row["settled"],
            returned=row["returned"],
            deposited=row["deposited"],
            withdrawn=row["withdrawn"],
        ),
    )


def _state(row: asyncpg.Record) -> State:
    shard, player_id = Shard(row["shard"]), PlayerId(str(row["player_id"]))
    chosen = newest = None
    if row["chose"]:
        chosen = Interval(
            shard=shard, player_id=player_id, minutes=row["minutes"], set_at=row["set_at"]
        )
    if row["due_at"] is not None:
        newest = RealityCheck(
            shard=shard,
            session_id=str(row["session_id"]),
            player_id=player_id,
            due_at=row["due_at"],
            reply=Reply(row["reply"]),
            answered_at=row["answered_at"],
        )
    return State(player_id=player_id, interval=chosen, newest=newest)
