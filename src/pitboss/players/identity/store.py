"""The SQL of identity: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players.identity.model import (
    Likeness,
    Login,
    NewLogin,
    Player,
    PlayerStatus,
    Refusal,
    RegisterRequest,
    Registration,
    StatusChange,
    StatusReason,
)

# Looked up instead of called: an enumeration's call costs as much as the rest of the row.
_STATUSES = {status.value: status for status in PlayerStatus}


async def find_players(
    tx: Transaction, places: Sequence[tuple[Shard, PlayerId]]
) -> dict[PlayerId, Player]:
    """Return those of the players who exist."""
    if not places:
        return {}
    # The number of the place comes back instead of its id, which need not be written out again.
    rows = await tx.fetch(
        "SELECT wanted.number, jurisdiction, currency, status, registered_at"
        " FROM unnest($1::smallint[], $2::uuid[]) WITH ORDINALITY AS wanted (shard, id, number)"
        " JOIN player ON player.shard = wanted.shard AND player.player_id = wanted.id",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    players: dict[PlayerId, Player] = {}
    for number, jurisdiction, currency, status, registered_at in rows:
        shard, player_id = places[number - 1]
        players[player_id] = Player(
            shard=shard,
            id=player_id,
            jurisdiction=jurisdiction,
            currency=currency,
            status=_STATUSES[status],
            registered_at=registered_at,
        )
    return players


async def find_login(tx: Transaction, email_digest: bytes) -> Login | None:
    """Return who logs in with the e-mail of this digest, and with what."""
    row = await tx.fetch_one(
        "SELECT login.shard, login.player_id, password_hash, status FROM player_login AS login"
        " JOIN player ON player.shard = login.shard AND player.player_id = login.player_id"
        " WHERE email_digest = $1",
        email_digest,
    )
    return None if row is None else _login(row)


async def find_login_of(tx: Transaction, player_id: PlayerId) -> Login | None:
    """Return what a player logs in with."""
    row = await tx.fetch_one(
        "SELECT login.shard, login.player_id, password_hash, status FROM player_login AS login"
        " JOIN player ON player.shard = login.shard AND player.player_id = login.player_id"
        " WHERE login.shard = $1 AND login.player_id = $2",
        shard_of(player_id),
        player_id,
    )
    return None if row is None else _login(row)


async def claim_keys(tx: Transaction, claims: Collection[Registration]) -> set[str]:
    """Write what each key is used for, unless it was used before; return those that were not.

    A twin of one of these keys waits here until the other transaction has ended.
    """
    rows = await tx.fetch(
        # In one order for everybody, so that two batches with the same keys cannot deadlock.
        "INSERT INTO player_registration (key, request_digest, player_id)"
        " SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::uuid[])"
        "   AS claim (key, digest, player_id) ORDER BY key"
        " ON CONFLICT (key) DO NOTHING RETURNING key",
        [claim.key for claim in claims],
        [claim.request_digest for claim in claims],
        [claim.player_id for claim in claims],
    )
    return {str(row["key"]) for row in rows}


async def find_registrations(tx: Transaction, keys: Collection[str]) -> list[Registration]:
    """Return what these keys were used for."""
    if not keys:
        return []
    rows = await tx.fetch(
        "SELECT key, request_digest, player_id, refusal FROM player_registration"
        " WHERE key = ANY($1::uuid[])",
        list(keys),
    )
    return [
        Registration(
            key=str(row["key"]),
            request_digest=row["request_digest"],
            player_id=PlayerId(str(row["player_id"])),
            refusal=_refusal(row["refusal"]),
        )
        for row in rows
    ]


async def save_refusals(tx: Transaction, refusals: Mapping[str, Refusal]) -> None:
    """Write why the keys that were just claimed made nobody a player."""
    if not refusals:
        return
    await tx.execute(
        "UPDATE player_registration AS registration SET refusal = batch.refusal"
        " FROM unnest($1::uuid[], $2::text[]) AS batch (key, refusal)"
        " WHERE registration.key = batch.key",
        list(refusals),
        list(refusals.values()),
    )


async def save_logins(tx: Transaction, logins: Collection[NewLogin]) -> set[PlayerId]:
    """Write the logins whose e-mail nobody has; return whose they are.

    A twin of one of these e-mails waits here until the other transaction has ended.
    """
    if not logins:
        return set()
    rows = await tx.fetch(
        "INSERT INTO player_login (shard, player_id, email_digest, password_hash)"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bytea[], $4::text[]) AS login"
        "   (shard, player_id, email_digest, password_hash)"
        " ORDER BY email_digest ON CONFLICT (email_digest) DO NOTHING RETURNING player_id",
        [login.shard for login in logins],
        [login.player_id for login in logins],
        [login.email_digest for login in logins],
        [login.password_hash for login in logins],
    )
    return {PlayerId(str(row["player_id"])) for row in rows}


async def claim_likenesses(tx: Transaction, likenesses: Sequence[Likeness]) -> None:
    """Write who each likeness belongs to, unless it is somebody's; of two here it is the first's.

    A twin waits here until the other transaction has ended, and a look after it sees whose it is.
    """
    first: dict[tuple[str, bytes], PlayerId] = {}
    for item in likenesses:
        first.setdefault((item.scope, item.digest), item.player_id)
    if not first:
        return
    await tx.execute(
        "INSERT INTO player_likeness (scope, digest, player_id)"
        " SELECT * FROM unnest($1::text[], $2::bytea[], $3::uuid[]) AS new (scope, digest, player)"
        " ORDER BY scope, digest ON CONFLICT (scope, digest) DO NOTHING",
        [scope for scope, _ in first],
        [digest for _, digest in first],
        list(first.values()),
    )


async def find_likenesses(
    tx: Transaction, places: Collection[tuple[str, bytes]]
) -> dict[tuple[str, bytes], PlayerId]:
    """Return whose the likenesses under these scopes and digests are; nobody's are left out."""
    if not places:
        return {}
    rows = await tx.fetch(
        "SELECT known.scope, known.digest, player_id FROM player_likeness AS known"
        " JOIN unnest($1::text[], $2::bytea[]) AS wanted (scope, digest)"
        " ON known.scope = wanted.scope AND known.digest = wanted.digest",
        [scope for scope, _ in places],
        [digest for _, digest in places],
    )
    return {(row["scope"], row["digest"]): PlayerId(str(row["player_id"])) for row in rows}


