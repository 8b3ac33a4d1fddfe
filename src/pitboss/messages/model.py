"""Nouns of the log and of the facts.

Those of which there is one for every command or fact are Structs, because a dataclass takes six
times as long to make; and they are not tracked by the collector, because they can be in no ring.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from pitboss.kernel.facts import Fact
from pitboss.kernel.shards import Partition, Shard

NO_HASH = bytes(32)


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A command to append.

    `key` is what makes appending twice harmless: the same key with the same `request_digest` is
    the same command, whatever `command_id` the second one brings.
    """

    partition: Partition
    command_id: str
    key: str
    request_digest: bytes
    body: bytes


class Appended(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The command is in the log; `command_id` is the one it was first appended under."""

    command_id: str
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReused:
    """The key belongs to another request; nothing was appended."""

    command_id: str


AppendAnswer = Appended | KeyReused


class Command(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A command as the log holds it."""

    partition: Partition
    offset: int
    command_id: str
    body: bytes
    appended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """How far a partition has been processed, by whom, and under which epoch."""

    partition: Partition
    next_offset: int
    owner: str
    epoch: int
    lease_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits in a partition: how many commands, and since when the oldest one."""

    partition: Partition
    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest fact of a shard: its seq and its hash."""

    shard: Shard
    epoch: int
    seq: int
    hash: bytes


class Publication(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fact on its way into the table: where it belongs and what caused it."""

    shard: Shard
    stream: str
    fact: Fact
    cause: str | None


class SealedFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fact as the table holds it."""

    shard: Shard
    seq: int
    stream: str
    version: int
    body: bytes
