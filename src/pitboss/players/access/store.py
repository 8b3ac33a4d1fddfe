"""The SQL of access."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players.access.model import (
    LoginState,
    Session,
    SessionId,
)

_SESSION = (
    "s.shard, s.session_id, s.player_id, opened_at, seen_at, ends_at, idle_seconds, device,"
    " ended_at, end_reason"
)

_WANTED = "unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id) CROSS JOIN LATERAL"
_OF_PLAYER = (
    "SELECT * FROM player_session WHERE shard = wanted.shard AND player_id = wanted.player_id"
)
# Of those that nobody ended there are ever more, so each kind is read from its own index: no
# session idles for longer than a day, as a constraint of the table says.
_OPEN_SINCE = (
    f"SELECT found.* FROM {_WANTED} ({_OF_PLAYER} AND ended_at IS NULL"
    "   AND seen_at > $3::timestamptz - interval '1 day'"
    "   AND seen_at + make_interval(secs => idle_seconds) > $3"
    "   AND coalesce(ends_at, 'infinity') > $3) AS found"
    f" UNION ALL SELECT found.* FROM {_WANTED} ({_OF_PLAYER} AND ended_at IS NULL"
    "   AND idle_seconds IS NULL AND coalesce(ends_at, 'infinity') > $3) AS found"
)
_ENDED_SINCE = (
    f"SELECT found.* FROM {_WANTED} ({_OF_PLAYER} AND ended_at > $3"
    "   AND ended_at IS NOT NULL) AS found"
)


async def find_state(tx: Transaction, player_id: PlayerId) -> LoginState:
    """Return how a player's login stands."""
    row = await tx.fetch_one(
        "SELECT failures, locked_at, locked_until, previous_login_at FROM player_login_state"
        " WHERE shard = $1 AND player_id = $2",
        shard_of(player_id),
        player_id,
    )
    return LoginState() if row is None else LoginState(**dict(row))


async def save_state(tx: Transaction, player_id: PlayerId, state: LoginState) -> None:
    """Write how a player's login stands."""
    await tx.execute(
        "INSERT INTO player_login_state (shard, player_id, failures, locked_at, locked_until,"
        " previous_login_at) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (shard, player_id) DO UPDATE SET failures = excluded.failures,"
        " locked_at = excluded.locked_at, locked_until = excluded.locked_until,"
        " previous_login_at = excluded.previous_login_at",
        shard_of(player_id),
        player_id,
        state.failures,
        state.locked_at,
        state.locked_until,
        state.previous_login_at,
    )


async def save_session(tx: Transaction, session: Session) -> None:
    """Append a session that was opened."""
    await tx.execute(
        "INSERT INTO player_session (shard, session_id, player_id, opened_at, seen_at, ends_at,"
        " idle_seconds, device) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        session.shard,
        session.id,
        session.player_id,
        session.opened_at,
        session.seen_at,
        session.ends_at,
        session.idle_seconds,
        session.device,
    )


async def find_open(tx: Transaction, player_id: PlayerId, *, since: datetime) -> list[Session]:
    """Return a player's sessions that nobody has ended and that were not over by then.

    The newest first.
    """
    rows = await tx.fetch(
        f"SELECT {_SESSION} FROM ({_OPEN_SINCE}) AS s ORDER BY opened_at DESC, session_id",
        [shard_of(player_id)],
        [player_id],
        since,
    )
    return [_session(row) for row in rows]


async def find_stays(
    tx: Transaction, places: Collection[tuple[Shard, PlayerId]], *, since: datetime
) -> list[Session]:
    """Return the sessions of these players that were not over by then."""
    rows = await tx.fetch(
        f"SELECT {_SESSION} FROM ({_OPEN_SINCE} UNION ALL {_ENDED_SINCE}) AS s",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
        since,
    )
    return [_session(row) for row in rows]


