"""What is held against each other, what differs, and which tables no fact makes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pitboss.kernel.folding import Row
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import Shard

# The first ones tell what is wrong; a million tell no more.  Some for each table: there are sixty.
DIFFERENCES_KEPT = 200


class Source(StrEnum):
    """What a table that is not made from facts is made from."""

    THE_RECORD = "the record itself"
    BOOKKEEPING = "bookkeeping of our own processes: it changes nothing that happened"
    PROOF = "what somebody proves who they are with, which stands in no fact"
    PERSONAL = "personal data, which can be erased and therefore stands in no fact"


# A test goes through all tables of the database, so that none is forgotten here or in a fold.
UNFOLDED: Mapping[str, Source] = {
    "fact": Source.THE_RECORD,
    "fact_run": Source.THE_RECORD,
    "audit_checkpoint": Source.THE_RECORD,
    "command": Source.BOOKKEEPING,
    "log_head": Source.BOOKKEEPING,
    "log_consumer": Source.BOOKKEEPING,
    "sequencer": Source.BOOKKEEPING,
    "feed_hold": Source.BOOKKEEPING,
    "feed_mark": Source.BOOKKEEPING,
    "feed_producer": Source.BOOKKEEPING,
    "feed_reader": Source.BOOKKEEPING,
    "settlement_cursor": Source.BOOKKEEPING,
    "settlement_walk": Source.BOOKKEEPING,
    "voiding_cursor": Source.BOOKKEEPING,
    "voiding_aside": Source.BOOKKEEPING,
    "schema_step": Source.BOOKKEEPING,
    "shard_revocation": Source.BOOKKEEPING,
    "login_address": Source.BOOKKEEPING,
    "player_factor": Source.PROOF,
    "player_security_key": Source.PROOF,
    "player_challenge": Source.PROOF,
    "player_age": Source.PERSONAL,
    "staff_login": Source.PROOF,
    "case_reader": Source.BOOKKEEPING,
    "case_signal": Source.BOOKKEEPING,
    "player_login": Source.PERSONAL,
    "player_likeness": Source.PERSONAL,
    "personal_subject": Source.PERSONAL,
    "personal_value": Source.PERSONAL,
    "location_last_fix": Source.PERSONAL,
    "location_device": Source.PERSONAL,
}


class Kind(StrEnum):
    """What can be shown as it was."""

    PLAYER = "player"
    ACCOUNT = "account"
    BET = "bet"
    PAYMENT = "payment"
    EVENT = "event"
    MARKET = "market"
    SELECTION = "selection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a live table."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A place where a live table and the facts disagree.

    Without a `column` the whole row is on one side only, and the other side is None.
    """

    table: str
    shard: Shard | None
    key: Mapping[str, Any]
    column: str | None
    live: Any
    rebuilt: Any

    def __str__(self) -> str:
        where = "" if self.shard is None else f" of shard {self.shard}"
        key = " ".join(f"{name} {value}" for name, value in self.key.items()) or "the row"
        if self.column is not None:
            return (
                f"{self.table}{where}: {key}: {self.column} is {self.live!r},"
                f" and by facts {self.rebuilt!r}"
            )
        if self.live is None:
            return f"{self.table}{where}: {key} is missing; by facts it is {self.rebuilt}"
        return f"{self.table}{where}: {key} is there, and no fact made it: {self.live}"


@dataclass(slots=True, kw_only=True)
class Report:
    """What was read, and what was found; `oddities` are facts, or tables, that cannot be."""

    facts: int = 0
    tables: dict[str, int] = field(default_factory=dict)
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many live rows were compared."""
        return sum(self.tables.values())

    @property
    def ok(self) -> bool:
        """Whether every row of every table follows from facts."""
        return not (self.differing or self.oddities)

    def add(self, part: Report) -> None:
        """Add what was found in other shards."""
        self.facts += part.facts
        for name, rows in part.tables.items():
            self.tables[name] = self.tables.get(name, 0) + rows
        self.differing += part.differing
        self.differences += part.differences[: DIFFERENCES_KEPT - len(self.differences)]
        self.oddities += part.oddities

    def differ(self, difference: Difference) -> None:
        """Note a difference; only the first ones are kept."""
        self.differing += 1
        if len(self.differences) < DIFFERENCES_KEPT:
            self.differences.append(difference)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What some shards have shown, and the rows they make of tables that are not divided."""

    report: Report
    undivided: Mapping[str, Mapping[Hashable, Row]]


def readable(value: Any) -> Any:
    """Return a column's value as JSON has it."""
    match value:
        case datetime():
            return write_instant(value)
        case bytes() if value.isascii() and value.decode().isprintable():
            return value.decode()
        case bytes():
            return value.hex()
        case str():
            return str(value)
        case _:
            return value
