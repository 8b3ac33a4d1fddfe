"""The SQL of limits: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

import asyncpg

from pitboss.db import Transaction
from pitboss.jurisdictions.model import LiftedBy, LimitKind, Period
from pitboss.kernel.ids import PaymentId, PlayerId
from pitboss.kernel.shards import Shard
from pitboss.responsible.limits.model import (
    Happened,
    HistoryLine,
    Initiator,
    Lift,
    Limit,
    LimitKey,
    Payout,
    Place,
    Played,
    PlayKey,
    Waiting,
)

NO_PERIOD = "none"
# The columns of what was played, in the order of a `Play`.
_AMOUNTS = ("staked", "settled", "returned", "deposited", "withdrawn")

_VALUES = (
    "kind, period, value, set_at, waiting, waiting_value, asked_at, counts_from, lapses_at,"
    " needs_confirmation"
)
_COLUMNS = f"shard, player_id, {_VALUES}"
# Looked up instead of made: the same few stand in every row.
_KEYS = {
    (kind.value, NO_PERIOD if period is None else period.value): LimitKey(kind=kind, period=period)
    for kind in LimitKind
    for period in (None, *Period)
}


async def find_limits(tx: Transaction, places: Sequence[Place]) -> list[Limit]:
    """Return all limits of these players."""
    # The number of the place comes back instead of its id, which need not be written out again.
    rows = await tx.fetch(
        f"SELECT wanted.number, {_VALUES}, until FROM player_limit"
        " JOIN unnest($1::smallint[], $2::uuid[])"
        " WITH ORDINALITY AS wanted (of_shard, id, number) ON shard = of_shard AND player_id = id"
        " LEFT JOIN limit_closed USING (shard, player_id, kind, period)"
        " ORDER BY player_id, kind, period",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    return [_limit(places[row[0] - 1], row) for row in rows]


async def find_lifts(tx: Transaction, places: Sequence[Place]) -> list[Lift]:
    """Return the statutory caps that were raised for these players."""
    rows = await tx.fetch(
        "SELECT wanted.number, kind, period, most, ground, lifted_at FROM player_cap"
        " JOIN unnest($1::smallint[], $2::uuid[])"
        " WITH ORDINALITY AS wanted (of_shard, id, number) ON shard = of_shard AND player_id = id"
        " ORDER BY player_id, kind, period",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    return [
        Lift(
            shard=places[row["number"] - 1][0],
            player_id=places[row["number"] - 1][1],
            key=_KEYS[row["kind"], row["period"]],
            most=row["most"],
            ground=LiftedBy(row["ground"]),
            lifted_at=row["lifted_at"],
        )
        for row in rows
    ]


async def save_lift(tx: Transaction, lift: Lift) -> None:
    """Write what a statutory cap is for a player now."""
    await tx.execute(
        "INSERT INTO player_cap (shard, player_id, kind, period, most, ground, lifted_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (shard, player_id, kind, period)"
        " DO UPDATE SET most = excluded.most, ground = excluded.ground,"
        " lifted_at = excluded.lifted_at",
        lift.shard,
        lift.player_id,
        lift.key.kind.value,
        written_period(lift.key),
        lift.most,
        lift.ground.value,
        lift.lifted_at,
    )


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


async def save_closed(tx: Transaction, limits: Sequence[Limit]) -> None:
    """Write until when limits that were used up are closed."""
    await tx.execute(
        "INSERT INTO limit_closed (shard, player_id, kind, period, until) SELECT * FROM"
        " unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])"
        " ON CONFLICT (shard, player_id, kind, period) DO UPDATE SET until = excluded.until",
        [limit.shard for limit in limits],
        [limit.player_id for limit in limits],
        [limit.key.kind.value for limit in limits],
        [written_period(limit.key) for limit in limits],
        [limit.closed_until for limit in limits],
    )


async def find_played(
    tx: Transaction, places: Sequence[Place], *, since: datetime
) -> list[tuple[PlayerId, Played]]:
    """Return what these players did in each hour since then; what is older comes as one hour."""
    rows = await tx.fetch(
        "SELECT number, greatest(hour, $3) AS hour, sum(staked)::bigint, sum(settled)::bigint,"
        " sum(returned)::bigint, sum(deposited)::bigint, sum(withdrawn)::bigint FROM player_hour"
        " JOIN unnest($1::smallint[], $2::uuid[]) WITH ORDINALITY AS wanted (of_shard, id, number)"
        " ON shard = of_shard AND player_id = id GROUP BY 1, 2",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
        since,
    )
    return [
        (
            places[number - 1][1],
            Played(
                hour=hour,
                staked=staked,
                settled=settled,
                returned=returned,
                deposited=deposited,
                withdrawn=withdrawn,
            ),
        )
        for number, hour, staked, settled, returned, deposited, withdrawn in rows
    ]


async def save_change(tx: Transaction, line: HistoryLine) -> None:
    """Append a change of a limit under the player's next number."""
    await tx.execute(
        "INSERT INTO limit_change (shard, player_id, number, changed_at, happened, kind, period,"
        " value, before, initiator, counts_from) SELECT $1, $2, coalesce(max(number), 0) + 1,"
        " $3, $4, $5, $6, $7, $8, $9, $10 FROM limit_change WHERE shard = $1 AND player_id = $2",
        line.shard,
        line.player_id,
        line.changed_at,
        line.happened.value,
        line.key.kind.value,
        written_period(line.key),
        line.value,
        line.before,
        None if line.initiator is None else line.initiator.value,
        line.counts_from,
    )