async def take_back_logins(tx: Transaction, player_ids: Collection[PlayerId]) -> None:
    """Delete what was just written for people who are refused after all."""
    if not player_ids:
        return
    await tx.execute(
        "DELETE FROM player_login AS login"
        " USING unnest($1::smallint[], $2::uuid[]) AS gone (shard, player_id)"
        " WHERE login.shard = gone.shard AND login.player_id = gone.player_id",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    await tx.execute(
        "DELETE FROM player_likeness WHERE player_id = ANY($1::uuid[])", list(player_ids)
    )


async def delete_logins(tx: Transaction, player_ids: Collection[PlayerId]) -> None:
    """Delete what these players logged in with, and what tells their registrations apart."""
    await tx.execute(
        "DELETE FROM player_login AS login"
        " USING unnest($1::smallint[], $2::uuid[]) AS gone (shard, player_id)"
        " WHERE login.shard = gone.shard AND login.player_id = gone.player_id",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    await tx.execute(
        "DELETE FROM player_age AS age"
        " USING unnest($1::smallint[], $2::uuid[]) AS gone (shard, player_id)"
        " WHERE age.shard = gone.shard AND age.player_id = gone.player_id",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    await tx.execute(
        "DELETE FROM player_likeness WHERE player_id = ANY($1::uuid[])", list(player_ids)
    )
    await tx.execute(
        "UPDATE player_registration SET request_digest = NULL WHERE player_id = ANY($1::uuid[])",
        list(player_ids),
    )


async def find_closures(
    tx: Transaction, player_ids: Collection[PlayerId]
) -> dict[PlayerId, datetime]:
    """Return when each of these players was closed: the first time, as closed is for ever."""
    rows = await tx.fetch(
        "SELECT change.player_id, min(decided_at) AS closed_at"
        " FROM player_status_change AS change"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " ON change.shard = wanted.shard AND change.player_id = wanted.player_id"
        " WHERE status = 'closed' AND refusal IS NULL GROUP BY change.player_id",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    return {PlayerId(str(row["player_id"])): row["closed_at"] for row in rows}


async def save_players(
    tx: Transaction, requests: Collection[RegisterRequest], registered_at: datetime
) -> None:
    """Write new players, active."""
    if not requests:
        return
    await tx.copy_in(
        "player",
        ("shard", "player_id", "jurisdiction", "currency", "status", "registered_at"),
        [
            (
                shard_of(request.player_id),
                request.player_id,
                request.jurisdiction,
                request.currency,
                PlayerStatus.ACTIVE,
                registered_at,
            )
            for request in requests
        ],
    )


async def save_ages(tx: Transaction, ages: Mapping[PlayerId, date]) -> None:
    """Write as if when these players were born."""
    if not ages:
        return
    await tx.copy_in(
        "player_age",
        ("shard", "player_id", "born_by"),
        [(shard_of(player_id), player_id, day) for player_id, day in ages.items()],
    )


async def find_ages(tx: Transaction, player_ids: Collection[PlayerId]) -> dict[PlayerId, date]:
    """Return as if when those of the players were born of whom that is kept."""
    rows = await tx.fetch(
        "SELECT known.player_id, born_by FROM player_age AS known"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " ON known.shard = wanted.shard AND known.player_id = wanted.player_id",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    return {PlayerId(str(row["player_id"])): row["born_by"] for row in rows}


async def swap_password_hash(
    tx: Transaction, shard: Shard, player_id: PlayerId, *, before: str, after: str
) -> bool:
    """Write a new hash if the old one is still there; say whether it was."""
    row = await tx.fetch_one(
        "UPDATE player_login SET password_hash = $4"
        " WHERE shard = $1 AND player_id = $2 AND password_hash = $3 RETURNING 1",
        shard,
        player_id,
        before,
        after,
    )
    return row is not None


async def find_status_changes(
    tx: Transaction, places: Collection[tuple[Shard, str]]
) -> list[StatusChange]:
    """Return the changes under these keys, refused ones included."""
    rows = await tx.fetch(
        "SELECT change.shard, change.key, player_id, status, reason, refusal"
        " FROM player_status_change AS change"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, key)"
        " ON change.shard = wanted.shard AND change.key = wanted.key",
        [shard for shard, _ in places],
        [key for _, key in places],
    )
    return [
        StatusChange(
            shard=row["shard"],
            key=str(row["key"]),
            player_id=PlayerId(str(row["player_id"])),
            status=PlayerStatus(row["status"]),
            reason=StatusReason(row["reason"]),
            refusal=_refusal(row["refusal"]),
        )
        for row in rows
    ]


async def save_status_changes(
    tx: Transaction, changes: Sequence[StatusChange], decided_at: datetime
) -> None:
    """Append changes, refused ones included."""
    if not changes:
        return
    await tx.copy_in(
        "player_status_change",
        ("shard", "key", "player_id", "status", "reason", "refusal", "decided_at"),
        [
            (
                change.shard,
                change.key,
                change.player_id,
                change.status,
                change.reason,
                change.refusal,
                decided_at,
            )
            for change in changes
        ],
    )


async def change_statuses(tx: Transaction, statuses: Mapping[PlayerId, PlayerStatus]) -> None:
    """Write the status that each of these players now has."""
    if not statuses:
        return
    await tx.execute(
        "UPDATE player SET status = batch.status"
        " FROM unnest($1::smallint[], $2::uuid[], $3::text[]) AS batch (shard, player_id, status)"
        " WHERE player.shard = batch.shard AND player.player_id = batch.player_id",
        [shard_of(player_id) for player_id in statuses],
        list(statuses),
        list(statuses.values()),
    )


def _login(row: asyncpg.Record) -> Login:
    return Login(
        shard=row["shard"],
        player_id=PlayerId(str(row["player_id"])),
        status=PlayerStatus(row["status"]),
        password_hash=row["password_hash"],
    )


def _refusal(text: str | None) -> Refusal | None:
    return None if text is None else Refusal(text)
