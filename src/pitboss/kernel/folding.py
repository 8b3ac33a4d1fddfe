"""What a fold of facts is made of: facts as they are read again, and the tables that they fill.

Each room folds its own facts into its own tables, in its `folding`: the same rows that its store
writes, worked out from nothing but facts.  Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import msgspec

from pitboss.kernel.facts import Fact
from pitboss.kernel.shards import Shard

Row = list[Any]


class Told(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fact as it is read again, with what its envelope says of it."""

    shard: Shard
    seq: int
    recorded_at: datetime
    cause: str | None
    fact: Fact


class Table:
    """One table as facts leave it: rows by their key, each in the order of `columns`.

    The shard is in no row, because a fold is about one shard.  `untold` are the columns that facts
    do not tell, each with the reason.  Two rows are one if they have the same `key`.

    Of a table that is not divided, facts of several shards may add to the same row: `sums` are the
    columns in which they do.  A row whose sums are all zero says nothing, and is as good as none.
    """

    def __init__(
        self,
        name: str,
        *,
        key: Sequence[str],
        columns: Sequence[str],
        sharded: bool = True,
        untold: Mapping[str, str] | None = None,
        sums: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.key = tuple(key)
        self.columns = tuple(columns)
        self.sharded = sharded
        self.untold = dict(untold or {})
        self.sums = tuple(self.columns.index(name) for name in sums)
        self.rows: dict[Hashable, Row] = {}
        self.key_of: Callable[[Sequence[Any]], Hashable] = (
            itemgetter(*(self.columns.index(name) for name in self.key)) if key else _no_key
        )

    def add(self, row: Row) -> bool:
        """Put a row in its place; say whether that was free.  The newer row stays."""
        key = self.key_of(row)
        free = key not in self.rows
        self.rows[key] = row
        return free

    def merge(self, rows: Mapping[Hashable, Row]) -> None:
        """Take in what the facts of another shard make of the same table."""
        if not self.sums:
            self.rows.update(rows)
            return
        for key, row in rows.items():
            known = self.rows.get(key)
            if known is None:
                self.rows[key] = [*row]
            else:
                for place in self.sums:
                    known[place] += row[place]

    def is_nothing(self, row: Sequence[Any]) -> bool:
        """Say whether a row is as good as none."""
        return bool(self.sums) and not any(row[place] for place in self.sums)


class Fold:
    """A room's part of the state of one shard.

    `takes` says what to do with which type of fact.  `oddities` are facts that cannot follow from
    those before them: then the facts themselves are wrong, whatever the tables say.
    """

    def __init__(self, *tables: Table) -> None:
        self.tables = tables
        self.takes: dict[type[Fact], Callable[[Any, Told], None]] = {}
        self.oddities: list[str] = []

    def find_row(self, table: Table, key: Hashable, told: Told) -> Row | None:
        """Return a row that an earlier fact must have made; it is an oddity if none has."""
        row = table.rows.get(key)
        if row is None:
            self.odd(told, f"names {table.name} {key}, which no fact before it has made")
        return row

    def add_row(self, table: Table, row: Row, told: Told) -> None:
        """Add a row that no earlier fact may have made; it is an oddity if one has."""
        if not table.add(row):
            self.odd(told, f"makes {table.name} {table.key_of(row)} a second time")

    def odd(self, told: Told, what: str) -> None:
        """Note that a fact cannot be: what it does is said in a verb."""
        self.oddities.append(f"fact {told.seq} of shard {told.shard} {what}")


def _no_key(row: Sequence[Any]) -> Hashable:
    return ()
