"""The SQL of marketing."""

from __future__ import annotations

from collections.abc import Collection

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard
from pitboss.responsible.marketing.model import Channel, Consent, Place

_COLUMNS = "shard, player_id, channel, given, changed_at, heeded"
_NOBODY = (-1, "00000000-0000-0000-0000-000000000000")


async def find_consents(tx: Transaction, places: Collection[Place]) -> list[Consent]:
    """Return what these players have said, by channel."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM player_marketing JOIN unnest($1::smallint[], $2::uuid[])"
        " AS wanted (of_shard, id) ON shard = of_shard AND player_id = id ORDER BY channel",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    return [_consent(row) for row in rows]


async def save_consent(tx: Transaction, consent: Consent) -> None:
    """Write what a player has said of a channel."""
    await tx.execute(
        f"INSERT INTO player_marketing ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (shard, player_id, channel) DO UPDATE SET given = excluded.given,"
        " changed_at = excluded.changed_at, heeded = excluded.heeded",
        consent.shard,
        consent.player_id,
        consent.channel.value,
        consent.given,
        consent.changed_at,
        consent.heeded,
    )


async def find_given(
    tx: Transaction, channel: Channel, *, after: Place | None, limit: int
) -> list[Consent]:
    """Return consents that were given for a channel, in order of shard and player."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM player_marketing WHERE channel = $1 AND given"
        " AND (shard, player_id) > ($2, $3::uuid) ORDER BY shard, player_id LIMIT $4",
        channel.value,
        *(_NOBODY if after is None else after),
        limit,
    )
    return [_consent(row) for row in rows]


def _consent(row: asyncpg.Record) -> Consent:
    return Consent(
        shard=Shard(row["shard"]),
        player_id=PlayerId(str(row["player_id"])),
        channel=Channel(row["channel"]),
        given=row["given"],
        changed_at=row["changed_at"],
        heeded=row["heeded"],
    )
