"""The SQL of second factors."""

from __future__ import annotations

from collections.abc import Collection

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players.factors.model import (
    Ceremony,
    Challenge,
    Factor,
    FactorKind,
    SecurityKey,
)


async def find_factors(tx: Transaction, player_id: PlayerId) -> dict[FactorKind, Factor]:
    """Return a player's second factors, those that do not count yet included."""
    rows = await tx.fetch(
        "SELECT kind, active, last_step, recovery FROM player_factor"
        " WHERE shard = $1 AND player_id = $2",
        shard_of(player_id),
        player_id,
    )
    factors = [
        Factor(
            player_id=player_id,
            kind=FactorKind(row["kind"]),
            active=row["active"],
            last_step=row["last_step"],
            recovery=tuple(row["recovery"]),
        )
        for row in rows
    ]
    return {factor.kind: factor for factor in factors}


async def find_guarded(
    tx: Transaction, places: Collection[tuple[Shard, PlayerId]]
) -> set[PlayerId]:
    """Return those of the players who have a second factor that counts."""
    rows = await tx.fetch(
        "SELECT DISTINCT factor.player_id FROM player_factor AS factor"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " ON factor.shard = wanted.shard AND factor.player_id = wanted.player_id"
        " WHERE active",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    return {PlayerId(str(row["player_id"])) for row in rows}


async def save_factor(tx: Transaction, factor: Factor) -> None:
    """Write how a second factor stands."""
    await tx.execute(
        "INSERT INTO player_factor (shard, player_id, kind, active, last_step, recovery)"
        " VALUES ($1, $2, $3, $4, $5, $6::bytea[]) ON CONFLICT (shard, player_id, kind)"
        " DO UPDATE SET active = excluded.active, last_step = excluded.last_step,"
        " recovery = excluded.recovery",
        shard_of(factor.player_id),
        factor.player_id,
        factor.kind.value,
        factor.active,
        factor.last_step,
        list(factor.recovery),
    )


async def delete_factor(tx: Transaction, player_id: PlayerId, kind: FactorKind) -> None:
    """Delete a player's second factor of a kind, without its keys."""
    await tx.execute(
        "DELETE FROM player_factor WHERE shard = $1 AND player_id = $2 AND kind = $3",
        shard_of(player_id),
        player_id,
        kind.value,
    )


async def forget(tx: Transaction, player_id: PlayerId) -> None:
    """Delete all that a player proves a second time with."""
    for table in ("player_factor", "player_security_key", "player_challenge"):
        await tx.execute(
            f"DELETE FROM {table} WHERE shard = $1 AND player_id = $2",
            shard_of(player_id),
            player_id,
        )


async def find_keys(tx: Transaction, player_id: PlayerId) -> list[SecurityKey]:
    """Return a player's security keys, the oldest first."""
    rows = await tx.fetch(
        "SELECT credential_id, public_key, counter, added_at, used_at FROM player_security_key"
        " WHERE shard = $1 AND player_id = $2 ORDER BY added_at, credential_id",
        shard_of(player_id),
        player_id,
    )
    return [SecurityKey(player_id=player_id, **dict(row)) for row in rows]


async def save_key(tx: Transaction, key: SecurityKey) -> None:
    """Write a security key, or how its counter stands."""
    await tx.execute(
        "INSERT INTO player_security_key"
        "   (shard, player_id, credential_id, public_key, counter, added_at, used_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (shard, player_id, credential_id)"
        " DO UPDATE SET counter = excluded.counter, used_at = excluded.used_at",
        shard_of(key.player_id),
        key.player_id,
        key.credential_id,
        key.public_key,
        key.counter,
        key.added_at,
        key.used_at,
    )


async def delete_key(tx: Transaction, key: SecurityKey) -> None:
    """Delete a security key."""
    await tx.execute(
        "DELETE FROM player_security_key"
        " WHERE shard = $1 AND player_id = $2 AND credential_id = $3",
        shard_of(key.player_id),
        key.player_id,
        key.credential_id,
    )


async def save_challenge(
    tx: Transaction, player_id: PlayerId, ceremony: Ceremony, challenge: Challenge
) -> None:
    """Write a challenge in the place of the one before."""
    await tx.execute(
        "INSERT INTO player_challenge (shard, player_id, ceremony, content, expires_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (shard, player_id, ceremony)"
        " DO UPDATE SET content = excluded.content, expires_at = excluded.expires_at",
        shard_of(player_id),
        player_id,
        ceremony.value,
        challenge.content,
        challenge.expires_at,
    )


async def take_challenge(
    tx: Transaction, player_id: PlayerId, ceremony: Ceremony
) -> Challenge | None:
    """Return the challenge that there is, and delete it."""
    row = await tx.fetch_one(
        "DELETE FROM player_challenge WHERE shard = $1 AND player_id = $2 AND ceremony = $3"
        " RETURNING content, expires_at",
        shard_of(player_id),
        player_id,
        ceremony.value,
    )
    return None if row is None else Challenge(**dict(row))
