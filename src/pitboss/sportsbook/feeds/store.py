"""The SQL of feeds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import EventId, MarketId
from pitboss.sportsbook.feeds.model import (
    FeedName,
    ForeignEvent,
    Hold,
    Link,
    Liveness,
    Mark,
    Note,
    Parked,
    ParkedState,
    ProducerId,
    Progress,
    Reason,
)

_PARKED = (
    "SELECT parked_id, producer, reason, subject, detail, owed, state, times, first_at, last_at,"
    " decided_by, body FROM feed_parked"
)


async def claim(tx: Transaction, feed: FeedName, owner: str, lease_seconds: float) -> int | None:
    """Become a feed's reader, if nobody is or its lease has run out; return the new epoch."""
    row = await tx.fetch_one(
        "INSERT INTO feed_reader AS reader (feed, owner, epoch, lease_until)"
        " VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))"
        " ON CONFLICT (feed) DO UPDATE SET owner = excluded.owner, epoch = reader.epoch + 1,"
        "   lease_until = excluded.lease_until"
        " WHERE reader.owner IN (excluded.owner, '') OR reader.lease_until < clock_timestamp()"
        " RETURNING epoch",
        feed,
        owner,
        lease_seconds,
    )
    return None if row is None else int(row["epoch"])


async def renew(tx: Transaction, feed: FeedName, epoch: int, lease_seconds: float) -> bool:
    """Prolong a reader's lease; say whether it still is the reader."""
    row = await tx.fetch_one(
        "UPDATE feed_reader SET lease_until = clock_timestamp() + make_interval(secs => $3)"
        " WHERE feed = $1 AND epoch = $2 RETURNING feed",
        feed,
        epoch,
        lease_seconds,
    )
    return row is not None


async def find_abandoned(tx: Transaction, *, grace_seconds: float) -> list[FeedName]:
    """Return the feeds whose readers have let their leases run out that long ago."""
    rows = await tx.fetch(
        "SELECT feed FROM feed_reader"
        " WHERE lease_until < clock_timestamp() - make_interval(secs => $1) ORDER BY feed",
        grace_seconds,
    )
    return [FeedName(row["feed"]) for row in rows]


async def fence(tx: Transaction, feed: FeedName, *, grace_seconds: float) -> bool:
    """Replace a reader that has let its lease run out by nobody; say whether it had."""
    row = await tx.fetch_one(
        "UPDATE feed_reader SET epoch = epoch + 1, owner = '', lease_until = 'infinity'"
        " WHERE feed = $1 AND lease_until < clock_timestamp() - make_interval(secs => $2)"
        " RETURNING feed",
        feed,
        grace_seconds,
    )
    return row is not None


async def release(tx: Transaction, feed: FeedName, epoch: int) -> None:
    """Let go of a feed, so that the next reader need not wait."""
    await tx.execute(
        "UPDATE feed_reader SET owner = '', lease_until = 'infinity'"
        " WHERE feed = $1 AND epoch = $2",
        feed,
        epoch,
    )


async def find_progress(tx: Transaction) -> list[Progress]:
    """Return how far every producer is that was ever read."""
    rows = await tx.fetch(
        "SELECT producer, request_no, good_ms, lag_ms, beat_at FROM feed_producer ORDER BY producer"
    )
    return [
        Progress(
            producer=ProducerId(row["producer"]),
            request_no=row["request_no"],
            good_ms=row["good_ms"],
            lag_ms=row["lag_ms"],
            beat_at=row["beat_at"],
        )
        for row in rows
    ]


async def save_progress(
    tx: Transaction, feed: FeedName, states: Sequence[Liveness], at: datetime
) -> None:
    """Write how far a feed's producers are."""
    await tx.execute(
        "INSERT INTO feed_producer (producer, feed, good_ms, lag_ms, beat_at)"
        " SELECT producer, $2, good_ms, lag_ms, $5 FROM"
        "   unnest($1::text[], $3::bigint[], $4::bigint[]) AS batch (producer, good_ms, lag_ms)"
        " ON CONFLICT (producer) DO UPDATE SET good_ms = excluded.good_ms,"
        "   lag_ms = excluded.lag_ms, beat_at = excluded.beat_at",
        [state.terms.id for state in states],
        feed,
        [state.good_ms for state in states],
        [state.lag_ms for state in states],
        at,
    )


async def count_request(tx: Transaction, feed: FeedName, producer: ProducerId, at: datetime) -> int:
    """Return the next number under which a producer is asked for something."""
    row = await tx.fetch_one(
        "INSERT INTO feed_producer AS known (producer, feed, request_no, beat_at)"
        " VALUES ($1, $2, 1, $3) ON CONFLICT (producer) DO UPDATE"
        " SET request_no = known.request_no + 1 RETURNING request_no",
        producer,
        feed,
        at,
    )
    return 0 if row is None else int(row["request_no"])


