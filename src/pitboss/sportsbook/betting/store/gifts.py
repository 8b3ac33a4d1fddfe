"""The SQL of gifts: free bets and boosts, in tables of one form."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.shards import Shard
from pitboss.sportsbook.betting.model import Boost, FreeBet

G = TypeVar("G", FreeBet, Boost)

_ENDS = ("currency", "expires_at", "given_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gifts(Generic[G]):
    """One kind of gift: its table, whose key has the same name, and the columns of its terms."""

    table: str
    terms: tuple[str, ...]
    make: Callable[..., G]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a new gift."""
        return ("shard", self.table, "player_id", *self.terms, *_ENDS)

    def write(self, item: G) -> tuple[object, ...]:
        """Return the row of a new gift."""
        said: list[object] = [getattr(item, name) for name in (*self.terms, *_ENDS)]
        return (item.shard, item.id, item.player_id, *said)

    def read(self, row: asyncpg.Record) -> G:
        """Return the gift of a row."""
        said: dict[str, Any] = {name: row[name] for name in self.terms}
        return self.make(
            shard=row["shard"],
            id=str(row[self.table]),
            player_id=PlayerId(str(row["player_id"])),
            currency=row["currency"],
            expires_at=row["expires_at"],
            given_at=row["given_at"],
            bet_ids=tuple([BetId(str(bet_id)) for bet_id in row["bet_ids"]]),
            **said,
        )


FREE_BETS = Gifts(table="free_bet", terms=("stake_micros",), make=FreeBet)
BOOSTS = Gifts(table="boost", terms=("share", "stake_micros_max"), make=Boost)


async def find_gifts(
    tx: Transaction, kind: Gifts[G], places: Collection[tuple[Shard, str]]
) -> dict[str, G]:
    """Return those of these gifts that were given."""
    rows = await tx.fetch(
        f"SELECT gift.* FROM {kind.table} AS gift"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, id)"
        f" ON gift.shard = wanted.shard AND gift.{kind.table} = wanted.id",
        [shard for shard, _ in places],
        [gift for _, gift in places],
    )
    return {item.id: item for item in map(kind.read, rows)}


async def find_gifts_of(
    tx: Transaction,
    kind: Gifts[G],
    shard: Shard,
    player_id: PlayerId,
    *,
    now: datetime,
    limit: int,
) -> list[G]:
    """Return the gifts that a player can use now, those that end first before the others."""
    rows = await tx.fetch(
        f"SELECT * FROM {kind.table} WHERE shard = $1 AND player_id = $2 AND bet_ids = '{{}}'"
        f"   AND expires_at > $3 ORDER BY expires_at, {kind.table} LIMIT $4",
        shard,
        player_id,
        now,
        limit,
    )
    return list(map(kind.read, rows))


async def save_gifts(tx: Transaction, kind: Gifts[G], given: Sequence[G]) -> None:
    """Write new gifts."""
    if given:
        await tx.copy_in(kind.table, kind.columns, list(map(kind.write, given)))


async def save_uses(tx: Transaction, kind: Gifts[G], used: Sequence[G]) -> None:
    """Write which bets stand on each."""
    await tx.execute(
        # A list of lists of different lengths is none that the database has.
        f"UPDATE {kind.table} AS gift SET bet_ids = batch.bet_ids::uuid[]"
        " FROM unnest($1::smallint[], $2::uuid[], $3::text[]) AS batch (shard, id, bet_ids)"
        f" WHERE gift.shard = batch.shard AND gift.{kind.table} = batch.id",
        [item.shard for item in used],
        [item.id for item in used],
        [f"{{{','.join(item.bet_ids)}}}" for item in used],
    )
