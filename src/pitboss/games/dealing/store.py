"""The SQL of dealing: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.games.dealing.model import DrawCount, DrawRun, HouseRound, RoundKey, Step, Undealt
from pitboss.games.house.model import Action, House
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of

_ROUND = (
    *("shard", "player_id", "round_id", "session_id", "game", "version", "currency", "wager"),
    "opened_at",
)
_ROUND_READ = ", ".join(f"round.{name}" for name in _ROUND)
_STEP = (
    *("shard", "player_id", "round_id", "number", "action", "staked_micros", "draw_digest"),
    *("draw", "played_at", "won_micros"),
)
_COUNT_READ = "instance, drawn, missing, counted_at, settled, lost"


async def find_rounds(tx: Transaction, keys: Collection[RoundKey]) -> list[HouseRound]:
    """Return those of the rounds that there are."""
    if not keys:
        return []
    rows = await tx.fetch(
        f"SELECT {_ROUND_READ} FROM unnest($1::smallint[], $2::uuid[], $3::uuid[])"
        " AS wanted (shard, player_id, round_id)"
        " JOIN house_round AS round USING (shard, player_id, round_id)",
        *_columns(keys),
    )
    return [_round(row) for row in rows]


async def find_page(tx: Transaction, *, after: RoundKey | None, limit: int) -> list[RoundKey]:
    """Return the next rounds by shard, player and id, from behind one."""
    rows = await tx.fetch(
        "SELECT player_id, round_id FROM house_round"
        " WHERE $1::smallint IS NULL OR (shard, player_id, round_id) > ($1, $2::uuid, $3::uuid)"
        " ORDER BY shard, player_id, round_id LIMIT $4",
        *((None, None, None) if after is None else (shard_of(after[0]), *after)),
        limit,
    )
    return [(PlayerId(str(row["player_id"])), str(row["round_id"])) for row in rows]


async def find_steps(tx: Transaction, keys: Collection[RoundKey]) -> list[Step]:
    """Return the steps of these rounds, each round's in order."""
    if not keys:
        return []
    rows = await tx.fetch(
        "SELECT step.* FROM unnest($1::smallint[], $2::uuid[], $3::uuid[])"
        " AS wanted (shard, player_id, round_id)"
        " JOIN house_step AS step USING (shard, player_id, round_id) ORDER BY step.number",
        *_columns(keys),
    )
    return [_step(row) for row in rows]


async def find_newest(
    tx: Transaction, places: Collection[tuple[PlayerId, House]]
) -> list[HouseRound]:
    """Return the newest round of each of these players and games, where there is one."""
    if not places:
        return []
    rows = await tx.fetch(
        f"SELECT {_ROUND_READ} FROM unnest($1::smallint[], $2::uuid[], $3::text[])"
        " AS wanted (shard, player_id, game) CROSS JOIN LATERAL (SELECT * FROM house_round AS one"
        "  WHERE one.shard = wanted.shard AND one.player_id = wanted.player_id"
        "  AND one.game = wanted.game ORDER BY one.opened_at DESC LIMIT 1) AS round",
        [shard_of(player_id) for player_id, _ in places],
        [player_id for player_id, _ in places],
        [game for _, game in places],
    )
    return [_round(row) for row in rows]


async def find_draw_runs(
    tx: Transaction, since: datetime, *, draws_max: int, gaps_max: int
) -> list[DrawRun]:
    """Return what was dealt of each start of the generator since a time, the newest first.

    So many of the newest draws are looked at, and all that were dealt from the first to the last of
    these: a draw from between may have been dealt by a turn that began before them.
    """
    rows = await tx.fetch(
        "WITH newest AS (SELECT draw::jsonb ->> 'instance' AS instance,"
        "   (draw::jsonb ->> 'sequence')::bigint AS sequence, played_at"
        "  FROM house_step WHERE draw IS NOT NULL AND played_at >= $1"
        "  ORDER BY played_at DESC LIMIT $2),"
        " run AS (SELECT instance, count(*) AS looked, min(sequence) AS first,"
        "  max(sequence) AS last, min(played_at) AS from_at, max(played_at) AS until"
        "  FROM newest GROUP BY instance)"
        " SELECT run.*, dealt.used, dealt.gaps FROM run CROSS JOIN LATERAL ("
        "  SELECT count(*) AS used, (array_agg(sequence - apart ORDER BY sequence)"
        "   FILTER (WHERE apart > 0))[:$3] AS gaps"
        "  FROM (SELECT sequence, sequence - lag(sequence) OVER (ORDER BY sequence) - 1 AS apart"
        "   FROM (SELECT DISTINCT (draw::jsonb ->> 'sequence')::bigint AS sequence FROM house_step"
        "    WHERE draw IS NOT NULL AND draw::jsonb ->> 'instance' = run.instance"
        "    AND (draw::jsonb ->> 'sequence')::bigint BETWEEN run.first AND run.last"
        "   ) AS used_once) AS in_order) AS dealt ORDER BY run.until DESC",
        *(since, draws_max, gaps_max),
    )
    return [
        DrawRun(
            instance=row["instance"],
            looked=row["looked"],
            used=row["used"],
            first=row["first"],
            last=row["last"],
            missing=row["last"] - row["first"] + 1 - row["used"],
            gaps=tuple(row["gaps"] or ()),
            from_at=row["from_at"],
            until=row["until"],
        )
        for row in rows
    ]


