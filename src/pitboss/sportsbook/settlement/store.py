"""The SQL of settlement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import asyncpg
import msgspec

from pitboss.db import Transaction
from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId, SelectionId
from pitboss.kernel.shards import Partition
from pitboss.sportsbook.betting.model import BetState, OpenBet
from pitboss.sportsbook.settlement.facts import BetSetAside
from pitboss.sportsbook.settlement.model import (
    Awaited,
    AwaitedPage,
    AwaitedSelection,
    Late,
    LeftAside,
    MarketResult,
    Ruling,
    Said,
    SelectionResult,
    Walk,
    Window,
)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[SelectionResult, ...]).decode
_decode_windows = msgspec.json.Decoder(tuple[Window, ...]).decode
_decode_said = msgspec.json.Decoder(Said).decode
_ASIDE = (
    "SELECT shard, bet_id, aside.player_id, why, since, state"
    " FROM settlement_aside AS aside JOIN bet USING (shard, bet_id)"
)
# Every row is a selection with open bets of which no result counts, in a market that should have
# one, unless that is void for every bet; what is open is read from the books of all partitions.
# `$1` is when an event that is to have ended by now started at the latest, `$2` a producer or null.
# A page that is empty is one row, of how many markets there are in all.
_AWAITED = """
    WITH book AS (
        SELECT market_id, selection_id, currency, sum(bets)::bigint AS bets,
               sum(stake_micros)::bigint AS stake_micros
        FROM trading_book WHERE bets > 0 GROUP BY market_id, selection_id, currency
    ), awaited AS (
        SELECT market.*, event.starts_at, event.sport, event.home, event.away,
               event.name AS event_name, event.status AS event_status,
               book.selection_id, book.currency, book.bets, book.stake_micros,
               CASE WHEN event.status IN ('ended', 'abandoned', 'cancelled') THEN 'event_over'
                    WHEN market.status NOT IN ('open', 'suspended') THEN 'market_closed'
                    ELSE 'overdue' END AS late,
               coalesce(newest.windows, '[]') <> '[]' AS part_void
        FROM book JOIN catalog_market AS market USING (market_id)
        JOIN catalog_event AS event USING (event_id)
        LEFT JOIN LATERAL (
            SELECT convert_from(results, 'UTF8')::jsonb AS results,
                   convert_from(windows, 'UTF8')::jsonb AS windows
            FROM settlement_result AS result WHERE result.market_id = market.market_id
            ORDER BY version DESC LIMIT 1
        ) AS newest ON true
        WHERE (event.status IN ('ended', 'abandoned', 'cancelled')
               OR market.status NOT IN ('open', 'suspended') OR event.starts_at <= $1)
          AND ($2::text IS NULL OR market.producer = $2)
          AND NOT EXISTS (
              SELECT FROM jsonb_array_elements(newest.results) AS told
              WHERE told ->> 'selection_id' = book.selection_id::text)
          AND NOT EXISTS (
              SELECT FROM jsonb_array_elements(newest.windows) AS told
              WHERE told ->> 'from_at' IS NULL AND told ->> 'until' IS NULL)
    ), page AS (
        SELECT DISTINCT starts_at, market_id FROM awaited
        WHERE $3::uuid IS NULL OR (starts_at, market_id) > (
            SELECT starts_at, market_id FROM catalog_market JOIN catalog_event USING (event_id)
            WHERE market_id = $3)
        ORDER BY starts_at, market_id LIMIT $4
    )
    SELECT of_all.markets, shown.*
    FROM (SELECT count(DISTINCT market_id) AS markets FROM awaited) AS of_all
    LEFT JOIN (
        SELECT awaited.*, selection.code
        FROM page JOIN awaited USING (starts_at, market_id)
        JOIN catalog_selection AS selection USING (selection_id)
    ) AS shown ON true
    ORDER BY starts_at, market_id, code, currency"""
_COLUMNS = "no, market_id, version, event_id, results, windows, said, moves"


async def find_aside(tx: Transaction, places: Collection[OpenBet]) -> list[LeftAside]:
    """Return those of these bets that are set aside."""
    rows = await tx.fetch(
        f"{_ASIDE} JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, bet_id)"
        " USING (shard, bet_id) ORDER BY since, bet_id",
        [place.shard for place in places],
        [place.bet_id for place in places],
    )
    return list(map(_left_aside, rows))


async def list_aside(tx: Transaction, *, limit: int) -> list[LeftAside]:
    """Return the bets that are set aside, the oldest first."""
    rows = await tx.fetch(f"{_ASIDE} ORDER BY since, bet_id LIMIT $1", limit)
    return list(map(_left_aside, rows))


async def save_aside(tx: Transaction, place: OpenBet, fact: BetSetAside, since: datetime) -> None:
    """Write that a bet is set aside."""
    await tx.execute(
        "INSERT INTO settlement_aside (shard, bet_id, player_id, why, since)"
        " VALUES ($1, $2, $3, $4, $5)",
        place.shard,
        place.bet_id,
        fact.player_id,
        fact.why,
        since,
    )


async def end_aside(tx: Transaction, ended: Sequence[LeftAside]) -> None:
    """Write that bets are not set aside any more."""
    if ended:
        await tx.execute(
            "DELETE FROM settlement_aside USING unnest($1::smallint[], $2::uuid[])"
            " AS gone (shard, bet_id)"
            " WHERE settlement_aside.shard = gone.shard AND settlement_aside.bet_id = gone.bet_id",
            [one.shard for one in ended],
            [one.bet_id for one in ended],
        )


async def find_awaited(
    tx: Transaction,
    *,
    started_by: datetime,
    producer: str | None,
    after: MarketId | None,
    limit: int,
) -> AwaitedPage:
    """Return markets whose bets wait for a result, the oldest event first, behind `after`.

    Events that started by then should have ended.
    """
    rows = await tx.fetch(_AWAITED, started_by, producer, after, limit)
    shown = [row for row in rows if row["market_id"] is not None]
    return AwaitedPage(
        markets=tuple(
            [_awaited(list(mine)) for _, mine in groupby(shown, key=itemgetter("market_id"))]
        ),
        count=rows[0]["markets"],
    )


async def find_last_no(tx: Transaction) -> int:
    """Return the number of the newest result, or 0."""
    row = await tx.fetch_one("SELECT coalesce(max(no), 0) AS no FROM settlement_result")
    return 0 if row is None else int(row["no"])


async def find_results(
    tx: Transaction, market_ids: Collection[MarketId]
) -> dict[MarketId, MarketResult]:
    """Return what counts of each market of which something was said."""
    rows = await tx.fetch(
        f"SELECT DISTINCT ON (market_id) {_COLUMNS} FROM settlement_result"
        " WHERE market_id = ANY($1::uuid[]) ORDER BY market_id, version DESC",
        list(market_ids),
    )
    return {result.market_id: result for result in map(_result, rows)}


async def find_rulings(
    tx: Transaction, market_ids: Collection[MarketId]
) -> dict[MarketId, list[Ruling]]:
    """Return all that was said of these markets, in the order of its arrival."""
    rows = await tx.fetch(
        "SELECT market_id, version, said, recorded_at FROM settlement_result"
        " WHERE market_id = ANY($1::uuid[]) ORDER BY market_id, version",
        list(market_ids),
    )
    found: dict[MarketId, list[Ruling]] = {}
    for row in rows:
        ruling = Ruling(
            version=row["version"], said=_decode_said(row["said"]), recorded_at=row["recorded_at"]
        )
        found.setdefault(MarketId(str(row["market_id"])), []).append(ruling)
    return found


async def find_results_by_no(tx: Transaction, nos: Collection[int]) -> dict[int, MarketResult]:
    """Return what was said under these numbers."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM settlement_result WHERE no = ANY($1::bigint[])", list(nos)
    )
    return {result.no: result for result in map(_result, rows)}


