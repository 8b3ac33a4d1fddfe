"""The SQL of contacts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.jurisdictions.model import LimitKind, Period
from pitboss.kernel.ids import PlayerId
from pitboss.responsible.contacts.model import Place, Telling
from pitboss.responsible.limits.model import LimitKey


async def find_review(tx: Transaction, place: Place) -> datetime | None:
    """Return when a player last said to have looked at the limits again."""
    row = await tx.fetch_one(
        "SELECT reviewed_at FROM limit_review WHERE shard = $1 AND player_id = $2", *place
    )
    return None if row is None else row["reviewed_at"]


async def save_review(tx: Transaction, place: Place, reviewed_at: datetime) -> None:
    """Write that a player has looked at the limits again."""
    await tx.execute(
        "INSERT INTO limit_review (shard, player_id, reviewed_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (shard, player_id) DO UPDATE SET reviewed_at = excluded.reviewed_at",
        *place,
        reviewed_at,
    )


async def find_tellings(
    tx: Transaction, places: Collection[Place]
) -> dict[PlayerId, dict[LimitKey, datetime]]:
    """Return of what it was told when that these players have used so much."""
    rows = await tx.fetch(
        "SELECT player_id, kind, period, told_at FROM contact_telling"
        " JOIN unnest($1::smallint[], $2::uuid[])"
        " AS wanted (of_shard, id) ON shard = of_shard AND player_id = id",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    found: dict[PlayerId, dict[LimitKey, datetime]] = {}
    for row in rows:
        key = LimitKey(kind=LimitKind(row["kind"]), period=Period(row["period"]))
        found.setdefault(PlayerId(str(row["player_id"])), {})[key] = row["told_at"]
    return found


async def save_tellings(tx: Transaction, tellings: Sequence[Telling]) -> None:
    """Write what was told of now."""
    await tx.execute(
        "INSERT INTO contact_telling (shard, player_id, kind, period, told_at)"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[],"
        " $5::timestamptz[]) ON CONFLICT (shard, player_id, kind, period)"
        " DO UPDATE SET told_at = excluded.told_at",
        [item.shard for item in tellings],
        [item.player_id for item in tellings],
        [item.key.kind.value for item in tellings],
        [None if item.key.period is None else item.key.period.value for item in tellings],
        [item.told_at for item in tellings],
    )