async def find_links(
    tx: Transaction, feed: FeedName, foreign: Collection[ForeignEvent]
) -> dict[ForeignEvent, EventId]:
    """Return which of a supplier's events are which of ours."""
    rows = await tx.fetch(
        "SELECT foreign_id, event_id FROM feed_event WHERE feed = $1 AND foreign_id = ANY($2)",
        feed,
        list(foreign),
    )
    return {ForeignEvent(row["foreign_id"]): EventId(str(row["event_id"])) for row in rows}


async def save_links(tx: Transaction, links: Sequence[Link]) -> None:
    """Write which events are which; what was said before is replaced."""
    if not links:
        return
    await tx.execute(
        "INSERT INTO feed_event (feed, foreign_id, event_id)"
        " SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[])"
        " ON CONFLICT (feed, foreign_id) DO UPDATE SET event_id = excluded.event_id",
        [link.feed for link in links],
        [link.foreign for link in links],
        [link.event_id for link in links],
    )


async def find_marks(
    tx: Transaction, keys: Collection[tuple[ProducerId, ForeignEvent]]
) -> dict[tuple[ProducerId, ForeignEvent], dict[str, Mark]]:
    """Return the newest that was heard from these producers of these events, by name."""
    rows = await tx.fetch(
        "SELECT producer, foreign_id, name, generated_ms, digest"
        " FROM unnest($1::text[], $2::text[]) AS wanted (producer, foreign_id)"
        " JOIN feed_mark USING (producer, foreign_id)",
        [producer for producer, _ in keys],
        [foreign for _, foreign in keys],
    )
    found: dict[tuple[ProducerId, ForeignEvent], dict[str, Mark]] = {key: {} for key in keys}
    for row in rows:
        key = ProducerId(row["producer"]), ForeignEvent(row["foreign_id"])
        found[key][row["name"]] = Mark(generated_ms=row["generated_ms"], digest=row["digest"])
    return found


async def save_marks(
    tx: Transaction, marks: Mapping[tuple[ProducerId, ForeignEvent, str], Mark]
) -> None:
    """Write what was heard."""
    if not marks:
        return
    keys = list(marks)
    await tx.execute(
        "INSERT INTO feed_mark (producer, foreign_id, name, generated_ms, digest)"
        " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])"
        " ON CONFLICT (producer, foreign_id, name) DO UPDATE"
        " SET generated_ms = excluded.generated_ms, digest = excluded.digest",
        [producer for producer, _, _ in keys],
        [foreign for _, foreign, _ in keys],
        [name for _, _, name in keys],
        [marks[key].generated_ms for key in keys],
        [marks[key].digest for key in keys],
    )


async def forget_marks(tx: Transaction, *, before_ms: int, limit: int) -> int:
    """Forget what was heard last before then, at most so much; return how much that was."""
    rows = await tx.fetch(
        "DELETE FROM feed_mark WHERE (producer, foreign_id, name) IN"
        " (SELECT producer, foreign_id, name FROM feed_mark WHERE generated_ms < $1 LIMIT $2)"
        " RETURNING 1",
        before_ms,
        limit,
    )
    return len(rows)


async def find_holds(tx: Transaction, market_ids: Collection[MarketId]) -> dict[MarketId, Hold]:
    """Return which of these markets a feed has suspended, and who holds them."""
    rows = await tx.fetch(
        "SELECT market_id, by_staff FROM feed_hold WHERE market_id = ANY($1::uuid[])",
        list(market_ids),
    )
    return {
        MarketId(str(row["market_id"])): Hold.BOTH if row["by_staff"] else Hold.FEED for row in rows
    }


async def save_holds(tx: Transaction, holds: Mapping[MarketId, Hold | None]) -> None:
    """Write who holds markets that a feed has suspended, and which it holds no longer."""
    on = {market_id: hold is Hold.BOTH for market_id, hold in holds.items() if hold is not None}
    off = [market_id for market_id, hold in holds.items() if hold is None]
    if on:
        await tx.execute(
            "INSERT INTO feed_hold (market_id, by_staff) SELECT * FROM"
            " unnest($1::uuid[], $2::boolean[])"
            " ON CONFLICT (market_id) DO UPDATE SET by_staff = excluded.by_staff",
            list(on),
            list(on.values()),
        )
    if off:
        await tx.execute("DELETE FROM feed_hold WHERE market_id = ANY($1::uuid[])", off)


