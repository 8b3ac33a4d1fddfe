"""The SQL of the world: its clock, its observers, and the way back to the beginning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.shards import Partition

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# Found before PostgreSQL's own functions, so that leases run out when the world's time says so.
SEARCH_PATH = "world, pg_catalog, public"

_WORLD = """
CREATE SCHEMA world;
CREATE SCHEMA beginning;

CREATE SEQUENCE world.micros MINVALUE 0;
CREATE FUNCTION world.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT timestamptz '{start}'
        + coalesce(pg_sequence_last_value('world.micros'), 0) * interval '1 microsecond' $$;
CREATE FUNCTION world.now() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$ SELECT world.clock_timestamp() $$;

-- Facts in the order of their commits: the trigger waits for the commit, and no two are at once.
CREATE TABLE world.told (no bigserial, shard smallint, seq bigint);
CREATE FUNCTION world.note_fact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO world.told (shard, seq) VALUES (NEW.shard, NEW.seq);
    RETURN NULL;
END $$;

-- How far each partition was processed, one step after the other.
CREATE TABLE world.moved (no bigserial, partition smallint, from_offset bigint, to_offset bigint,
                          from_epoch bigint, to_epoch bigint);
CREATE FUNCTION world.note_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO world.moved (partition, from_offset, to_offset, from_epoch, to_epoch)
    VALUES (NEW.partition, OLD.next_offset, NEW.next_offset, OLD.epoch, NEW.epoch);
    RETURN NULL;
END $$;
"""

_OBSERVERS = """
CREATE CONSTRAINT TRIGGER world_sees_facts AFTER INSERT ON public.fact
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION world.note_fact();
CREATE TRIGGER world_sees_moves AFTER UPDATE ON public.log_consumer
    FOR EACH ROW WHEN (OLD.next_offset <> NEW.next_offset OR OLD.epoch <> NEW.epoch)
    EXECUTE FUNCTION world.note_move();
"""

_TABLES = """
SELECT relname AS name, (
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = relation.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
) AS columns
FROM pg_class AS relation
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
  AND relname <> 'schema_step' ORDER BY relname
"""


async def make_world(connection: Connection, *, start: str) -> None:
    """Make the world's clock and what its observers write to; they do not look yet.

    Args:
        connection: to a migrated database, as a superuser.
        start: the instant at which every world begins.
    """
    await connection.execute(_WORLD.format(start=start))


async def remember_beginning(connection: Connection) -> None:
    """Keep all rows as they are now for every world to begin with, and let the observers look."""
    tables = [(row["name"], row["columns"]) for row in await connection.fetch(_TABLES)]
    for name, _ in tables:
        await connection.execute(f"CREATE TABLE beginning.{name} AS TABLE public.{name}")
    steps = [
        f"DELETE FROM public.{name};"
        f" INSERT INTO public.{name} ({columns}) OVERRIDING SYSTEM VALUE"
        f" SELECT {columns} FROM beginning.{name};"
        for name, columns in tables
    ]
    sequences = await connection.fetch(
        "SELECT quote_ident(sequencename) AS name, last_value, start_value FROM pg_sequences"
        " WHERE schemaname = 'public'"
    )
    steps += [
        f"PERFORM setval('public.{row['name']}', {row['last_value'] or row['start_value']},"
        f" {str(row['last_value'] is not None).lower()});"
        for row in sequences
    ]
    # As a replica's: history may be deleted, and references are put back in any order.
    await connection.execute(
        "CREATE FUNCTION world.begin() RETURNS void LANGUAGE plpgsql"
        " SET session_replication_role = replica AS $$ BEGIN"
        " DELETE FROM world.told; DELETE FROM world.moved;"
        " PERFORM setval('world.micros', 0);"
        " PERFORM setval('world.told_no_seq', 1, false);"
        " PERFORM setval('world.moved_no_seq', 1, false);"
        f" {' '.join(steps)} END $$"
    )
    await connection.execute(_OBSERVERS)


async def begin(connection: Connection) -> None:
    """Put every row back to the beginning."""
    await connection.execute("SELECT world.begin()")


async def set_clock(connection: Connection, micros: int) -> None:
    """Let PostgreSQL's clock say that this much time has passed since the beginning."""
    await connection.fetchval("SELECT setval('world.micros', $1)", micros)


