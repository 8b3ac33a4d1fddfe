"""The SQL of verification: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players.verification.model import (
    Check,
    CheckId,
    CheckNews,
    CheckState,
    NewsRefusal,
    Postponement,
    Verification,
    VerificationState,
)

_COLUMNS = (
    "verification_check.shard, verification_check.check_id, player_id, provider, state, reference,"
    " reason, documents, valid_until, requested_at, closed_at, attempts"
)


async def find_verifications(
    tx: Transaction, player_ids: Collection[PlayerId]
) -> dict[PlayerId, Verification]:
    """Return how those of the players stand at whom anybody has looked."""
    rows = await tx.fetch(
        "SELECT known.player_id, state, since, check_id, valid_until"
        " FROM player_verification AS known"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " ON known.shard = wanted.shard AND known.player_id = wanted.player_id",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    return {
        (player_id := PlayerId(str(row["player_id"]))): Verification(
            player_id=player_id,
            state=VerificationState(row["state"]),
            since=row["since"],
            check_id=CheckId(str(row["check_id"])),
            valid_until=row["valid_until"],
        )
        for row in rows
    }


async def save_verifications(tx: Transaction, standings: Sequence[Verification]) -> None:
    """Write how players stand now."""
    if not standings:
        return
    await tx.execute(
        "INSERT INTO player_verification (shard, player_id, state, since, check_id, valid_until)"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::timestamptz[],"
        "   $5::uuid[], $6::timestamptz[]) AS n (shard, player_id, state, since, check_id, until)"
        " ORDER BY player_id ON CONFLICT (shard, player_id) DO UPDATE SET state = excluded.state,"
        " since = excluded.since, check_id = excluded.check_id, valid_until = excluded.valid_until",
        [shard_of(item.player_id) for item in standings],
        [item.player_id for item in standings],
        [item.state.value for item in standings],
        [item.since for item in standings],
        [item.check_id for item in standings],
        [item.valid_until for item in standings],
    )


async def find_checks(
    tx: Transaction, places: Iterable[tuple[Shard, CheckId]]
) -> dict[CheckId, Check]:
    """Return those of the checks that there are."""
    wanted = list(places)
    if not wanted:
        return {}
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM verification_check"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, check_id)"
        " ON verification_check.shard = wanted.shard"
        " AND verification_check.check_id = wanted.check_id",
        [shard for shard, _ in wanted],
        [check_id for _, check_id in wanted],
    )
    return {check.id: check for check in map(_check, rows)}


async def find_shards(tx: Transaction, check_ids: Collection[CheckId]) -> dict[CheckId, Shard]:
    """Return in which shard each of these checks is, of those that there are.

    Checks are few, and only news of one comes without saying whose it is.
    """
    rows = await tx.fetch(
        "SELECT check_id, shard FROM verification_check"
        " WHERE check_id = ANY($1::uuid[]) AND shard >= 0",
        list(check_ids),
    )
    return {CheckId(str(row["check_id"])): row["shard"] for row in rows}


async def find_due(
    tx: Transaction, shards: Sequence[Shard], provider: str, *, at: datetime, limit: int
) -> list[Check]:
    """Return open checks whose time has come, the longest waiting first."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM verification_check"
        " WHERE shard = ANY($1::smallint[]) AND provider = $2 AND closed_at IS NULL"
        " AND (try_at IS NULL OR try_at <= $3) ORDER BY try_at NULLS FIRST LIMIT $4",
        list(shards),
        provider,
        at,
        limit,
    )
    return [_check(row) for row in rows]


async def save_checks(tx: Transaction, checks: Sequence[Check]) -> None:
    """Write new checks."""
    if not checks:
        return
    await tx.copy_in(
        "verification_check",
        (
            *("shard", "check_id", "player_id", "provider", "state", "reference", "reason"),
            *("documents", "valid_until", "requested_at", "closed_at"),
        ),
        [
            (
                *(check.shard, check.id, check.player_id, check.provider, check.state.value),
                *(check.reference, check.reason, list(check.documents), check.valid_until),
                *(check.requested_at, check.closed_at),
            )
            for check in checks
        ],
    )


async def move_check(tx: Transaction, check: Check) -> None:
    """Write how a check stands now."""
    await tx.execute(
        "UPDATE verification_check SET state = $3, reference = $4, reason = $5, documents = $6,"
        " valid_until = $7, closed_at = $8 WHERE shard = $1 AND check_id = $2",
        check.shard,
        check.id,
        check.state.value,
        check.reference,
        check.reason,
        list(check.documents),
        check.valid_until,
        check.closed_at,
    )


async def postpone(tx: Transaction, postponements: Sequence[Postponement]) -> None:
    """Write when the loop looks at these checks again."""
    if not postponements:
        return
    await tx.execute(
        "UPDATE verification_check SET attempts = later.attempts, try_at = later.try_at"
        " FROM unnest($1::smallint[], $2::uuid[], $3::int[], $4::timestamptz[])"
        "   AS later (shard, check_id, attempts, try_at)"
        " WHERE verification_check.shard = later.shard"
        " AND verification_check.check_id = later.check_id",
        [item.shard for item in postponements],
        [item.check_id for item in postponements],
        [item.attempts for item in postponements],
        [item.try_at for item in postponements],
    )


async def find_news(
    tx: Transaction, shard: Shard, provider: str, event_id: str, digest: str
) -> tuple[NewsRefusal | None] | None:
    """Return what came of this telling before, in a tuple; None if it is new."""
    row = await tx.fetch_one(
        "SELECT refusal FROM verification_news"
        " WHERE shard = $1 AND provider = $2 AND event_id = $3 AND digest = $4",
        shard,
        provider,
        event_id,
        digest,
    )
    if row is None:
        return None
    return (None if row["refusal"] is None else NewsRefusal(row["refusal"]),)


async def save_news(
    tx: Transaction,
    shard: Shard,
    news: CheckNews,
    digest: str,
    refusal: NewsRefusal | None,
    at: datetime,
) -> None:
    """Append what was told."""
    await tx.execute(
        "INSERT INTO verification_news (shard, provider, event_id, digest, check_id, reference,"
        " status, refusal, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        shard,
        news.provider,
        news.event_id,
        digest,
        news.check_id,
        news.reference,
        news.status.value,
        refusal,
        at,
    )


def _check(row: asyncpg.Record) -> Check:
    fields = dict(row)
    return Check(
        shard=fields["shard"],
        id=CheckId(str(fields["check_id"])),
        player_id=PlayerId(str(fields["player_id"])),
        provider=fields["provider"],
        state=CheckState(fields["state"]),
        reference=fields["reference"],
        reason=fields["reason"],
        documents=tuple(fields["documents"]),
        valid_until=fields["valid_until"],
        requested_at=fields["requested_at"],
        closed_at=fields["closed_at"],
        attempts=fields["attempts"],
    )