async def find_changes(
    tx: Transaction, place: Place, *, before: int | None, limit: int
) -> list[HistoryLine]:
    """Return the changes of a player's limits with smaller numbers, the newest first."""
    rows = await tx.fetch(
        "SELECT * FROM limit_change WHERE shard = $1 AND player_id = $2"
        " AND ($3::int IS NULL OR number < $3) ORDER BY number DESC LIMIT $4",
        *place,
        before,
        limit,
    )
    return [
        HistoryLine(
            shard=Shard(row["shard"]),
            player_id=PlayerId(str(row["player_id"])),
            number=row["number"],
            changed_at=row["changed_at"],
            happened=Happened(row["happened"]),
            key=_KEYS[row["kind"], row["period"]],
            value=row["value"],
            before=row["before"],
            initiator=None if row["initiator"] is None else Initiator(row["initiator"]),
            counts_from=row["counts_from"],
        )
        for row in rows
    ]


async def find_totals(tx: Transaction, place: Place) -> tuple[int, ...]:
    """Return all that a player has ever done, in the order of a `Play`."""
    row = await tx.fetch_one(
        "SELECT coalesce(sum(staked), 0)::bigint, coalesce(sum(settled), 0)::bigint,"
        " coalesce(sum(returned), 0)::bigint, coalesce(sum(deposited), 0)::bigint,"
        " coalesce(sum(withdrawn), 0)::bigint FROM player_hour"
        " WHERE shard = $1 AND player_id = $2",
        *place,
    )
    return (0, 0, 0, 0, 0) if row is None else tuple(row)


async def add_played(tx: Transaction, sums: Mapping[PlayKey, Sequence[int]]) -> None:
    """Add what was played, amounts as those of a `Play`, to the players' hours.

    Bets that are placed have stakes and nothing else, and all in this hour: what is nothing for
    everybody is not sent.
    """
    named = zip(_AMOUNTS, zip(*sums.values(), strict=True), strict=True)
    moved = {name: amounts for name, amounts in named if any(amounts)}
    await tx.execute(
        _add_statement(tuple(moved)),
        [shard for shard, _, _ in sums],
        [player_id for _, player_id, _ in sums],
        [hour for _, _, hour in sums],
        *moved.values(),
    )


