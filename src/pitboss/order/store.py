"""The SQL of the one order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.kernel.shards import Shard
from pitboss.order.model import PlacedFact, Run, Stretch

# When the fact so many behind the first of a row says that it was recorded, as its bytes write it.
_RECORDED = (
    '(SELECT substring(body FROM position(\'"rec":"\'::bytea IN body) + 7 FOR 27) FROM fact'
    " WHERE fact.shard = run.shard AND fact.seq = run.seq + {})"
)
_AROUND = f"AND {_RECORDED.format('0')} < $5 AND {_RECORDED.format('run.facts - 1')} >= $4"


async def find_stretches(tx: Transaction) -> list[Stretch]:
    """Return what is committed and has no position yet, of all shards at one moment."""
    rows = await tx.fetch(
        # One statement, so one moment: who saw a fact and then wrote another is not seen without.
        "SELECT shard, sequenced + 1 AS seq, seq - sequenced AS facts FROM ("
        "   SELECT head.shard, head.seq, coalesce((SELECT run.seq + run.facts - 1 FROM fact_run"
        "     AS run WHERE run.shard = head.shard ORDER BY run.seq DESC LIMIT 1), 0) AS sequenced"
        "   FROM shard_head AS head) AS shards"
        " WHERE seq > sequenced"
    )
    return [Stretch(shard=Shard(row["shard"]), seq=row["seq"], facts=row["facts"]) for row in rows]


async def save_runs(tx: Transaction, runs: Sequence[Run], sequenced_at: datetime) -> None:
    """Append to the one order."""
    await tx.execute(
        "INSERT INTO fact_run (position, shard, seq, facts, sequenced_at)"
        " SELECT *, $5 FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[])",
        [run.position for run in runs],
        [run.shard for run in runs],
        [run.seq for run in runs],
        [run.facts for run in runs],
        sequenced_at,
    )


async def find_end(tx: Transaction) -> int:
    """Return how many facts have a position."""
    row = await tx.fetch_one("SELECT position FROM sequencer")
    assert row is not None  # noqa: S101 - the migration made it
    return int(row["position"])


async def claim_sequencer(tx: Transaction, owner: str, lease_seconds: float) -> int | None:
    """Become the sequencer if the lease has run out; return the new epoch, or None."""
    row = await tx.fetch_one(
        "UPDATE sequencer SET owner = $1, epoch = epoch + 1,"
        " lease_until = clock_timestamp() + make_interval(secs => $2)"
        " WHERE lease_until < clock_timestamp() OR owner = $1 RETURNING epoch",
        owner,
        lease_seconds,
    )
    return None if row is None else int(row["epoch"])


async def move_end(
    tx: Transaction, *, epoch: int, before: int, after: int, lease_seconds: float
) -> bool:
    """Move the end of the one order if it is ours and where it was; say whether it was."""
    word = await tx.execute(
        "UPDATE sequencer SET position = $3,"
        " lease_until = clock_timestamp() + make_interval(secs => $4)"
        " WHERE epoch = $1 AND position = $2",
        epoch,
        before,
        after,
        lease_seconds,
    )
    return word == "UPDATE 1"


async def find_facts(tx: Transaction, *, from_position: int, to_position: int) -> list[PlacedFact]:
    """Return the facts with these positions, `to_position` not among them."""
    rows = await tx.fetch(
        # A row a run and not a row a fact, which takes the client five times as long to read.
        "SELECT run.position - run.seq, run.shard, found.seqs, found.bodies FROM fact_run AS run,"
        " LATERAL (SELECT array_agg(seq ORDER BY seq) AS seqs, array_agg(body ORDER BY seq)"
        "   AS bodies FROM fact WHERE fact.shard = run.shard"
        "   AND fact.seq >= run.seq + greatest($1 - run.position, 0)"
        "   AND fact.seq < run.seq + least($2 - run.position, run.facts)) AS found"
        " WHERE run.position < $2 AND run.position >="
        "   (SELECT coalesce(max(position), 0) FROM fact_run WHERE position <= $1)"
        "   AND found.seqs IS NOT NULL"
        " ORDER BY run.position",
        from_position,
        to_position,
    )
    return [
        PlacedFact(position=ahead + seq, shard=Shard(shard), seq=seq, body=body)
        for ahead, shard, seqs, bodies in rows
        for seq, body in zip(seqs, bodies, strict=True)
    ]


async def find_marked_facts(
    tx: Transaction, mark: bytes, *, from_position: int, to_position: int, limit: int
) -> list[PlacedFact]:
    """Return the first facts with these positions whose bytes hold a mark, in order."""
    rows = await tx.fetch(
        "SELECT run.position - run.seq + fact.seq AS position, run.shard, fact.seq, fact.body"
        " FROM fact_run AS run JOIN fact ON fact.shard = run.shard"
        "   AND fact.seq >= run.seq + greatest($2 - run.position, 0)"
        "   AND fact.seq < run.seq + least($3 - run.position, run.facts)"
        " WHERE run.position < $3 AND run.position >="
        "   (SELECT coalesce(max(position), 0) FROM fact_run WHERE position <= $2)"
        "   AND position($1::bytea IN fact.body) > 0"
        " ORDER BY position LIMIT $4",
        mark,
        from_position,
        to_position,
        limit,
    )
    return [
        PlacedFact(
            position=row["position"], shard=Shard(row["shard"]), seq=row["seq"], body=row["body"]
        )
        for row in rows
    ]


async def find_positions(
    tx: Transaction, places: Collection[tuple[Shard, int]]
) -> dict[tuple[Shard, int], int]:
    """Return the positions of facts that have one, by shard and seq."""
    rows = await tx.fetch(
        "SELECT wanted.shard, wanted.seq, run.position + wanted.seq - run.seq AS position"
        " FROM unnest($1::smallint[], $2::bigint[]) AS wanted (shard, seq)"
        " JOIN LATERAL (SELECT position, seq, facts FROM fact_run WHERE fact_run.shard ="
        "   wanted.shard AND fact_run.seq <= wanted.seq ORDER BY seq DESC LIMIT 1) AS run"
        "   ON wanted.seq < run.seq + run.facts",
        [shard for shard, _ in places],
        [seq for _, seq in places],
    )
    return {(Shard(row["shard"]), row["seq"]): row["position"] for row in rows}


async def find_span(
    tx: Transaction, since: datetime, until: datetime | None
) -> tuple[int, int] | None:
    """Return the lowest and the highest row's position of those given out in a time."""
    row = await tx.fetch_one(
        "SELECT min(position) AS first, max(position) AS last FROM fact_run"
        " WHERE sequenced_at >= $1 AND sequenced_at < coalesce($2, 'infinity'::timestamptz)",
        since,
        until,
    )
    return None if row is None or row["first"] is None else (row["first"], row["last"])