async def find_newest(tx: Transaction, player_id: PlayerId, *, limit: int) -> list[Session]:
    """Return a player's sessions, those that have ended included, the newest first."""
    rows = await tx.fetch(
        f"SELECT {_SESSION} FROM (SELECT * FROM player_session WHERE shard = $1 AND player_id = $2"
        "   AND ended_at IS NULL UNION ALL SELECT * FROM player_session WHERE shard = $1"
        "   AND player_id = $2 AND ended_at IS NOT NULL) AS s"
        " ORDER BY opened_at DESC, session_id LIMIT $3",
        shard_of(player_id),
        player_id,
        limit,
    )
    return [_session(row) for row in rows]


async def find_sessions(
    tx: Transaction, places: Sequence[tuple[Shard, SessionId]]
) -> dict[SessionId, Session]:
    """Return those of the sessions that there are."""
    rows = await tx.fetch(
        f"SELECT {_SESSION} FROM player_session AS s"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, session_id)"
        " ON s.shard = wanted.shard AND s.session_id = wanted.session_id",
        [shard for shard, _ in places],
        [session_id for _, session_id in places],
    )
    return {session.id: session for session in map(_session, rows)}


async def end_sessions(
    tx: Transaction, shard: Shard, session_ids: Collection[SessionId], *, at: datetime, reason: str
) -> None:
    """Write that these sessions have ended."""
    await tx.execute(
        "UPDATE player_session SET ended_at = $3, end_reason = $4"
        " WHERE shard = $1 AND session_id = ANY($2::uuid[]) AND ended_at IS NULL",
        shard,
        list(session_ids),
        at,
        reason,
    )


async def touch(
    tx: Transaction, places: Sequence[tuple[Shard, SessionId]], *, at: datetime
) -> None:
    """Write that these sessions were used; in one order, so that two processes cannot deadlock."""
    await tx.execute(
        "UPDATE player_session AS s SET seen_at = greatest(s.seen_at, $3)"
        " FROM (SELECT shard, session_id FROM player_session"
        "       JOIN unnest($1::smallint[], $2::uuid[]) AS used (shard, session_id)"
        "       USING (shard, session_id)"
        "       ORDER BY shard, session_id FOR UPDATE OF player_session) AS used"
        " WHERE s.shard = used.shard AND s.session_id = used.session_id",
        [shard for shard, _ in places],
        [session_id for _, session_id in places],
        at,
    )


async def count_attempt(
    tx: Transaction, address: bytes, *, now: datetime, window: timedelta
) -> int:
    """Count one more try from an address; return how many that makes in its window."""
    row = await tx.fetch_one(
        "INSERT INTO login_address AS known (address_digest, since, attempts) VALUES ($1, $2, 1)"
        " ON CONFLICT (address_digest) DO UPDATE SET"
        " attempts = CASE WHEN known.since + $3 <= $2 THEN 1 ELSE known.attempts + 1 END,"
        " since = CASE WHEN known.since + $3 <= $2 THEN $2 ELSE known.since END"
        " RETURNING attempts",
        address,
        now,
        window,
    )
    return 0 if row is None else int(row["attempts"])


async def forget_addresses(tx: Transaction, *, before: datetime, limit: int) -> None:
    """Forget some addresses whose window began by then; it waits for nobody."""
    await tx.execute(
        "DELETE FROM login_address WHERE address_digest IN (SELECT address_digest"
        " FROM login_address WHERE since <= $1 ORDER BY since LIMIT $2 FOR UPDATE SKIP LOCKED)",
        before,
        limit,
    )


async def unsay_attempt(tx: Transaction, address: bytes) -> None:
    """Count one try less from an address."""
    await tx.execute(
        "UPDATE login_address SET attempts = greatest(0, attempts - 1) WHERE address_digest = $1",
        address,
    )


def _session(row: asyncpg.Record) -> Session:
    fields = dict(row)
    fields["id"] = SessionId(str(fields.pop("session_id")))
    fields["player_id"] = PlayerId(str(fields["player_id"]))
    return Session(**fields)