@cache
def _add_statement(moved: tuple[str, ...]) -> str:
    """Return the SQL that adds these amounts, and nothing to the others."""
    sent = "".join(f", ${place}::bigint[]" for place in range(4, 4 + len(moved)))
    values = ", ".join(name if name in moved else "0" for name in _AMOUNTS)
    added = ", ".join(f"{name} = known.{name} + excluded.{name}" for name in moved)
    return (
        f"INSERT INTO player_hour AS known (shard, player_id, hour, {', '.join(_AMOUNTS)})"
        f" SELECT shard, player_id, hour, {values}"
        f" FROM unnest($1::smallint[], $2::uuid[], $3::timestamptz[]{sent})"
        f" AS sums ({', '.join(('shard', 'player_id', 'hour', *moved))})"
        f" ON CONFLICT (shard, player_id, hour) DO {f'UPDATE SET {added}' if added else 'NOTHING'}"
    )


async def find_payouts(tx: Transaction, places: Sequence[Place]) -> dict[PlayerId, Payout]:
    """Return the sums that these players have ever named, as they stand."""
    rows = await tx.fetch(
        "SELECT player_payout.* FROM player_payout"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, player_id)"
        " USING (shard, player_id)",
        [shard for shard, _ in places],
        [player_id for _, player_id in places],
    )
    return {payout.player_id: payout for payout in map(_payout, rows)}


async def find_winners(tx: Transaction, *, after: Place | None, limit: int) -> list[Payout]:
    """Return a page of those who have won something that is to be paid out above a sum."""
    shard, player_id = after or (None, None)
    rows = await tx.fetch(
        "SELECT * FROM player_payout WHERE micros IS NOT NULL AND (won > 0 OR counted > 0)"
        " AND ($1::smallint IS NULL OR (shard, player_id) > ($1, $2::uuid))"
        " ORDER BY shard, player_id LIMIT $3",
        shard,
        player_id,
        limit,
    )
    return [_payout(row) for row in rows]


async def save_payout(tx: Transaction, payout: Payout) -> None:
    """Write a player's sum as it stands now."""
    await tx.execute(
        "INSERT INTO player_payout (shard, player_id, currency, micros, set_at, won, counted,"
        " number, payment_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        " ON CONFLICT (shard, player_id) DO UPDATE SET currency = excluded.currency,"
        " micros = excluded.micros, set_at = excluded.set_at, won = excluded.won,"
        " counted = excluded.counted, number = excluded.number,"
        " payment_id = excluded.payment_id",
        *(payout.shard, payout.player_id, payout.currency, payout.micros, payout.set_at),
        *(payout.won, payout.counted, payout.number, payout.payment_id),
    )


async def add_won(tx: Transaction, sums: Mapping[Place, int]) -> None:
    """Add what was won to those of the players whose wins are paid out above a sum; few are."""
    await tx.execute(
        "UPDATE player_payout AS known SET won = known.won + sums.won"
        " FROM unnest($1::smallint[], $2::uuid[], $3::bigint[]) AS sums (shard, player_id, won)"
        " WHERE known.shard = sums.shard AND known.player_id = sums.player_id"
        " AND known.micros IS NOT NULL",
        [shard for shard, _ in sums],
        [player_id for _, player_id in sums],
        list(sums.values()),
    )


def written_period(key: LimitKey) -> str:
    """Return how a key's period stands in its column, which is part of the row's own key."""
    return NO_PERIOD if key.period is None else key.period.value


def _limit(place: Place, row: asyncpg.Record) -> Limit:
    return Limit(
        shard=place[0],
        player_id=place[1],
        key=_KEYS[row["kind"], row["period"]],
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
        closed_until=row["until"],
    )


def _payout(row: asyncpg.Record) -> Payout:
    paid = row["payment_id"]
    return Payout(
        shard=Shard(row["shard"]),
        player_id=PlayerId(str(row["player_id"])),
        currency=row["currency"],
        micros=row["micros"],
        set_at=row["set_at"],
        won=row["won"],
        counted=row["counted"],
        number=row["number"],
        payment_id=None if paid is None else PaymentId(str(paid)),
    )
