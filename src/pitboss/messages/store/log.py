"""The SQL of the command log."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Partition, Shard
from pitboss.messages.model import Backlog, Command, Consumer, Entry
from pitboss.messages.store.words import count


async def lock_log(tx: Transaction, partitions: Iterable[Partition]) -> dict[Partition, int]:
    """Lock the ends of these partitions; return the next offset of each."""
    rows = await tx.fetch(
        "SELECT partition, next_offset FROM log_head WHERE partition = ANY($1::smallint[])"
        " ORDER BY partition FOR UPDATE",
        sorted(partitions),
    )
    return {Partition(row["partition"]): row["next_offset"] for row in rows}


async def move_log(tx: Transaction, ends: Mapping[Partition, int]) -> None:
    """Write the next offset of each partition."""
    await tx.execute(
        "UPDATE log_head AS head SET next_offset = moved.next_offset"
        " FROM unnest($1::smallint[], $2::bigint[]) AS moved (partition, next_offset)"
        " WHERE head.partition = moved.partition",
        list(ends),
        list(ends.values()),
    )


async def find_ends(tx: Transaction) -> dict[Partition, int]:
    """Return the next offset of each partition, as committed."""
    rows = await tx.fetch("SELECT partition, next_offset FROM log_head")
    return {Partition(row["partition"]): row["next_offset"] for row in rows}


async def find_keys(
    tx: Transaction, entries: Sequence[Entry]
) -> dict[tuple[Partition, str], tuple[str, bytes]]:
    """Return, for each key that is in the log, the command's id and the request's digest."""
    rows = await tx.fetch(
        "SELECT command.partition, command.key, command_id, request_digest FROM command"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (partition, key)"
        " ON command.partition = wanted.partition AND command.key = wanted.key",
        [entry.partition for entry in entries],
        [entry.key for entry in entries],
    )
    return {
        (Partition(row["partition"]), str(row["key"])): (
            str(row["command_id"]),
            row["request_digest"],
        )
        for row in rows
    }


async def save_commands(
    tx: Transaction, numbered: Sequence[tuple[int, Entry]], appended_at: datetime
) -> None:
    """Append commands under the offsets given to them."""
    await tx.copy_in(
        "command",
        ("partition", "offset", "command_id", "key", "request_digest", "body", "appended_at"),
        [
            (
                entry.partition,
                offset,
                entry.command_id,
                entry.key,
                entry.request_digest,
                entry.body,
                appended_at,
            )
            for offset, entry in numbered
        ],
    )


async def append_at_once(
    tx: Transaction,
    entries: Sequence[Entry],
    places: Sequence[int],
    counts: Mapping[Partition, int],
    appended_at: datetime,
    watching: Shard,
    resting_on: Mapping[Shard, int],
) -> int | None:
    """Lock the ends, number, write and move on, in one statement.

    `places` are the entries' places within their partition, from 0.  Returns a shard's seq; None if
    a key is used already, or something was revoked.
    """
    try:
        row = await tx.fetch_one(
            # The ends are locked in one order for everybody, and as they are when that is granted.
            "WITH revoked AS (SELECT 1 FROM shard_revocation AS now"
            "   JOIN unnest($11::smallint[], $12::bigint[]) AS seen (shard, revoked) USING (shard)"
            "   WHERE now.revoked <> seen.revoked),"
            " locked AS (SELECT partition, next_offset FROM log_head"
            "   WHERE partition = ANY($1::smallint[]) AND NOT EXISTS (SELECT FROM revoked)"
            "   ORDER BY partition FOR UPDATE),"
            " moved AS (UPDATE log_head AS head SET next_offset = locked.next_offset + added.count"
            "   FROM locked JOIN unnest($1::smallint[], $2::bigint[]) AS added (partition, count)"
            "     USING (partition) WHERE head.partition = locked.partition RETURNING 1),"
            " appended AS (INSERT INTO command"
            '   (partition, "offset", command_id, key, request_digest, body, appended_at)'
            "   SELECT entry.partition, locked.next_offset + entry.place, entry.command_id,"
            "     entry.key, entry.digest, entry.body, $9"
            "   FROM unnest($3::smallint[], $4::bigint[], $5::uuid[], $6::uuid[], $7::bytea[],"
            "     $8::bytea[]) AS entry (partition, place, command_id, key, digest, body)"
            "   JOIN locked USING (partition) RETURNING 1)"
            " SELECT (SELECT count(*) FROM moved) AS moved,"
            "   (SELECT count(*) FROM appended) AS appended,"
            "   (SELECT seq FROM shard_head WHERE shard = $10) AS seq,"
            "   EXISTS (SELECT FROM revoked) AS revoked",
            list(counts),
            list(counts.values()),
            [entry.partition for entry in entries],
            places,
            [entry.command_id for entry in entries],
            [entry.key for entry in entries],
            [entry.request_digest for entry in entries],
            [entry.body for entry in entries],
            appended_at,
            watching,
            list(resting_on),
            list(resting_on.values()),
        )
    except asyncpg.UniqueViolationError:
        return None
    if row is not None and row["revoked"]:
        return None
    ensure(
        row is not None and row["moved"] == len(counts) and row["appended"] == len(entries),
        "what is appended at once is all there, and the ends have moved by it",
    )
    return None if row is None else int(row["seq"])


async def find_commands(
    tx: Transaction, partition: Partition, *, from_offset: int, limit: int
) -> list[Command]:
    """Return the partition's next commands in order."""
    rows = await tx.fetch(
        'SELECT partition, "offset", command_id, body, appended_at FROM command'
        ' WHERE partition = $1 AND "offset" >= $2 ORDER BY "offset" LIMIT $3',
        partition,
        from_offset,
        limit,
    )
    return [_command(row) for row in rows]


