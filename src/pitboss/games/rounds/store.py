"""The SQL of rounds: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from pitboss.db import Transaction
from pitboss.games.rounds.model import Booking, ClosedBy, Kind, Round, Session, Token
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard

# The class of the advisory locks of ids that only one player may use: "pitg".
ID_CLASS = int.from_bytes(b"pitg", "big")
# Looked up instead of called: an enumeration's call costs as much as the rest of the row.
_KINDS = {kind.value: kind for kind in Kind}

_BOOKING = (
    *("shard", "provider", "external_id", "player_id", "kind", "round_id", "game", "currency"),
    *("micros", "jackpot_micros", "free", "original_id", "refusal", "reversed_by", "settled"),
    *("owed_micros", "balance_micros", "booked_at", "promo", "said"),
)
_BOOKING_READ = ", ".join(f"booking.{name}" for name in _BOOKING)
_ROUND = (
    *("shard", "round_id", "player_id", "provider", "ref", "game", "version", "currency"),
    *("staked_micros", "won_micros", "opened_at", "closed_at", "closed_by"),
)
_ROUND_READ = ", ".join(f"round.{name}" for name in _ROUND)
_SESSION = (
    *("shard", "session_id", "player_id", "provider", "game", "currency", "login_id", "network"),
    *("token_no", "opened_at", "ends_at", "ended_at"),
)
_SESSION_READ = ", ".join(f"session.{name}" for name in _SESSION)


async def find_bookings(
    tx: Transaction, places: Collection[tuple[Shard, str, str]]
) -> list[Booking]:
    """Return every booking under these (shard, provider, id), of whatever kind and player."""
    if not places:
        return []
    rows = await tx.fetch(
        f"SELECT {_BOOKING_READ} FROM unnest($1::smallint[], $2::text[], $3::text[])"
        " AS wanted (shard, provider, external_id)"
        " JOIN game_booking AS booking ON booking.shard = wanted.shard"
        " AND booking.provider = wanted.provider AND booking.external_id = wanted.external_id",
        [place[0] for place in places],
        [place[1] for place in places],
        [place[2] for place in places],
    )
    return [_booking(row) for row in rows]


async def find_stakes_by_ref(
    tx: Transaction, places: Collection[tuple[Shard, str, str]]
) -> list[Booking]:
    """Return the stakes whose other name is one of these (shard, provider, name)."""
    if not places:
        return []
    rows = await tx.fetch(
        f"SELECT {_BOOKING_READ} FROM unnest($1::smallint[], $2::text[], $3::text[])"
        " AS wanted (shard, provider, ref)"
        " JOIN game_booking AS booking ON booking.shard = wanted.shard"
        " AND booking.provider = wanted.provider AND booking.original_id = wanted.ref"
        " WHERE booking.kind = 'stake' AND booking.original_id IS NOT NULL",
        [place[0] for place in places],
        [place[1] for place in places],
        [place[2] for place in places],
    )
    return [_booking(row) for row in rows]


async def find_bookings_of(tx: Transaction, places: Collection[tuple[Shard, str]]) -> list[Booking]:
    """Return the bookings of these rounds, in the order in which they were made."""
    rows = await tx.fetch(
        f"SELECT {_BOOKING_READ} FROM unnest($1::smallint[], $2::uuid[]) AS wanted"
        " (shard, round_id) JOIN game_booking AS booking ON booking.shard = wanted.shard"
        " AND booking.round_id = wanted.round_id"
        " ORDER BY booking.shard, booking.round_id, booking.booked_at, booking.external_id",
        [shard for shard, _ in places],
        [round_id for _, round_id in places],
    )
    return [_booking(row) for row in rows]


async def lock_ids(tx: Transaction, keys: Collection[int]) -> None:
    """Have whoever uses an id of one of these keys wait until this transaction is over."""
    await tx.execute(
        # In one order, so that two who want the same ids do not wait for each other.
        "SELECT pg_advisory_xact_lock($1, key) FROM unnest($2::integer[]) AS key",
        ID_CLASS,
        sorted(keys),
    )


async def find_users(
    tx: Transaction, provider: str, ids: Collection[str], shards: Collection[Shard]
) -> set[tuple[str, Kind, PlayerId]]:
    """Return who has used which of these ids of a provider for what, in any of these shards."""
    rows = await tx.fetch(
        "SELECT DISTINCT external_id, kind, player_id FROM game_booking"
        " WHERE shard = ANY($1::smallint[]) AND provider = $2 AND external_id = ANY($3::text[])",
        list(shards),
        provider,
        list(ids),
    )
    return {
        (row["external_id"], _KINDS[row["kind"]], PlayerId(str(row["player_id"]))) for row in rows
    }


async def save_bookings(tx: Transaction, bookings: Sequence[Booking]) -> None:
    """Append bookings."""
    if bookings:
        await tx.copy_in("game_booking", _BOOKING, [_written(item) for item in bookings])


async def change_bookings(tx: Transaction, bookings: Sequence[Booking]) -> None:
    """Write what became of earlier bookings: undone, or settled."""
    if not bookings:
        return
    await tx.execute(
        "UPDATE game_booking AS booking"
        " SET reversed_by = batch.reversed_by, settled = batch.settled"
        " FROM unnest($1::smallint[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[],"
        "   $7::boolean[]) AS batch"
        "   (shard, provider, external_id, player_id, kind, reversed_by, settled)"
        " WHERE booking.shard = batch.shard AND booking.provider = batch.provider"
        "   AND booking.external_id = batch.external_id"
        "   AND booking.player_id = batch.player_id AND booking.kind = batch.kind",
        [item.shard for item in bookings],
        [item.provider for item in bookings],
        [item.external_id for item in bookings],
        [item.player_id for item in bookings],
        [item.kind for item in bookings],
        [item.reversed_by for item in bookings],
        [item.settled for item in bookings],
    )


async def find_rounds(tx: Transaction, places: Collection[tuple[Shard, str]]) -> list[Round]:
    """Return those of the rounds that there are."""
    if not places:
        return []
    rows = await tx.fetch(
        f"SELECT {_ROUND_READ} FROM unnest($1::smallint[], $2::uuid[]) AS wanted (shard, round_id)"
        " JOIN game_round AS round ON round.shard = wanted.shard"
        " AND round.round_id = wanted.round_id",
        [shard for shard, _ in places],
        [round_id for _, round_id in places],
    )
    return [_round(row) for row in rows]


async def find_open_rounds(
    tx: Transaction,
    shards: Collection[Shard],
    *,
    before: datetime,
    limit: int,
    provider: str | None = None,
    without: str | None = None,
    after: tuple[datetime, str] | None = None,
    player_id: PlayerId | None = None,
) -> list[Round]:
    """Return rounds that nobody has closed and that were opened before, the oldest first."""
    rows = await tx.fetch(
        f"SELECT {_ROUND_READ} FROM game_round AS round WHERE shard = ANY($1::smallint[])"
        " AND closed_at IS NULL AND opened_at <= $2 AND ($4::text IS NULL OR provider = $4)"
        " AND ($5::uuid IS NULL OR player_id = $5) AND provider IS DISTINCT FROM $6"
        " AND ($7::timestamptz IS NULL OR (opened_at, round_id) > ($7, $8::uuid))"
        " ORDER BY opened_at, round_id LIMIT $3",
        list(shards),
        before,
        limit,
        provider,
        player_id,
        without,
        *(after or (None, None)),
    )
    return [_round(row) for row in rows]


async def find_rounds_of(
    tx: Transaction,
    shard: Shard,
    player_id: PlayerId,
    *,
    limit: int,
    provider: str | None = None,
    ref: str | None = None,
    after: tuple[datetime, str] | None = None,
) -> list[Round]:
    """Return a player's newest rounds, of a provider and of a name if they are said."""
    rows = await tx.fetch(
        f"SELECT {_ROUND_READ} FROM game_round AS round WHERE shard = $1 AND player_id = $2"
        " AND ($4::text IS NULL OR provider = $4) AND ($5::text IS NULL OR ref = $5)"
        " AND ($6::timestamptz IS NULL OR (opened_at, round_id) < ($6, $7::uuid))"
        " ORDER BY opened_at DESC, round_id DESC LIMIT $3",
        shard,
        player_id,
        limit,
        provider,
        ref,
        *(after or (None, None)),
    )
    return [_round(row) for row in rows]