async def find_blockers(connection: Connection, pids: Sequence[int]) -> dict[int, list[int]]:
    """Return whom each of these sessions waits for; nobody, if it does not wait for a lock."""
    rows = await connection.fetch(
        "SELECT pid, pg_blocking_pids(pid) AS blockers FROM unnest($1::int[]) AS pid", list(pids)
    )
    return {row["pid"]: row["blockers"] for row in rows}


async def give_way(connection: Connection, pid: int) -> None:
    """Break off what this session is doing."""
    await connection.execute("SELECT pg_cancel_backend($1)", pid)


async def is_drained(connection: Connection) -> bool:
    """Say whether all commands are processed and all results are settled, where anybody plays."""
    return bool(
        await connection.fetchval(
            "SELECT NOT EXISTS (SELECT FROM log_head AS head JOIN log_consumer AS consumer"
            "   USING (partition) WHERE head.next_offset <> consumer.next_offset)"
            " AND NOT EXISTS (SELECT FROM bet WHERE state = 'accepted' AND NOT EXISTS ("
            "   SELECT FROM bet_leg WHERE bet_leg.shard = bet.shard"
            "   AND bet_leg.bet_id = bet.bet_id AND NOT EXISTS ("
            "     SELECT FROM settlement_result AS result"
            "     WHERE result.market_id = bet_leg.market_id)))"
        )
    )


async def find_facts(connection: Connection) -> list[tuple[int, int, bytes]]:
    """Return (shard, seq, body) of all facts in the order in which they were committed."""
    rows = await connection.fetch(
        "SELECT shard, seq, body FROM fact LEFT JOIN world.told USING (shard, seq)"
        " ORDER BY told.no NULLS FIRST, shard, seq"
    )
    return [(row["shard"], row["seq"], row["body"]) for row in rows]


async def find_commands(connection: Connection) -> list[dict[str, Any]]:
    """Return every command, in order."""
    rows = await connection.fetch(
        'SELECT partition, "offset", command_id::text, body FROM command'
        ' ORDER BY partition, "offset"'
    )
    return [dict(row) for row in rows]


async def find_moves(connection: Connection) -> list[asyncpg.Record]:
    """Return every step of every partition's offset and epoch, in order."""
    return await connection.fetch(
        "SELECT partition, from_offset, to_offset, from_epoch, to_epoch FROM world.moved"
        " ORDER BY no"
    )


async def describe_end(connection: Connection) -> bytes:
    """Return how everything stands, as bytes: heads, offsets and balances."""
    text = await connection.fetchval(
        "SELECT (SELECT string_agg(format('%s %s %s', shard, seq, head_hash), ';' ORDER BY shard)"
        "   FROM shard_head)"
        " || (SELECT string_agg(format('%s %s', partition, next_offset), ';' ORDER BY partition)"
        "   FROM log_consumer)"
        " || (SELECT string_agg(format('%s %s %s %s', account_id, debits, credits, held), ';'"
        "   ORDER BY shard, account_id) FROM wallet_account)"
    )
    return str(text).encode()


async def let_keys_repeat(connection: Connection) -> None:
    """Take away what keeps a key from being in the log twice; for a planted bug."""
    rows = await connection.fetch(
        "SELECT conname FROM pg_constraint JOIN pg_attribute"
        " ON attrelid = conrelid AND attnum = ANY (conkey)"
        " WHERE conrelid = 'command'::regclass AND contype = 'u' AND attname = 'key'"
    )
    for row in rows:
        await connection.execute(f"ALTER TABLE command DROP CONSTRAINT {row['conname']}")


async def move_consumer_unfenced(tx: Transaction, partition: Partition, to_offset: int) -> None:
    """Move an offset without asking whose it is; for a planted bug."""
    await tx.execute(
        "UPDATE log_consumer SET next_offset = $2 WHERE partition = $1", partition, to_offset
    )