async def find_command(tx: Transaction, partition: Partition, command_id: str) -> Command | None:
    """Return one command by its id."""
    row = await tx.fetch_one(
        'SELECT partition, "offset", command_id, body, appended_at FROM command'
        " WHERE partition = $1 AND command_id = $2",
        partition,
        command_id,
    )
    return None if row is None else _command(row)


async def find_commands_by_id(
    tx: Transaction, partition: Partition, command_ids: Collection[str]
) -> list[Command]:
    """Return those of the commands that are in the partition."""
    rows = await tx.fetch(
        'SELECT partition, "offset", command_id, body, appended_at FROM command'
        " WHERE partition = $1 AND command_id = ANY($2::uuid[])",
        partition,
        list(command_ids),
    )
    return [_command(row) for row in rows]


async def find_consumer(tx: Transaction, partition: Partition) -> Consumer:
    """Return how far the partition has been processed."""
    row = await tx.fetch_one(
        "SELECT partition, next_offset, owner, epoch, lease_until FROM log_consumer"
        " WHERE partition = $1",
        partition,
    )
    assert row is not None  # noqa: S101 - the migration made every consumer
    return Consumer(
        partition=Partition(row["partition"]),
        next_offset=row["next_offset"],
        owner=row["owner"],
        epoch=row["epoch"],
        lease_until=row["lease_until"],
    )


async def is_free(tx: Transaction, partition: Partition, owner: str) -> bool:
    """Say whether this owner could claim the partition, without waiting for anybody."""
    row = await tx.fetch_one(
        "SELECT 1 FROM log_consumer WHERE partition = $1"
        " AND (lease_until < clock_timestamp() OR owner = $2)",
        partition,
        owner,
    )
    return row is not None


async def end_frozen(tx: Transaction, seconds: float) -> None:
    """End sessions of ours whose client stopped so long ago in the middle of sending rows.

    The server takes them for busy, and no limit of its own would ever end them.
    """
    await tx.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = current_user"
        "   AND application_name = current_setting('application_name')"
        "   AND state = 'active' AND wait_event = 'ClientRead' AND backend_xid IS NOT NULL"
        "   AND query_start < clock_timestamp() - make_interval(secs => $1)",
        seconds,
    )


async def claim_consumer(
    tx: Transaction, partition: Partition, owner: str, lease_seconds: float
) -> int | None:
    """Take a partition whose lease has run out; return the new epoch, or None if it has not."""
    row = await tx.fetch_one(
        "UPDATE log_consumer SET owner = $2, epoch = epoch + 1,"
        " lease_until = clock_timestamp() + make_interval(secs => $3)"
        " WHERE partition = $1 AND (lease_until < clock_timestamp() OR owner = $2)"
        " RETURNING epoch",
        partition,
        owner,
        lease_seconds,
    )
    return None if row is None else int(row["epoch"])


async def renew_consumer(
    tx: Transaction, partition: Partition, epoch: int, lease_seconds: float
) -> bool:
    """Prolong a lease that is still ours; say whether it was."""
    word = await tx.execute(
        "UPDATE log_consumer SET lease_until = clock_timestamp() + make_interval(secs => $3)"
        " WHERE partition = $1 AND epoch = $2",
        partition,
        epoch,
        lease_seconds,
    )
    return count(word) == 1


async def move_consumer(
    tx: Transaction,
    partition: Partition,
    *,
    epoch: int,
    from_offset: int,
    to_offset: int,
    lease_seconds: float,
) -> bool:
    """Advance the offset if it is ours and still where it was; say whether it was."""
    word = await tx.execute(
        "UPDATE log_consumer SET next_offset = $4,"
        " lease_until = clock_timestamp() + make_interval(secs => $5)"
        " WHERE partition = $1 AND epoch = $2 AND next_offset = $3",
        partition,
        epoch,
        from_offset,
        to_offset,
        lease_seconds,
    )
    return count(word) == 1


async def find_backlogs(tx: Transaction) -> list[Backlog]:
    """Return what waits in each partition."""
    rows = await tx.fetch(
        "SELECT head.partition, head.next_offset - consumer.next_offset AS waiting,"
        " (SELECT appended_at FROM command WHERE command.partition = head.partition"
        '    AND command."offset" = consumer.next_offset) AS oldest_at'
        " FROM log_head AS head JOIN log_consumer AS consumer USING (partition)"
        " ORDER BY head.partition"
    )
    return [
        Backlog(
            partition=Partition(row["partition"]),
            waiting=row["waiting"],
            oldest_at=row["oldest_at"],
        )
        for row in rows
    ]


def _command(row: asyncpg.Record) -> Command:
    # Taken apart at once: to look a column up by its name costs as much as to make the noun.
    partition, offset, command_id, body, appended_at = row
    return Command(
        partition=partition,
        offset=offset,
        command_id=str(command_id),
        body=body,
        appended_at=appended_at,
    )
