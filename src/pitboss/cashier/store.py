"""The SQL of the cashier."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import asyncpg

from pitboss.cashier.model import (
    Block,
    NewsRefusal,
    NewsStatus,
    Payment,
    PaymentKind,
    PaymentNews,
    PaymentState,
    Postponement,
    SavedNews,
)
from pitboss.db import Transaction
from pitboss.kernel.ids import PaymentId, PlayerId
from pitboss.kernel.shards import SHARDS_ALL, Shard, shard_of

_PAYMENT = (
    "shard, payment_id, player_id, provider, kind, state, micros, currency, reference, reason,"
    " requested_at, closed_at, attempts"
)
_NEWS = (
    "shard, provider, event_id, digest, payment_id, kind, status, micros, currency, reference,"
    " reason, refusal, recorded_at"
)


async def find_payments(
    tx: Transaction, places: Collection[tuple[Shard, PaymentId]]
) -> dict[PaymentId, Payment]:
    """Return the payments that exist."""
    rows = await tx.fetch(
        f"SELECT {_PAYMENT} FROM payment"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, payment_id)"
        " USING (shard, payment_id)",
        [shard for shard, _ in places],
        [payment_id for _, payment_id in places],
    )
    return {payment.id: payment for payment in map(_payment, rows)}


async def find_anywhere(
    tx: Transaction, payment_ids: Collection[PaymentId]
) -> dict[PaymentId, Payment]:
    """Return the payments that exist, wherever they are."""
    # Every shard is named, so that each part of the key's index is used.
    rows = await tx.fetch(
        f"SELECT {_PAYMENT} FROM payment"
        " WHERE shard = ANY($1::smallint[]) AND payment_id = ANY($2::uuid[])",
        list(SHARDS_ALL),
        list(payment_ids),
    )
    return {payment.id: payment for payment in map(_payment, rows)}


async def find_by_player(
    tx: Transaction, shard: Shard, player_id: PlayerId, *, before: Payment | None, limit: int
) -> list[Payment]:
    """Return a player's payments, newest first, below one of them."""
    rows = await tx.fetch(
        f"SELECT {_PAYMENT} FROM payment WHERE shard = $1 AND player_id = $2"
        " AND ($3::timestamptz IS NULL OR (requested_at, payment_id) < ($3, $4::uuid))"
        " ORDER BY requested_at DESC, payment_id DESC LIMIT $5",
        shard,
        player_id,
        None if before is None else before.requested_at,
        None if before is None else before.id,
        limit,
    )
    return [_payment(row) for row in rows]


async def find_due(
    tx: Transaction, shards: Collection[Shard], provider: str, *, at: datetime, limit: int
) -> list[Payment]:
    """Return open payments whose time to be looked at has come, the longest due first."""
    rows = await tx.fetch(
        f"SELECT {_PAYMENT} FROM payment"
        " WHERE shard = ANY($1::smallint[]) AND provider = $2 AND try_at <= $3"
        " AND state IN ('requested', 'submitted')"
        " ORDER BY try_at, requested_at, payment_id LIMIT $4",
        list(shards),
        provider,
        at,
        limit,
    )
    return [_payment(row) for row in rows]


async def count_open(tx: Transaction) -> int:
    """Return how many payments have not ended."""
    row = await tx.fetch_one(
        "SELECT count(*) AS payments FROM payment WHERE state IN ('requested', 'submitted')"
    )
    return 0 if row is None else int(row["payments"])