async def find_results_after(tx: Transaction, no: int, *, limit: int) -> list[MarketResult]:
    """Return the next results in their order."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM settlement_result WHERE no > $1 ORDER BY no LIMIT $2", no, limit
    )
    return [_result(row) for row in rows]


async def save_results(
    tx: Transaction, results: Sequence[MarketResult], recorded_at: datetime
) -> None:
    """Append results."""
    if not results:
        return
    await tx.copy_in(
        "settlement_result",
        (
            *("no", "market_id", "version", "event_id", "results", "recorded_at"),
            *("windows", "said", "moves"),
        ),
        [
            (
                item.no,
                item.market_id,
                item.version,
                item.event_id,
                _encode(item.selections),
                recorded_at,
                _encode(item.windows),
                _encode(item.said),
                item.moves,
            )
            for item in results
        ],
    )


async def lock_cursor(tx: Transaction, partition: Partition) -> int | None:
    """Lock a partition's cursor and return its result; None if another settler has it."""
    row = await tx.fetch_one(
        "SELECT result_no FROM settlement_cursor WHERE partition = $1 FOR UPDATE SKIP LOCKED",
        partition,
    )
    return None if row is None else int(row["result_no"])


async def move_cursor(tx: Transaction, partition: Partition, result_no: int) -> None:
    """Write up to which result a partition has begun."""
    await tx.execute(
        "UPDATE settlement_cursor SET result_no = $2 WHERE partition = $1", partition, result_no
    )


