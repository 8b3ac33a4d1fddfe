"""The SQL of trading: one statement a step, for a whole batch.

Rows of books are locked in the order of selection, currency and partition by everybody, so nobody
waits in a ring.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import asyncpg
from msgspec.structs import replace

from pitboss.db import Transaction
from pitboss.kernel.ids import EventId, MarketId, PlayerId, SelectionId
from pitboss.kernel.shards import PARTITIONS_ALL, Partition, Shard
from pitboss.sportsbook.trading.model import (
    Factor,
    Limit,
    Line,
    OnBook,
    Place,
    Scope,
    Stand,
    parse_factor,
    write_factor,
)

_KEY = "selection_id, currency, partition"


async def find_stands(
    tx: Transaction, currency: str, selection_ids: Collection[SelectionId]
) -> dict[SelectionId, list[Stand]]:
    """Return how each partition stands on these selections; none where nothing was ever taken."""
    rows = await tx.fetch(
        "SELECT selection_id, partition, winnings_micros, moved_micros FROM trading_book"
        " WHERE currency = $1 AND selection_id = ANY($2::uuid[])",
        currency,
        list(selection_ids),
    )
    return _stands(rows)


async def lock_stands(
    tx: Transaction, currency: str, places: Mapping[SelectionId, Place]
) -> dict[SelectionId, list[Stand]]:
    """Lock the rows of all partitions on these selections, and make those that are missing."""
    wanted = [(one, partition) for one in sorted(places) for partition in PARTITIONS_ALL]
    rows = await tx.fetch(
        # An update that changes nothing locks a row that is there; and what a row says is read
        # after the lock.
        "INSERT INTO trading_book AS book"
        " (selection_id, currency, partition, market_id, event_id, bets, stake_micros,"
        "  winnings_micros)"
        " SELECT selection_id, $1, partition, market_id, event_id, 0, 0, 0"
        " FROM unnest($2::uuid[], $3::smallint[], $4::uuid[], $5::uuid[]) WITH ORDINALITY"
        "   AS wanted (selection_id, partition, market_id, event_id, number) ORDER BY number"
        f" ON CONFLICT ({_KEY}) DO UPDATE SET bets = book.bets"
        " RETURNING selection_id, partition, winnings_micros, moved_micros",
        currency,
        [one for one, _ in wanted],
        [partition for _, partition in wanted],
        [places[one].market_id for one, _ in wanted],
        [places[one].event_id for one, _ in wanted],
    )
    return _stands(rows)


async def move_room(
    tx: Transaction, currency: str, moves: Mapping[SelectionId, Mapping[Partition, int]]
) -> None:
    """Move room from partition to partition, of rows that are locked."""
    wanted = [
        (one, partition, micros)
        for one, mine in sorted(moves.items())
        for partition, micros in sorted(mine.items())
    ]
    await tx.execute(
        "UPDATE trading_book AS book SET moved_micros = book.moved_micros + batch.micros"
        " FROM unnest($2::uuid[], $3::smallint[], $4::bigint[])"
        "   AS batch (selection_id, partition, micros)"
        " WHERE book.selection_id = batch.selection_id AND book.currency = $1"
        "   AND book.partition = batch.partition",
        currency,
        [one for one, _, _ in wanted],
        [partition for _, partition, _ in wanted],
        [micros for _, _, micros in wanted],
    )


async def take(tx: Transaction, lines: Sequence[Line]) -> bool:
    """Add to books what bets would win; say whether all of it is within the partitions' room.

    If not, the caller's transaction must not be committed.
    """
    ordered = sorted(lines, key=_key)
    rows = await tx.execute(
        "INSERT INTO trading_book AS book"
        " (selection_id, currency, partition, market_id, event_id, bets, stake_micros,"
        "  winnings_micros, share_micros)"
        " SELECT selection_id, currency, partition, market_id, event_id, bets, stake_micros,"
        "  winnings_micros, share_micros"
        " FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::uuid[], $5::uuid[],"
        "  $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[]) WITH ORDINALITY AS batch"
        " (selection_id, currency, partition, market_id, event_id, bets, stake_micros,"
        "  winnings_micros, share_micros, number) ORDER BY number"
        f" ON CONFLICT ({_KEY}) DO UPDATE SET bets = book.bets + excluded.bets,"
        "  stake_micros = book.stake_micros + excluded.stake_micros,"
        "  winnings_micros = book.winnings_micros + excluded.winnings_micros,"
        "  share_micros = excluded.share_micros"
        # The limit once more, under the row's lock: what was believed when the bets were weighed
        # may have been taken or moved away since.
        " WHERE excluded.share_micros IS NULL OR book.winnings_micros + excluded.winnings_micros"
        "  <= excluded.share_micros + book.moved_micros",
        [line.selection_id for line in ordered],
        [line.currency for line in ordered],
        [line.partition for line in ordered],
        [line.place.market_id for line in ordered],
        [line.place.event_id for line in ordered],
        [line.bets for line in ordered],
        [line.stake_micros for line in ordered],
        [line.winnings_micros for line in ordered],
        [line.share_micros for line in ordered],
    )
    return rows == f"INSERT 0 {len(ordered)}"


async def change(tx: Transaction, lines: Sequence[Line]) -> bool:
    """Add to books, or take from them, whatever the limits; say whether what is less was there."""
    ordered = sorted(lines, key=_key)
    await tx.execute(
        "SELECT FROM trading_book AS book JOIN unnest($1::uuid[], $2::text[], $3::smallint[])"
        "   AS batch (selection_id, currency, partition)"
        f" USING ({_KEY}) ORDER BY {_KEY} FOR UPDATE OF book",
        [line.selection_id for line in ordered],
        [line.currency for line in ordered],
        [line.partition for line in ordered],
    )
    if any(line.bets > 0 for line in ordered):
        # Bets that were closed before there were books have no row to come back to.  It is made
        # empty: beside bets that come back others end, and no row is made with less than nothing.
        await take(tx, [_emptied(line) for line in ordered if line.bets > 0])
    rows = await tx.execute(
        "UPDATE trading_book AS book SET bets = book.bets + batch.bets,"
        "  stake_micros = book.stake_micros + batch.stake_micros,"
        "  winnings_micros = book.winnings_micros + batch.winnings_micros"
        " FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::bigint[], $5::bigint[],"
        "   $6::bigint[])"
        "   AS batch (selection_id, currency, partition, bets, stake_micros, winnings_micros)"
        " WHERE book.selection_id = batch.selection_id AND book.currency = batch.currency"
        "   AND book.partition = batch.partition",
        [line.selection_id for line in ordered],
        [line.currency for line in ordered],
        [line.partition for line in ordered],
        [line.bets for line in ordered],
        [line.stake_micros for line in ordered],
        [line.winnings_micros for line in ordered],
    )
    return rows == f"UPDATE {len(ordered)}"


def _emptied(line: Line) -> Line:
    return replace(line, bets=0, stake_micros=0, winnings_micros=0)


async def find_books(tx: Transaction, event_id: EventId) -> list[OnBook]:
    """Return what is taken on the selections of an event, by market, selection and currency."""
    rows = await tx.fetch(
        "SELECT market_id, selection_id, currency, sum(bets)::bigint AS bets,"
        " sum(stake_micros)::bigint AS stake, sum(winnings_micros)::bigint AS winnings"
        " FROM trading_book WHERE event_id = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        event_id,
    )
    return [
        OnBook(
            market_id=MarketId(str(row["market_id"])),
            selection_id=SelectionId(str(row["selection_id"])),
            currency=row["currency"],
            bets=row["bets"],
            stake_micros=row["stake"],
            winnings_micros=row["winnings"],
        )
        for row in rows
    ]


async def find_newest_no(tx: Transaction) -> int:
    """Return the number of the newest limit; 0 if there never was one."""
    row = await tx.fetch_one("SELECT coalesce(max(no), 0) AS no FROM trading_limit")
    return 0 if row is None else int(row["no"])


async def find_limits(tx: Transaction) -> list[Limit]:
    """Return the newest limit for every scope, target and currency."""
    rows = await tx.fetch(
        "SELECT DISTINCT ON (scope, target, currency) * FROM trading_limit"
        " ORDER BY scope, target, currency, no DESC"
    )
    return [_limit(row) for row in rows]


async def find_history(
    tx: Transaction, scope: Scope, target: str, *, before: int | None, limit: int
) -> list[Limit]:
    """Return all limits that a scope and target ever had, the newest first."""
    rows = await tx.fetch(
        "SELECT * FROM trading_limit WHERE scope = $1 AND target = $2"
        " AND ($3::bigint IS NULL OR no < $3) ORDER BY no DESC LIMIT $4",
        scope.value,
        target,
        before,
        limit,
    )
    return [_limit(row) for row in rows]


async def save_limit(tx: Transaction, limit: Limit) -> None:
    """Write what staff allow now."""
    await tx.copy_in(
        "trading_limit",
        (
            *("no", "scope", "target", "currency", "bet_winnings_max", "winnings_max"),
            *("set_at", "set_by", "referral_winnings_max"),
        ),
        [
            (
                limit.no,
                limit.scope.value,
                limit.target,
                limit.currency,
                limit.bet_winnings_max,
                limit.winnings_max,
                limit.set_at,
                limit.set_by,
                limit.referral_winnings_max,
            )
        ],
    )


async def find_factors(
    tx: Transaction, places: Sequence[tuple[Shard, PlayerId]]
) -> dict[PlayerId, Factor]:
    """Return the newest factor of those of the players who ever had one."""
    rows = await tx.fetch(
        "SELECT DISTINCT ON (wanted.number) wanted.number AS place, factor.number, factor, set_at,"
        " set_by FROM trading_factor AS factor"
        " JOIN unnest($1::smallint[], $2::uuid[]) WITH ORDINALITY"
        "   AS wanted (of_shard, id, number) ON shard = of_shard AND player_id = id"
        " ORDER BY wanted.number, factor.number DESC",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    found: dict[PlayerId, Factor] = {}
    for row in rows:
        shard, player_id = places[row["place"] - 1]
        found[player_id] = _factor(shard, player_id, row)
    return found


async def find_factor_history(
    tx: Transaction, shard: Shard, player_id: PlayerId, *, limit: int
) -> list[Factor]:
    """Return the factors that a player ever had, the newest first."""
    rows = await tx.fetch(
        "SELECT number, factor, set_at, set_by FROM trading_factor"
        " WHERE shard = $1 AND player_id = $2 ORDER BY number DESC LIMIT $3",
        shard,
        player_id,
        limit,
    )
    return [_factor(shard, player_id, row) for row in rows]


async def save_factor(tx: Transaction, factor: Factor, now: datetime) -> None:
    """Write a player's factor."""
    await tx.copy_in(
        "trading_factor",
        ("shard", "player_id", "number", "factor", "set_at", "set_by"),
        [
            (
                factor.shard,
                factor.player_id,
                factor.number,
                write_factor(factor.factor),
                now,
                factor.set_by,
            )
        ],
    )


def _key(line: Line) -> tuple[str, str, int]:
    return line.selection_id, line.currency, line.partition


def _stands(rows: Sequence[asyncpg.Record]) -> dict[SelectionId, list[Stand]]:
    stands: dict[SelectionId, list[Stand]] = {}
    for selection_id, partition, winnings_micros, moved_micros in rows:
        stands.setdefault(SelectionId(str(selection_id)), []).append(
            Stand(
                partition=Partition(partition),
                winnings_micros=winnings_micros,
                moved_micros=moved_micros,
            )
        )
    return stands


def _limit(row: asyncpg.Record) -> Limit:
    return Limit(
        no=row["no"],
        scope=Scope(row["scope"]),
        target=row["target"],
        currency=row["currency"],
        bet_winnings_max=row["bet_winnings_max"],
        winnings_max=row["winnings_max"],
        set_at=row["set_at"],
        set_by=row["set_by"],
        referral_winnings_max=row["referral_winnings_max"],
    )


def _factor(shard: Shard, player_id: PlayerId, row: asyncpg.Record) -> Factor:
    return Factor(
        shard=shard,
        player_id=player_id,
        number=row["number"],
        factor=parse_factor(row["factor"]),
        set_at=row["set_at"],
        set_by=row["set_by"],
    )
