"""The SQL of exclusion."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard
from pitboss.responsible.exclusion.model import Exclusion, Initiator, Kind, Place, Reason

_NOBODY = (-1, "00000000-0000-0000-0000-000000000000")


async def find_exclusions(tx: Transaction, places: Collection[Place]) -> list[Exclusion]:
    """Return every exclusion of these players, the oldest first."""
    rows = await tx.fetch(
        "SELECT shard, player_id, key, kind, initiator, reason, starts_at, ends_at,"
        " return_asked_at, released_at FROM player_exclusion"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (of_shard, id)"
        " ON shard = of_shard AND player_id = id"
        " ORDER BY starts_at, key",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    return [
        Exclusion(
            shard=Shard(row["shard"]),
            player_id=PlayerId(str(row["player_id"])),
            key=str(row["key"]),
            kind=Kind(row["kind"]),
            initiator=Initiator(row["initiator"]),
            reason=Reason(row["reason"]),
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            return_asked_at=row["return_asked_at"],
            released_at=row["released_at"],
        )
        for row in rows
    ]


async def find_excluded(
    tx: Transaction, *, after: Place | None, at: datetime, limit: int
) -> list[Place]:
    """Return players who may be excluded at a moment, in order of shard and player.

    Whether an exclusion that has no end, or whose term is over, still holds is not asked here.
    """
    rows = await tx.fetch(
        "SELECT DISTINCT shard, player_id FROM player_exclusion WHERE kind = 'exclusion'"
        " AND released_at IS NULL AND starts_at <= $3 AND (shard, player_id) > ($1, $2::uuid)"
        " ORDER BY shard, player_id LIMIT $4",
        *(_NOBODY if after is None else after),
        at,
        limit,
    )
    return [(Shard(row["shard"]), PlayerId(str(row["player_id"]))) for row in rows]


async def count_exclusions(tx: Transaction, places: Collection[Place]) -> dict[PlayerId, int]:
    """Return how many exclusions and time-outs those of the players have who have any."""
    rows = await tx.fetch(
        "SELECT player_id, count(*) AS taken FROM player_exclusion"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (of_shard, id)"
        " ON shard = of_shard AND player_id = id GROUP BY player_id",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    return {PlayerId(str(row["player_id"])): row["taken"] for row in rows}


async def save_exclusion(tx: Transaction, item: Exclusion) -> None:
    """Write a new exclusion."""
    await tx.execute(
        "INSERT INTO player_exclusion (shard, player_id, key, kind, initiator, reason, starts_at,"
        " ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        item.shard,
        item.player_id,
        item.key,
        item.kind.value,
        item.initiator.value,
        item.reason.value,
        item.starts_at,
        item.ends_at,
    )


async def note_return(tx: Transaction, place: Place, keys: Collection[str], at: datetime) -> None:
    """Write that a player asked to come back from these exclusions."""
    await tx.execute(
        "UPDATE player_exclusion SET return_asked_at = $4"
        " WHERE shard = $1 AND player_id = $2 AND key = ANY($3::uuid[])",
        *place,
        list(keys),
        at,
    )


async def note_release(tx: Transaction, freed: Collection[Exclusion], at: datetime) -> None:
    """Write that no register keeps these exclusions up any more."""
    await tx.execute(
        "UPDATE player_exclusion AS held SET released_at = $4"
        " FROM unnest($1::smallint[], $2::uuid[], $3::uuid[]) AS freed (shard, player_id, key)"
        " WHERE held.shard = freed.shard AND held.player_id = freed.player_id"
        " AND held.key = freed.key",
        [item.shard for item in freed],
        [item.player_id for item in freed],
        [item.key for item in freed],
        at,
    )
