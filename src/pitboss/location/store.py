"""The SQL of location: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.location.model import Decision, Kept, LastFix, Permit, Place, Reason, Sharer

_PERMIT = "check_id, device, network, expires_at, failures, failed_at"
# Reasons are words without spaces.
_BETWEEN = " "


async def find_permits(tx: Transaction, places: Sequence[Place]) -> dict[Place, Permit]:
    """Return what the checks of these sessions came to, where there was one."""
    if not places:
        return {}
    rows = await tx.fetch(
        f"SELECT wanted.number, {_PERMIT}"
        " FROM unnest($1::smallint[], $2::uuid[], $3::text[]) WITH ORDINALITY"
        "   AS wanted (shard, player_id, session_id, number)"
        " JOIN location_permit AS permit ON permit.shard = wanted.shard"
        "   AND permit.player_id = wanted.player_id AND permit.session_id = wanted.session_id",
        [shard_of(place.player_id) for place in places],
        [place.player_id for place in places],
        [place.session_id for place in places],
    )
    permits: dict[Place, Permit] = {}
    for number, check_id, device, network, expires_at, failures, failed_at in rows:
        place = places[number - 1]
        permits[place] = Permit(
            player_id=place.player_id,
            session_id=place.session_id,
            check_id=None if check_id is None else str(check_id),
            device=device,
            network=network,
            expires_at=expires_at,
            failures=failures,
            failed_at=failed_at,
        )
    return permits


async def save_permits(tx: Transaction, permits: Collection[Permit]) -> None:
    """Write what the checks of these sessions came to."""
    if not permits:
        return
    await tx.execute(
        f"INSERT INTO location_permit (shard, player_id, session_id, {_PERMIT})"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::uuid[], $5::text[],"
        "   $6::text[], $7::timestamptz[], $8::int[], $9::timestamptz[])"
        " ON CONFLICT (shard, player_id, session_id) DO UPDATE SET check_id = excluded.check_id,"
        "   device = excluded.device, network = excluded.network,"
        "   expires_at = excluded.expires_at, failures = excluded.failures,"
        "   failed_at = excluded.failed_at",
        [permit.shard for permit in permits],
        [permit.player_id for permit in permits],
        [permit.session_id for permit in permits],
        [permit.check_id for permit in permits],
        [permit.device for permit in permits],
        [permit.network for permit in permits],
        [permit.expires_at for permit in permits],
        [permit.failures for permit in permits],
        [permit.failed_at for permit in permits],
    )


async def find_checks(tx: Transaction, places: Collection[tuple[Shard, str]]) -> dict[str, Kept]:
    """Return those of the checks that there were, by id."""
    rows = await tx.fetch(
        "SELECT kept.check_id, player_id, session_id, token_sha256, evidence, decision, reasons,"
        "   expires_at, checked_at FROM location_check AS kept"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, check_id)"
        " ON kept.shard = wanted.shard AND kept.check_id = wanted.check_id",
        [shard for shard, _ in places],
        [check_id for _, check_id in places],
    )
    return {check.check_id: check for check in map(_kept, rows)}


async def find_newest(tx: Transaction, player_id: PlayerId, *, limit: int) -> list[Kept]:
    """Return a player's checks, the newest first."""
    rows = await tx.fetch(
        "SELECT check_id, player_id, session_id, token_sha256, evidence, decision, reasons,"
        "   expires_at, checked_at FROM location_check WHERE shard = $1 AND player_id = $2"
        " ORDER BY checked_at DESC, check_id DESC LIMIT $3",
        shard_of(player_id),
        player_id,
        limit,
    )
    return [_kept(row) for row in rows]


async def save_devices(tx: Transaction, devices: Mapping[tuple[bytes, PlayerId], datetime]) -> None:
    """Write on which devices players were located now."""
    if not devices:
        return
    ordered = sorted(devices)
    await tx.execute(
        "INSERT INTO location_device (device, player_id, seen_at)"
        " SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::timestamptz[])"
        " ON CONFLICT (device, player_id) DO UPDATE SET seen_at = excluded.seen_at",
        [device for device, _ in ordered],
        [player_id for _, player_id in ordered],
        [devices[place] for place in ordered],
    )