async def save_rounds(tx: Transaction, rounds: Sequence[Round]) -> None:
    """Write rounds as they now stand; each is named once."""
    if not rounds:
        return
    await tx.execute(
        f"INSERT INTO game_round ({', '.join(_ROUND)})"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],"
        "  $6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::timestamptz[],"
        "  $12::timestamptz[], $13::text[])"
        " ON CONFLICT (shard, round_id) DO UPDATE SET staked_micros = excluded.staked_micros,"
        "  won_micros = excluded.won_micros, closed_at = excluded.closed_at,"
        "  closed_by = excluded.closed_by",
        [item.shard for item in rounds],
        [item.id for item in rounds],
        [item.player_id for item in rounds],
        [item.provider for item in rounds],
        [item.ref for item in rounds],
        [item.game for item in rounds],
        [item.version for item in rounds],
        [item.currency for item in rounds],
        [item.staked_micros for item in rounds],
        [item.won_micros for item in rounds],
        [item.opened_at for item in rounds],
        [item.closed_at for item in rounds],
        [item.closed_by for item in rounds],
    )


async def find_sessions(tx: Transaction, places: Collection[tuple[Shard, str]]) -> list[Session]:
    """Return those of the sessions that there are."""
    if not places:
        return []
    rows = await tx.fetch(
        f"SELECT {_SESSION_READ} FROM unnest($1::smallint[], $2::uuid[])"
        " AS wanted (shard, session_id) JOIN game_session AS session"
        " ON session.shard = wanted.shard AND session.session_id = wanted.session_id",
        [shard for shard, _ in places],
        [session_id for _, session_id in places],
    )
    return [_session(row) for row in rows]