async def find_awaited(
    tx: Transaction, places: Collection[tuple[Shard, PlayerId]]
) -> dict[PlayerId, int]:
    """Return what of deposits these players have asked for and not received, in micros."""
    rows = await tx.fetch(
        "SELECT payment.player_id, sum(micros)::bigint AS micros FROM payment"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " ON payment.shard = wanted.shard AND payment.player_id = wanted.player_id"
        " WHERE kind = 'deposit' AND state IN ('requested', 'submitted') GROUP BY 1",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    return {PlayerId(str(row["player_id"])): row["micros"] for row in rows}


async def find_owing(tx: Transaction, player_ids: Collection[PlayerId]) -> set[PlayerId]:
    """Return those of the players who have a payment that has not ended."""
    rows = await tx.fetch(
        "SELECT DISTINCT payment.player_id FROM payment"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " ON payment.shard = wanted.shard AND payment.player_id = wanted.player_id"
        " WHERE state IN ('requested', 'submitted')",
        [shard_of(player_id) for player_id in player_ids],
        list(player_ids),
    )
    return {PlayerId(str(row["player_id"])) for row in rows}


async def find_failing(
    tx: Transaction, places: Collection[tuple[Shard, PlayerId]], *, since: datetime
) -> set[PlayerId]:
    """Return those of the players of whom a withdrawal has failed, or was refused, since then."""
    rows = await tx.fetch(
        "SELECT DISTINCT payment.player_id FROM payment"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " ON payment.shard = wanted.shard AND payment.player_id = wanted.player_id"
        " WHERE kind = 'withdrawal' AND state IN ('failed', 'refused') AND closed_at > $3",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
        since,
    )
    return {PlayerId(str(row["player_id"])) for row in rows}


async def find_open(tx: Transaction, *, limit: int) -> list[Payment]:
    """Return payments that have not ended, the oldest first."""
    rows = await tx.fetch(
        f"SELECT {_PAYMENT} FROM payment WHERE state IN ('requested', 'submitted')"
        " ORDER BY requested_at, payment_id LIMIT $1",
        limit,
    )
    return [_payment(row) for row in rows]


async def find_totals(tx: Transaction) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Return (payments, micros) per (currency, kind, state)."""
    rows = await tx.fetch(
        "SELECT currency, kind, state, count(*) AS payments, sum(micros)::bigint AS micros"
        " FROM payment GROUP BY 1, 2, 3"
    )
    return {
        (row["currency"], row["kind"], row["state"]): (row["payments"], row["micros"])
        for row in rows
    }


async def find_blocks(
    tx: Transaction, places: Collection[tuple[Shard, PlayerId]]
) -> dict[PlayerId, Block]:
    """Return the newest block of deposits of each of these players who ever had one."""
    rows = await tx.fetch(
        "SELECT shard, player_id, blocked_at, failures, unblocked_at FROM deposit_block"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " USING (shard, player_id)",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    found = [
        Block(
            shard=Shard(row["shard"]),
            player_id=PlayerId(str(row["player_id"])),
            blocked_at=row["blocked_at"],
            failures=row["failures"],
            unblocked_at=row["unblocked_at"],
        )
        for row in rows
    ]
    return {block.player_id: block for block in found}


async def count_failed(
    tx: Transaction, since: Mapping[tuple[Shard, PlayerId], datetime], own_reasons: Collection[str]
) -> dict[PlayerId, int]:
    """Return how many deposits of these players their providers have failed since these moments.

    What failed for one of our own reasons, and without its provider knowing it, is not counted.
    """
    rows = await tx.fetch(
        "SELECT payment.player_id, count(*) AS failures FROM payment"
        " JOIN unnest($1::smallint[], $2::uuid[], $3::timestamptz[])"
        " AS wanted (shard, player_id, since)"
        " ON payment.shard = wanted.shard AND payment.player_id = wanted.player_id"
        " WHERE kind = 'deposit' AND state = 'failed' AND closed_at >= since"
        " AND NOT (reason = ANY($4::text[]) AND reference IS NULL) GROUP BY 1",
        [shard for shard, _ in since],
        [player_id for _, player_id in since],
        list(since.values()),
        list(own_reasons),
    )
    return {PlayerId(str(row["player_id"])): row["failures"] for row in rows}


async def save_block(tx: Transaction, block: Block) -> None:
    """Write how a player's block stands."""
    await tx.execute(
        "INSERT INTO deposit_block (shard, player_id, blocked_at, failures, unblocked_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (shard, player_id) DO UPDATE SET"
        " blocked_at = excluded.blocked_at, failures = excluded.failures,"
        " unblocked_at = excluded.unblocked_at",
        block.shard,
        block.player_id,
        block.blocked_at,
        block.failures,
        block.unblocked_at,
    )


async def save_payments(tx: Transaction, payments: Sequence[Payment]) -> None:
    """Write new payments."""
    if not payments:
        return
    await tx.execute(
        "INSERT INTO payment (shard, payment_id, player_id, provider, kind, state, micros,"
        " currency, reason, requested_at, closed_at)"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],"
        " $6::text[], $7::bigint[], $8::text[], $9::text[], $10::timestamptz[],"
        " $11::timestamptz[])",
        [payment.shard for payment in payments],
        [payment.id for payment in payments],
        [payment.player_id for payment in payments],
        [payment.provider for payment in payments],
        [payment.kind for payment in payments],
        [payment.state for payment in payments],
        [payment.micros for payment in payments],
        [payment.currency for payment in payments],
        [payment.reason for payment in payments],
        [payment.requested_at for payment in payments],
        [payment.closed_at for payment in payments],
    )