async def find_undealt(
    tx: Transaction, instance: str, *, after: int, until: int, first_max: int
) -> Undealt:
    """Return how many of these draws of a start of the generator nobody was dealt."""
    (row,) = await tx.fetch(
        "SELECT count(DISTINCT (draw::jsonb ->> 'sequence')::bigint) AS dealt FROM house_step"
        " WHERE draw IS NOT NULL AND draw::jsonb ->> 'instance' = $1"
        " AND (draw::jsonb ->> 'sequence')::bigint > $2"
        " AND (draw::jsonb ->> 'sequence')::bigint <= $3",
        *(instance, after, until),
    )
    missing = until - after - row["dealt"]
    if not missing:
        return Undealt(missing=0, first=(), until=until)
    rows = await tx.fetch(
        "SELECT drawn FROM generate_series($2::bigint + 1, $3) AS drawn"
        # Within the bounds once more, or all that was ever dealt may be looked through.
        " EXCEPT SELECT (draw::jsonb ->> 'sequence')::bigint FROM house_step"
        "  WHERE draw IS NOT NULL AND draw::jsonb ->> 'instance' = $1"
        "  AND (draw::jsonb ->> 'sequence')::bigint > $2"
        "  AND (draw::jsonb ->> 'sequence')::bigint <= $3 ORDER BY drawn LIMIT $4",
        *(instance, after, until, first_max),
    )
    return Undealt(missing=missing, first=tuple(row["drawn"] for row in rows), until=until)


async def find_counts(tx: Transaction, *, limit: int) -> list[DrawCount]:
    """Return the last count of each start of the generator, the newest first."""
    rows = await tx.fetch(
        f"SELECT {_COUNT_READ} FROM house_draw_count ORDER BY counted_at DESC, instance LIMIT $1",
        limit,
    )
    return [_count(row) for row in rows]


async def find_count(tx: Transaction, instance: str) -> DrawCount | None:
    """Return the last count of a start of the generator."""
    rows = await tx.fetch(
        f"SELECT {_COUNT_READ} FROM house_draw_count WHERE instance = $1",
        instance,
    )
    return _count(rows[0]) if rows else None


async def save_count(tx: Transaction, count: DrawCount) -> None:
    """Put a count in the place of the last one."""
    await tx.execute(
        f"INSERT INTO house_draw_count ({_COUNT_READ}) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (instance) DO UPDATE SET drawn = excluded.drawn, missing = excluded.missing,"
        "  counted_at = excluded.counted_at, settled = excluded.settled, lost = excluded.lost",
        *(count.instance, count.drawn, count.missing, count.counted_at),
        *(count.settled, count.lost),
    )


async def save_rounds(tx: Transaction, rounds: Sequence[HouseRound]) -> None:
    """Append rounds that begin."""
    if rounds:
        values = [
            (
                *(item.shard, item.player_id, item.id, item.session_id, item.game, item.version),
                *(item.currency, item.wager, item.opened_at),
            )
            for item in rounds
        ]
        await tx.copy_in("house_round", _ROUND, values)


async def save_steps(tx: Transaction, steps: Sequence[Step]) -> None:
    """Append steps that were taken."""
    if steps:
        values = [
            (
                *(item.shard, item.player_id, item.round_id, item.number, item.action),
                *(item.staked_micros, item.draw_digest, item.draw, item.played_at),
                item.won_micros,
            )
            for item in steps
        ]
        await tx.copy_in("house_step", _STEP, values)


def _columns(keys: Collection[RoundKey]) -> tuple[list[Shard], list[PlayerId], list[str]]:
    return (
        [shard_of(player_id) for player_id, _ in keys],
        [player_id for player_id, _ in keys],
        [round_id for _, round_id in keys],
    )


def _round(row: asyncpg.Record) -> HouseRound:
    return HouseRound(
        shard=Shard(row["shard"]),
        player_id=PlayerId(str(row["player_id"])),
        id=str(row["round_id"]),
        session_id=str(row["session_id"]),
        game=House(row["game"]),
        version=row["version"],
        currency=row["currency"],
        wager=row["wager"],
        opened_at=row["opened_at"],
    )


def _count(row: asyncpg.Record) -> DrawCount:
    return DrawCount(
        instance=row["instance"],
        drawn=row["drawn"],
        missing=row["missing"],
        counted_at=row["counted_at"],
        settled=row["settled"],
        lost=row["lost"],
    )


def _step(row: asyncpg.Record) -> Step:
    return Step(
        shard=Shard(row["shard"]),
        player_id=PlayerId(str(row["player_id"])),
        round_id=str(row["round_id"]),
        number=row["number"],
        action=Action(row["action"]),
        staked_micros=row["staked_micros"],
        played_at=row["played_at"],
        draw=row["draw"],
        won_micros=row["won_micros"],
    )