async def find_newest_sessions(
    tx: Transaction, places: Collection[tuple[Shard, PlayerId, str]]
) -> list[Session]:
    """Return the newest session of each (shard, player, provider) that has one."""
    if not places:
        return []
    rows = await tx.fetch(
        f"SELECT {_SESSION_READ} FROM unnest($1::smallint[], $2::uuid[], $3::text[])"
        " AS wanted (shard, player_id, provider), LATERAL ("
        "  SELECT * FROM game_session WHERE game_session.shard = wanted.shard"
        "   AND game_session.player_id = wanted.player_id"
        "   AND game_session.provider = wanted.provider"
        "   ORDER BY opened_at DESC LIMIT 1) AS session",
        [place[0] for place in places],
        [place[1] for place in places],
        [place[2] for place in places],
    )
    return [_session(row) for row in rows]


async def find_open_sessions(
    tx: Transaction, shard: Shard, player_id: PlayerId, provider: str | None
) -> list[Session]:
    """Return a player's sessions that nobody has ended, with a provider or with all."""
    rows = await tx.fetch(
        f"SELECT {_SESSION_READ} FROM game_session AS session WHERE shard = $1"
        " AND player_id = $2 AND provider = coalesce($3, provider) AND ended_at IS NULL"
        " ORDER BY opened_at, session_id",
        shard,
        player_id,
        provider,
    )
    return [_session(row) for row in rows]


async def find_tokens(tx: Transaction, places: Collection[tuple[Shard, bytes]]) -> list[Token]:
    """Return those of the tokens that there are."""
    if not places:
        return []
    rows = await tx.fetch(
        "SELECT token.shard, token.digest, session_id, number"
        " FROM unnest($1::smallint[], $2::bytea[]) AS wanted (shard, digest)"
        " JOIN game_token AS token ON token.shard = wanted.shard AND token.digest = wanted.digest",
        [shard for shard, _ in places],
        [digest for _, digest in places],
    )
    return [
        Token(
            shard=row["shard"],
            digest=row["digest"],
            session_id=str(row["session_id"]),
            number=row["number"],
        )
        for row in rows
    ]


async def save_session(tx: Transaction, session: Session) -> None:
    """Write a new session."""
    await tx.copy_in(
        "game_session",
        _SESSION,
        [
            (
                *(session.shard, session.id, session.player_id, session.provider, session.game),
                *(session.currency, session.login_id, session.network, session.token_no),
                *(session.opened_at, session.ends_at, session.ended_at),
            )
        ],
    )


async def save_token(tx: Transaction, token: Token) -> None:
    """Write a new token."""
    await tx.copy_in(
        "game_token",
        ("shard", "digest", "session_id", "number"),
        [(token.shard, token.digest, token.session_id, token.number)],
    )


async def change_session(tx: Transaction, session: Session) -> None:
    """Write a session's newest token, and its end."""
    await tx.execute(
        "UPDATE game_session SET token_no = $3, ended_at = $4 WHERE shard = $1 AND session_id = $2",
        session.shard,
        session.id,
        session.token_no,
        session.ended_at,
    )


def _written(item: Booking) -> tuple[Any, ...]:
    return (
        *(item.shard, item.provider, item.external_id, item.player_id, item.kind, item.round_id),
        *(item.game, item.currency, item.micros, item.jackpot_micros, item.free),
        *(item.original_id, item.refusal, item.reversed_by, item.settled, item.owed_micros),
        *(item.balance_micros, item.booked_at, item.promo, item.said),
    )


def _booking(row: asyncpg.Record) -> Booking:
    return Booking(
        shard=row["shard"],
        provider=row["provider"],
        player_id=PlayerId(str(row["player_id"])),
        external_id=row["external_id"],
        kind=_KINDS[row["kind"]],
        game=row["game"],
        currency=row["currency"],
        micros=row["micros"],
        balance_micros=row["balance_micros"],
        booked_at=row["booked_at"],
        round_id=None if row["round_id"] is None else str(row["round_id"]),
        jackpot_micros=row["jackpot_micros"],
        free=row["free"],
        original_id=row["original_id"],
        refusal=row["refusal"],
        reversed_by=row["reversed_by"],
        settled=row["settled"],
        owed_micros=row["owed_micros"],
        promo=row["promo"],
        said=row["said"],
    )


def _round(row: asyncpg.Record) -> Round:
    closed_by = row["closed_by"]
    return Round(
        shard=row["shard"],
        id=str(row["round_id"]),
        player_id=PlayerId(str(row["player_id"])),
        provider=row["provider"],
        ref=row["ref"],
        game=row["game"],
        version=row["version"],
        currency=row["currency"],
        staked_micros=row["staked_micros"],
        won_micros=row["won_micros"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        closed_by=None if closed_by is None else ClosedBy(closed_by),
    )


def _session(row: asyncpg.Record) -> Session:
    return Session(
        shard=row["shard"],
        id=str(row["session_id"]),
        player_id=PlayerId(str(row["player_id"])),
        provider=row["provider"],
        game=row["game"],
        currency=row["currency"],
        login_id=None if row["login_id"] is None else str(row["login_id"]),
        network=row["network"],
        token_no=row["token_no"],
        opened_at=row["opened_at"],
        ends_at=row["ends_at"],
        ended_at=row["ended_at"],
    )
