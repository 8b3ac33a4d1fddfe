"""The SQL of terms."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import STAFF_SHARD, shard_of
from pitboss.players.terms.model import Acceptance, Terms


async def find_published(tx: Transaction, jurisdictions: Collection[str]) -> list[Terms]:
    """Return every version of these licences."""
    rows = await tx.fetch(
        "SELECT jurisdiction, number, version, digest, published_at FROM terms_version"
        " WHERE shard = $1 AND jurisdiction = ANY($2::text[])",
        STAFF_SHARD,
        list(jurisdictions),
    )
    return [Terms(**dict(row)) for row in rows]


async def save_terms(tx: Transaction, terms: Terms) -> None:
    """Append a version."""
    await tx.execute(
        "INSERT INTO terms_version (shard, jurisdiction, number, version, digest, published_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        STAFF_SHARD,
        terms.jurisdiction,
        terms.number,
        terms.version,
        terms.digest,
        terms.published_at,
    )


async def find_acceptances(
    tx: Transaction, player_ids: Collection[PlayerId]
) -> dict[PlayerId, Acceptance]:
    """Return what those of the players have accepted who have accepted anything."""
    rows = await tx.fetch(
        "SELECT known.player_id, number, accepted_at FROM player_terms AS known"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " ON known.shard = wanted.shard AND known.player_id = wanted.player_id",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    found = [
        Acceptance(
            player_id=PlayerId(str(row["player_id"])),
            number=row["number"],
            accepted_at=row["accepted_at"],
        )
        for row in rows
    ]
    return {item.player_id: item for item in found}


async def save_acceptance(
    tx: Transaction, player_id: PlayerId, number: int, accepted_at: datetime
) -> None:
    """Write the newest version that a player has accepted."""
    await tx.execute(
        "INSERT INTO player_terms (shard, player_id, number, accepted_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (shard, player_id) DO UPDATE"
        " SET number = excluded.number, accepted_at = excluded.accepted_at",
        shard_of(player_id),
        player_id,
        number,
        accepted_at,
    )