async def find_marked(
    tx: Transaction, mark: bytes, first: int, last: int, *, made: tuple[str, str] | None = None
) -> PlacedFact | None:
    """Return the first fact of these rows of the order whose bytes hold a mark.

    With `made`, from an instant to before another, only rows are looked through whose first and
    last fact say that they were recorded around it: two facts are read of all the others.
    """
    around, instants = ("", []) if made is None else (_AROUND, [text.encode() for text in made])
    row = await tx.fetch_one(
        # Row after row in their order, until one has it: a limit that nothing has to be sorted for.
        "SELECT run.position - run.seq + found.seq AS position, run.shard, found.seq, found.body"
        " FROM (SELECT * FROM fact_run AS run WHERE position BETWEEN $2 AND $3"
        f" {around} ORDER BY position) AS run"
        " CROSS JOIN LATERAL (SELECT seq, body FROM fact WHERE fact.shard = run.shard"
        "   AND fact.seq >= run.seq AND fact.seq < run.seq + run.facts"
        "   AND position($1::bytea IN body) > 0 ORDER BY seq LIMIT 1) AS found LIMIT 1",
        mark,
        first,
        last,
        *instants,
    )
    if row is None:
        return None
    return PlacedFact(
        position=row["position"], shard=Shard(row["shard"]), seq=row["seq"], body=row["body"]
    )