async def save_notes(
    tx: Transaction, notes: Sequence[tuple[str, Note, int]], at: datetime
) -> list[tuple[str, ParkedState, ParkedState | None]]:
    """Park these under new ids, or count them where they are parked already.

    Each comes with how often it was met.  What was tried again, or done once, waits again.  Returns
    for each under which id it is, its state now, and its state before; None if it is new.
    """
    if not notes:
        return []
    rows = await tx.fetch(
        "WITH batch AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[],"
        "   $5::text[], $6::boolean[], $7::bigint[], $8::bytea[]) WITH ORDINALITY"
        "   AS batch (parked_id, producer, reason, subject, detail, owed, times, body, place)),"
        " before AS (SELECT place, parked.state FROM batch JOIN feed_parked AS parked"
        "   USING (producer, reason, subject)),"
        " saved AS (INSERT INTO feed_parked AS parked (parked_id, producer, reason, subject,"
        "   detail, owed, state, times, first_at, last_at, body)"
        " SELECT parked_id, producer, reason, subject, detail, owed, 'waiting', times, $9, $9, body"
        " FROM batch ON CONFLICT (producer, reason, subject) DO UPDATE"
        " SET times = parked.times + excluded.times, last_at = excluded.last_at,"
        "   decided_by = CASE WHEN parked.state IN ('wanted', 'applied')"
        "     THEN NULL ELSE parked.decided_by END,"
        "   state = CASE WHEN parked.state IN ('wanted', 'applied') THEN 'waiting'"
        "     ELSE parked.state END"
        " RETURNING parked_id, producer, reason, subject, state)"
        " SELECT saved.parked_id, saved.state, before.state AS before FROM batch"
        " JOIN saved USING (producer, reason, subject) LEFT JOIN before USING (place)"
        " ORDER BY place",
        [parked_id for parked_id, _, _ in notes],
        [note.producer for _, note, _ in notes],
        [note.reason for _, note, _ in notes],
        [note.subject for _, note, _ in notes],
        [note.detail for _, note, _ in notes],
        [note.owed for _, note, _ in notes],
        [times for _, _, times in notes],
        [note.body for _, note, _ in notes],
        at,
    )
    return [
        (
            str(row["parked_id"]),
            ParkedState(row["state"]),
            None if row["before"] is None else ParkedState(row["before"]),
        )
        for row in rows
    ]


async def lock_parked(tx: Transaction, parked_id: str) -> Parked | None:
    """Lock something parked, and return it."""
    row = await tx.fetch_one(_PARKED + " WHERE parked_id = $1 FOR UPDATE", parked_id)
    return None if row is None else _parked(row)


async def set_parked(
    tx: Transaction, parked_ids: Sequence[str], state: ParkedState, by: str | None
) -> None:
    """Write what becomes of these."""
    await tx.execute(
        "UPDATE feed_parked SET state = $2, decided_by = $3 WHERE parked_id = ANY($1::uuid[])",
        list(parked_ids),
        state,
        by,
    )


async def list_parked(
    tx: Transaction,
    *,
    states: Collection[ParkedState],
    owed: bool | None,
    after: str | None,
    limit: int,
) -> list[Parked]:
    """Return what is parked, in the order in which it was first met, behind the one `after`."""
    rows = await tx.fetch(
        _PARKED + " WHERE state = ANY($1::text[]) AND ($2::boolean IS NULL OR owed = $2)"
        " AND ($3::uuid IS NULL OR parked_id > $3) ORDER BY parked_id LIMIT $4",
        list(states),
        owed,
        after,
        limit,
    )
    return [_parked(row) for row in rows]


async def find_wanted(tx: Transaction, producers: Collection[str], *, limit: int) -> list[Parked]:
    """Return what is to be tried again of these producers."""
    rows = await tx.fetch(
        _PARKED + " WHERE state = 'wanted' AND producer = ANY($1::text[])"
        " ORDER BY parked_id LIMIT $2",
        list(producers),
        limit,
    )
    return [_parked(row) for row in rows]


async def count_waiting(tx: Transaction) -> dict[str, int]:
    """Return of how much each producer's money may hang on something parked."""
    rows = await tx.fetch(
        "SELECT producer, count(*) AS waiting FROM feed_parked"
        " WHERE state IN ('waiting', 'wanted') AND owed GROUP BY producer"
    )
    return {row["producer"]: row["waiting"] for row in rows}


def _parked(row: asyncpg.Record) -> Parked:
    return Parked(
        id=str(row["parked_id"]),
        producer=row["producer"],
        reason=Reason(row["reason"]),
        subject=row["subject"],
        detail=row["detail"],
        owed=row["owed"],
        state=ParkedState(row["state"]),
        times=row["times"],
        first_at=row["first_at"],
        last_at=row["last_at"],
        decided_by=row["decided_by"],
        body=row["body"],
    )