async def find_walks(tx: Transaction, partition: Partition) -> list[Walk]:
    """Return the results that a partition is settling, the oldest first."""
    rows = await tx.fetch(
        "SELECT result_no, market_id, after_shard, after_bet FROM settlement_walk"
        " WHERE partition = $1 ORDER BY result_no",
        partition,
    )
    return [_walk(row, partition) for row in rows]


async def save_walks(tx: Transaction, walks: Sequence[Walk]) -> None:
    """Write how far these walks are, new ones included."""
    if not walks:
        return
    await tx.execute(
        "INSERT INTO settlement_walk (partition, result_no, market_id, after_shard, after_bet)"
        " SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::smallint[],"
        "   $5::uuid[])"
        " ON CONFLICT (partition, result_no) DO UPDATE"
        " SET after_shard = excluded.after_shard, after_bet = excluded.after_bet",
        [walk.partition for walk in walks],
        [walk.result_no for walk in walks],
        [walk.market_id for walk in walks],
        [None if walk.after is None else walk.after.shard for walk in walks],
        [None if walk.after is None else walk.after.bet_id for walk in walks],
    )


async def end_walks(tx: Transaction, partition: Partition, result_nos: Collection[int]) -> None:
    """Forget walks that are done."""
    if result_nos:
        await tx.execute(
            "DELETE FROM settlement_walk WHERE partition = $1 AND result_no = ANY($2::bigint[])",
            partition,
            list(result_nos),
        )


async def find_lags(tx: Transaction) -> dict[Partition, int]:
    """Return how many results each partition has still to settle."""
    rows = await tx.fetch(
        "SELECT partition, (SELECT coalesce(max(no), 0) FROM settlement_result) - result_no"
        "   + (SELECT count(*) FROM settlement_walk AS walk"
        "      WHERE walk.partition = cursor.partition) AS lag"
        " FROM settlement_cursor AS cursor ORDER BY partition"
    )
    return {Partition(row["partition"]): row["lag"] for row in rows}


def _walk(row: asyncpg.Record, partition: Partition) -> Walk:
    after = None
    if row["after_bet"] is not None:
        after = OpenBet(shard=row["after_shard"], bet_id=BetId(str(row["after_bet"])))
    return Walk(
        partition=partition,
        result_no=row["result_no"],
        market_id=MarketId(str(row["market_id"])),
        after=after,
    )


def _result(row: asyncpg.Record) -> MarketResult:
    return MarketResult(
        no=row["no"],
        market_id=MarketId(str(row["market_id"])),
        version=row["version"],
        event_id=EventId(str(row["event_id"])),
        selections=_decode(row["results"]),
        windows=_decode_windows(row["windows"]),
        said=_decode_said(row["said"]),
        moves=row["moves"],
    )


def _awaited(rows: Sequence[asyncpg.Record]) -> Awaited:
    """Return a market from the rows of its selections."""
    row = rows[0]
    return Awaited(
        market_id=MarketId(str(row["market_id"])),
        event_id=EventId(str(row["event_id"])),
        sport=row["sport"],
        home=row["home"],
        away=row["away"],
        event_name=row["event_name"],
        starts_at=row["starts_at"],
        event_status=row["event_status"],
        kind=row["kind"],
        line=row["line"],
        specifiers=row["specifiers"],
        producer=row["producer"],
        status=row["status"],
        late=Late(row["late"]),
        part_void=row["part_void"],
        selections=tuple(
            AwaitedSelection(
                selection_id=SelectionId(str(one["selection_id"])),
                code=one["code"],
                currency=one["currency"],
                bets=one["bets"],
                stake_micros=one["stake_micros"],
            )
            for one in rows
        ),
    )


def _left_aside(row: asyncpg.Record) -> LeftAside:
    return LeftAside(
        shard=row["shard"],
        bet_id=BetId(str(row["bet_id"])),
        player_id=PlayerId(str(row["player_id"])),
        why=row["why"],
        since=row["since"],
        state=BetState(row["state"]),
    )