async def find_sharers(tx: Transaction, player_id: PlayerId, *, limit: int) -> list[Sharer]:
    """Return who else was located on a player's devices, the newest first."""
    rows = await tx.fetch(
        "SELECT other.player_id, max(other.seen_at) AS seen_at FROM location_device AS own"
        " JOIN location_device AS other ON other.device = own.device"
        " WHERE own.player_id = $1 AND other.player_id <> $1"
        " GROUP BY other.player_id ORDER BY 2 DESC, 1 LIMIT $2",
        player_id,
        limit,
    )
    return [
        Sharer(player_id=PlayerId(str(row["player_id"])), seen_at=row["seen_at"]) for row in rows
    ]


async def find_used(
    tx: Transaction, places: Collection[tuple[Shard, bytes]]
) -> set[tuple[Shard, bytes]]:
    """Return those of the tokens that were used up, by shard and digest."""
    if not places:
        return set()
    rows = await tx.fetch(
        "SELECT kept.shard, kept.evidence FROM location_check AS kept"
        " JOIN unnest($1::smallint[], $2::bytea[]) AS wanted (shard, evidence)"
        " ON kept.shard = wanted.shard AND kept.evidence = wanted.evidence",
        [shard for shard, _ in places],
        [digest for _, digest in places],
    )
    return {(Shard(row["shard"]), row["evidence"]) for row in rows}


async def save_checks(tx: Transaction, checks: Sequence[Kept]) -> None:
    """Append checks, those that did not pass included."""
    if not checks:
        return
    await tx.copy_in(
        "location_check",
        (
            "shard",
            "check_id",
            "player_id",
            "session_id",
            "token_sha256",
            "evidence",
            "decision",
            "reasons",
            "expires_at",
            "checked_at",
        ),
        [
            (
                shard_of(check.player_id),
                check.check_id,
                check.player_id,
                check.session_id,
                check.token_sha256,
                check.evidence,
                check.decision,
                _BETWEEN.join(check.reasons),
                check.expires_at,
                check.checked_at,
            )
            for check in checks
        ],
    )


async def find_last_fixes(
    tx: Transaction, player_ids: Collection[PlayerId]
) -> dict[PlayerId, LastFix]:
    """Return where these players were last seen, if they were."""
    rows = await tx.fetch(
        "SELECT seen.player_id, latitude_centi, longitude_centi, taken_at"
        " FROM location_last_fix AS seen"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " ON seen.shard = wanted.shard AND seen.player_id = wanted.player_id",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    fixes = [
        LastFix(
            player_id=PlayerId(str(row["player_id"])),
            latitude_centi=row["latitude_centi"],
            longitude_centi=row["longitude_centi"],
            taken_at=row["taken_at"],
        )
        for row in rows
    ]
    return {fix.player_id: fix for fix in fixes}


async def save_last_fixes(tx: Transaction, fixes: Mapping[PlayerId, LastFix]) -> None:
    """Write where these players were last seen."""
    if not fixes:
        return
    await tx.execute(
        "INSERT INTO location_last_fix"
        "   (shard, player_id, latitude_centi, longitude_centi, taken_at)"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::int[], $4::int[], $5::timestamptz[])"
        " ON CONFLICT (shard, player_id) DO UPDATE SET latitude_centi = excluded.latitude_centi,"
        "   longitude_centi = excluded.longitude_centi, taken_at = excluded.taken_at",
        [shard_of(player_id) for player_id in fixes],
        list(fixes),
        [fix.latitude_centi for fix in fixes.values()],
        [fix.longitude_centi for fix in fixes.values()],
        [fix.taken_at for fix in fixes.values()],
    )


async def forget(tx: Transaction, player_ids: Collection[PlayerId]) -> None:
    """Forget where these players were last seen, and on what."""
    await tx.execute(
        "DELETE FROM location_device WHERE player_id = ANY($1::uuid[])", list(player_ids)
    )
    await tx.execute(
        "DELETE FROM location_last_fix AS seen"
        " USING unnest($1::smallint[], $2::uuid[]) AS gone (shard, player_id)"
        " WHERE seen.shard = gone.shard AND seen.player_id = gone.player_id",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )


def _kept(row: asyncpg.Record) -> Kept:
    return Kept(
        check_id=str(row["check_id"]),
        player_id=PlayerId(str(row["player_id"])),
        session_id=row["session_id"],
        token_sha256=row["token_sha256"],
        evidence=row["evidence"],
        decision=Decision(row["decision"]),
        reasons=tuple(Reason(word) for word in row["reasons"].split()),
        expires_at=row["expires_at"],
        checked_at=row["checked_at"],
    )
