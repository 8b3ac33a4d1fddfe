"""The SQL of combinations."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import asyncpg
import msgspec

from pitboss.db import Transaction
from pitboss.kernel.ids import EventId
from pitboss.sportsbook.combinations.model import Combination, Part

_encode_parts = msgspec.json.Encoder().encode
_decode_parts = msgspec.json.Decoder(tuple[Part, ...]).decode


async def find(tx: Transaction, ids: Collection[str]) -> dict[str, Combination]:
    """Return those of the combinations that exist."""
    rows = await tx.fetch(
        "SELECT * FROM combination WHERE combination_id = ANY($1::uuid[])", list(ids)
    )
    return {one.id: one for one in map(_combination, rows)}


async def find_of_event(tx: Transaction, event_id: EventId) -> list[Combination]:
    """Return the combinations of an event that have a price, by their ids."""
    rows = await tx.fetch(
        "SELECT * FROM combination WHERE event_id = $1 AND price IS NOT NULL"
        " ORDER BY combination_id",
        event_id,
    )
    return list(map(_combination, rows))


async def save(tx: Transaction, changed: Sequence[Combination]) -> None:
    """Write combinations as they stand, each once."""
    if changed:
        await tx.execute(
            "INSERT INTO combination"
            " (combination_id, event_id, parts, price, tick, priced_at, priced_by)"
            " SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::text[], $5::bigint[],"
            " $6::timestamptz[], $7::text[])"
            " ON CONFLICT (combination_id) DO UPDATE SET parts = excluded.parts,"
            " price = excluded.price, tick = excluded.tick, priced_at = excluded.priced_at,"
            " priced_by = excluded.priced_by",
            [one.id for one in changed],
            [one.event_id for one in changed],
            [_encode_parts(one.parts) for one in changed],
            [one.price for one in changed],
            [one.tick for one in changed],
            [one.priced_at for one in changed],
            [one.priced_by for one in changed],
        )


def _combination(row: asyncpg.Record) -> Combination:
    return Combination(
        id=str(row["combination_id"]),
        event_id=EventId(str(row["event_id"])),
        parts=_decode_parts(row["parts"]),
        price=row["price"],
        tick=row["tick"],
        priced_at=row["priced_at"],
        priced_by=row["priced_by"],
    )
