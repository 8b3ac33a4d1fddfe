"""Nouns of the log and of the facts.

Those of which there is one for every command or fact are Structs, because a dataclass takes six
times as long to make; and they are not tracked by the collector, because they can be in no ring.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from pitboss.kernel.facts import Fact
from pitboss.kernel.shards import Partition, Shard

NO_HASH = bytes(32)
# Of one kind in one shard when a turn starts, which bounds a process at some ten megabytes a kind.
REMEMBERED_MAX = 2_000

T = TypeVar("T")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where a shard stands at one moment: its seq, how often something was revoked, its streams.

    `versions` has those of the streams that were asked about which anything was told of.
    """

    seq: int
    revoked: int
    versions: Mapping[str, int]


class Memory:
    """What a process remembers of shards; it is true for as long as nobody else writes there.

    Nothing in a shard changes without a fact, and every fact gives its shard's head another hash.
    So what was read under a hash is what is there whenever the head has that hash.  (Rows that are
    changed by hand, without a fact, are believed to be what they were until the shard moves on.)
    """

    def __init__(self) -> None:
        self._shards: dict[Shard, tuple[bytes, dict[type, dict[str, Any]]]] = {}

    def at(self, head: Head, kind: type[T]) -> dict[str, T]:
        """Return the things of this kind that are remembered under this head, by id.

        The caller adds to it what it reads, and takes out what it changes.
        """
        known = self._shards.get(head.shard)
        if known is None or known[0] != head.hash:
            known = self._shards[head.shard] = (head.hash, {})
        things: dict[str, T] = known[1].setdefault(kind, {})
        return things

    def trim(self, shards: Iterable[Shard]) -> None:
        """Forget the kinds of which too many are remembered in these shards.

        Only at the start of a turn: in the middle of one, somebody uses what they have just read.
        """
        for shard in shards:
            _, kinds = self._shards.get(shard, (NO_HASH, {}))
            for kind in [kind for kind, things in kinds.items() if len(things) > REMEMBERED_MAX]:
                del kinds[kind]

    def follow(self, before: Head, after: Head) -> None:
        """Go on remembering under a head that this process itself has moved.

        If that is rolled back, the newer hash never comes to be and nobody is misled.
        """
        known = self._shards.get(before.shard)
        if known is not None and known[0] == before.hash:
            self._shards[before.shard] = (after.hash, known[1])

    def forget(self, shards: Iterable[Shard]) -> None:
        """Remember nothing of these shards, because a turn of them went wrong half-way."""
        for shard in shards:
            self._shards.pop(shard, None)


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
