"""The SQL of limits: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.jurisdictions.model import LimitKind, Period
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard
from pitboss.responsible.limits.model import Limit, LimitKey, Place, Played, PlayKey, Waiting

NO_PERIOD = "none"

_COLUMNS = (
    "shard, player_id, kind, period, value, set_at, waiting, waiting_value, asked_at, counts_from,"
    " lapses_at, needs_confirmation"
)


async def find_limits(tx: Transaction, places: Collection[Place]) -> list[Limit]:
    """Return all limits of these players."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM player_limit JOIN unnest($1::smallint[], $2::uuid[])"
        " AS wanted (of_shard, id) ON shard = of_shard AND player_id = id"
        " ORDER BY player_id, kind, period",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    return [_limit(row) for row in rows]


async def save_limits(tx: Transaction, limits: Sequence[Limit]) -> None:
    """Write limits as they are now."""
    waits = [limit.waiting for limit in limits]
    await tx.execute(
        f"INSERT INTO player_limit ({_COLUMNS}) SELECT * FROM unnest($1::smallint[], $2::uuid[],"
        " $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::boolean[], $8::bigint[],"
        " $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::boolean[])"
        " ON CONFLICT (shard, player_id, kind, period) DO UPDATE SET value = excluded.value,"
        " set_at = excluded.set_at, waiting = excluded.waiting,"
        " waiting_value = excluded.waiting_value, asked_at = excluded.asked_at,"
        " counts_from = excluded.counts_from, lapses_at = excluded.lapses_at,"
        " needs_confirmation = excluded.needs_confirmation",
        [limit.shard for limit in limits],
        [limit.player_id for limit in limits],
        [limit.key.kind.value for limit in limits],
        [written_period(limit.key) for limit in limits],
        [limit.value for limit in limits],
        [limit.set_at for limit in limits],
        [wait is not None for wait in waits],
        [None if wait is None else wait.value for wait in waits],
        [None if wait is None else wait.asked_at for wait in waits],
        [None if wait is None else wait.counts_from for wait in waits],
        [None if wait is None else wait.lapses_at for wait in waits],
        [wait is not None and wait.needs_confirmation for wait in waits],
    )


async def find_played(
    tx: Transaction, places: Collection[Place], *, since: datetime
) -> list[tuple[PlayerId, Played]]:
    """Return what these players did in each hour since then; what is older comes as one hour."""
    rows = await tx.fetch(
        "SELECT player_id, greatest(hour, $3) AS hour, sum(staked)::bigint, sum(settled)::bigint,"
        " sum(returned)::bigint, sum(deposited)::bigint, sum(withdrawn)::bigint FROM player_hour"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (of_shard, id)"
        " ON shard = of_shard AND player_id = id GROUP BY 1, 2",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
        since,
    )
    return [
        (
            PlayerId(str(player_id)),
            Played(
                hour=hour,
                staked=staked,
                settled=settled,
                returned=returned,
                deposited=deposited,
                withdrawn=withdrawn,
            ),
        )
        for player_id, hour, staked, settled, returned, deposited, withdrawn in rows
    ]


async def add_played(tx: Transaction, sums: Mapping[PlayKey, Sequence[int]]) -> None:
    """Add what was played, amounts as those of a `Play`, to the players' hours."""
    staked, settled, returned, deposited, withdrawn = zip(*sums.values(), strict=True)
    await tx.execute(
        "INSERT INTO player_hour AS known"
        " (shard, player_id, hour, staked, settled, returned, deposited, withdrawn)"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::timestamptz[], $4::bigint[],"
        " $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])"
        " ON CONFLICT (shard, player_id, hour) DO UPDATE SET"
        " staked = known.staked + excluded.staked, settled = known.settled + excluded.settled,"
        " returned = known.returned + excluded.returned,"
        " deposited = known.deposited + excluded.deposited,"
        " withdrawn = known.withdrawn + excluded.withdrawn",
        [shard for shard, _, _ in sums],
        [player_id for _, player_id, _ in sums],
        [hour for _, _, hour in sums],
        staked,
        settled,
        returned,
        deposited,
        withdrawn,
    )


def written_period(key: LimitKey) -> str:
    """Return how a key's period stands in its column, which is part of the row's own key."""
    return NO_PERIOD if key.period is None else key.period.value


def _limit(row: asyncpg.Record) -> Limit:
    period = None if row["period"] == NO_PERIOD else Period(row["period"])
    return Limit(
        shard=Shard(row["shard"]),
        player_id=PlayerId(str(row["player_id"])),
        key=LimitKey(kind=LimitKind(row["kind"]), period=period),
        value=row["value"],
        set_at=row["set_at"],
        waiting=Waiting(
            value=row["waiting_value"],
            asked_at=row["asked_at"],
            counts_from=row["counts_from"],
            lapses_at=row["lapses_at"],
            needs_confirmation=row["needs_confirmation"],
        )
        if row["waiting"]
        else None,
    )
