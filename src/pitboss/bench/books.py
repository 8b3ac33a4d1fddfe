"""What must be true after a run, read from the raw tables: the rooms' own code is not asked."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from pitboss.bench import server
from pitboss.db import Database

FACTS_PAGE = 10_000
_NO_HASH = bytes(32)

_QUERIES = {
    "books_sum_to_zero": (
        "SELECT 1 FROM wallet_account GROUP BY currency HAVING sum(credits - debits) <> 0"
    ),
    "held_is_at_most_posted": (
        "SELECT 1 FROM wallet_account WHERE NOT may_overdraw AND held > credits - debits"
    ),
    "held_is_what_the_holds_still_have": (
        "SELECT 1 FROM wallet_account AS account LEFT JOIN ("
        "   SELECT shard, account_id, sum(micros - posted - voided) AS held"
        "   FROM wallet_hold WHERE refusal IS NULL GROUP BY 1, 2"
        " ) AS holds USING (shard, account_id) WHERE account.held <> coalesce(holds.held, 0)"
    ),
    "balances_are_what_the_transfers_say": (
        "SELECT 1 FROM wallet_account AS account LEFT JOIN ("
        "   SELECT shard, account_id, sum(movement) AS posted, count(*) AS entries"
        "   FROM wallet_entry GROUP BY 1, 2"
        " ) AS moved USING (shard, account_id)"
        " WHERE account.credits - account.debits <> coalesce(moved.posted, 0)"
        "   OR account.entries <> coalesce(moved.entries, 0)"
    ),
    "facts_are_without_gaps": (
        "SELECT 1 FROM shard_head AS head LEFT JOIN ("
        "   SELECT shard, count(*) AS facts, max(seq) AS last FROM fact GROUP BY 1"
        " ) AS told USING (shard)"
        " WHERE head.seq <> coalesce(told.facts, 0) OR head.seq <> coalesce(told.last, 0)"
    ),
    "streams_are_without_gaps": (
        "SELECT 1 FROM stream_head AS head FULL JOIN ("
        "   SELECT shard, stream, count(*) AS facts, max(version) AS last FROM fact GROUP BY 1, 2"
        " ) AS told USING (shard, stream)"
        " WHERE head.version IS DISTINCT FROM told.facts"
        "   OR head.version IS DISTINCT FROM told.last"
    ),
}


class _Data(msgspec.Struct):
    """The part of a fact's data that says what happened."""

    type: str


class _Link(msgspec.Struct):
    """The part of a fact's body that ties it to the one before."""

    prev: str
    seq: int
    shard: int
    data: _Data


_read_link = msgspec.json.Decoder(_Link).decode


@dataclass(slots=True, kw_only=True)
class Findings:
    """What is true of wallet and facts, and how many facts of each type are told."""

    invariants: dict[str, bool] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)


async def check(database: Database) -> Findings:
    """Look whether each thing that must be true is."""
    found = Findings()
    async with server.connected(database.url) as connection:
        for name, query in _QUERIES.items():
            found.invariants[name] = not await connection.fetch(query + " LIMIT 1")
        found.invariants["facts_are_chained"] = await _chained(connection, found.told)
    return found


async def count(database: Database, query: str, *values: object) -> int:
    """Return the one number that this query gives."""
    async with server.connected(database.url) as connection:
        return int(await connection.fetchval(query, *values) or 0)


async def _chained(connection: server.Connection, told: Counter[str]) -> bool:
    """Say whether each fact names the hash of the one before, up to the shard's head."""
    for head in await connection.fetch("SELECT shard, seq, head_hash FROM shard_head"):
        seq, previous = 0, _NO_HASH
        while rows := await connection.fetch(
            "SELECT body FROM fact WHERE shard = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            head["shard"],
            seq,
            FACTS_PAGE,
        ):
            for (body,) in rows:
                link = _read_link(body)
                told[link.data.type] += 1
                seq += 1
                if (link.shard, link.seq, link.prev) != (head["shard"], seq, previous.hex()):
                    return False
                previous = hashlib.sha256(b"\x00" + body).digest()
        if (seq, previous) != (head["seq"], head["head_hash"]):
            return False
    return True