async def change_payments(tx: Transaction, payments: Sequence[Payment]) -> None:
    """Write how payments now stand; each is named once."""
    if not payments:
        return
    await tx.execute(
        "UPDATE payment SET state = batch.state, reference = batch.reference,"
        " reason = batch.reason, closed_at = batch.closed_at"
        " FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::text[],"
        "   $6::timestamptz[]) AS batch (shard, payment_id, state, reference, reason, closed_at)"
        " WHERE payment.shard = batch.shard AND payment.payment_id = batch.payment_id",
        [payment.shard for payment in payments],
        [payment.id for payment in payments],
        [payment.state for payment in payments],
        [payment.reference for payment in payments],
        [payment.reason for payment in payments],
        [payment.closed_at for payment in payments],
    )


async def mark_sent(tx: Transaction, payments: Sequence[Payment]) -> None:
    """Write that these payments may be heard of by their providers from now on."""
    if not payments:
        return
    await tx.execute(
        "UPDATE payment SET attempts = 1"
        " FROM unnest($1::smallint[], $2::uuid[]) AS batch (shard, payment_id)"
        " WHERE payment.shard = batch.shard AND payment.payment_id = batch.payment_id"
        " AND attempts = 0",
        [payment.shard for payment in payments],
        [payment.id for payment in payments],
    )


async def postpone(tx: Transaction, postponements: Sequence[Postponement]) -> None:
    """Write when payments are to be looked at again."""
    if not postponements:
        return
    await tx.execute(
        "UPDATE payment SET attempts = batch.attempts, try_at = batch.try_at"
        " FROM unnest($1::smallint[], $2::uuid[], $3::integer[], $4::timestamptz[])"
        "   AS batch (shard, payment_id, attempts, try_at)"
        " WHERE payment.shard = batch.shard AND payment.payment_id = batch.payment_id",
        [item.shard for item in postponements],
        [item.payment_id for item in postponements],
        [item.attempts for item in postponements],
        [item.try_at for item in postponements],
    )


async def find_told(
    tx: Transaction, places: Collection[tuple[Shard, PaymentNews]]
) -> list[SavedNews]:
    """Return what was told before under the event ids of this news."""
    rows = await tx.fetch(
        f"SELECT DISTINCT {_NEWS} FROM payment_news"
        " JOIN unnest($1::smallint[], $2::text[], $3::text[]) AS wanted (shard, provider, event_id)"
        " USING (shard, provider, event_id)",
        [shard for shard, _ in places],
        [news.provider for _, news in places],
        [news.event_id for _, news in places],
    )
    return [_saved_news(row) for row in rows]


async def find_refused_news(tx: Transaction, *, limit: int) -> list[SavedNews]:
    """Return news that was not believed, the newest first."""
    rows = await tx.fetch(
        f"SELECT {_NEWS} FROM payment_news WHERE refusal IS NOT NULL"
        " ORDER BY recorded_at DESC, shard, event_id LIMIT $1",
        limit,
    )
    return [_saved_news(row) for row in rows]


async def save_news(tx: Transaction, items: Sequence[SavedNews]) -> None:
    """Append news."""
    if not items:
        return
    await tx.copy_in(
        "payment_news",
        [name.strip() for name in _NEWS.split(",")],
        [
            (
                item.shard,
                item.news.provider,
                item.news.event_id,
                item.digest,
                item.news.payment_id,
                item.news.kind,
                item.news.status,
                item.news.micros,
                item.news.currency,
                item.news.reference,
                item.news.reason,
                item.refusal,
                item.recorded_at,
            )
            for item in items
        ],
    )


def _payment(row: asyncpg.Record) -> Payment:
    return Payment(
        shard=Shard(row["shard"]),
        id=PaymentId(str(row["payment_id"])),
        player_id=PlayerId(str(row["player_id"])),
        provider=row["provider"],
        kind=PaymentKind(row["kind"]),
        state=PaymentState(row["state"]),
        micros=row["micros"],
        currency=row["currency"],
        requested_at=row["requested_at"],
        reference=row["reference"],
        reason=row["reason"],
        closed_at=row["closed_at"],
        attempts=row["attempts"],
    )


def _saved_news(row: asyncpg.Record) -> SavedNews:
    return SavedNews(
        shard=Shard(row["shard"]),
        news=PaymentNews(
            provider=row["provider"],
            event_id=row["event_id"],
            payment_id=PaymentId(str(row["payment_id"])),
            kind=PaymentKind(row["kind"]),
            status=NewsStatus(row["status"]),
            micros=row["micros"],
            currency=row["currency"],
            reference=row["reference"],
            reason=row["reason"],
        ),
        digest=row["digest"],
        refusal=None if row["refusal"] is None else NewsRefusal(row["refusal"]),
        recorded_at=row["recorded_at"],
    )
